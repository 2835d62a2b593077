import Collectives
import Layers
import Losses
import Tensors
import Training

extension FakeNews {
  /// One step of one replica: ∇ℓ(E), and with adversarial training ∇ℓ(E + r) on top, with dropout drawn
  /// anew.
  package func step(_ batch: Batch, _ context: StepContext) throws {
    let alpha = heating.alpha(at: context.step, of: context.totalSteps)
    let embedded = model.embedded(batch.tokens)
    let logits = try model.logits(batch.tokens, embedded: embedded, context.pass)
    let clean = try loss(logits, batch.labels, alpha, over: context.exchange)
    switch options.fgm {
    case .none:
      try context.minimize(clean, over: parameters)
    case .sample:
      // One run back for the parameters and the words that were looked up.
      let all = try gradients(of: clean.share, over: parameters.map(\.value) + embedded)
      let first = LocalGradients(
        parameters: parameters, values: Array(all.prefix(parameters.count)))
      let shifts = zip(all.dropFirst(parameters.count), batch.tokens).map {
        Perturbation.ofSamples($0, isReal: $1.isReal, epsilon: options.epsilon)
      }
      let shifted = zip(model.embedded(batch.tokens), shifts).map { $0 + $1 }
      try update(
        clean, first, try model.logits(batch.tokens, embedded: shifted, context.pass), batch, alpha,
        context)
    case .table:
      let first = try context.gradients(of: clean, over: parameters)
      let shifted = try shiftedTables(first, context)
      let logits = try withValues(shifted) {
        try model.logits(batch.tokens, embedded: model.embedded(batch.tokens), context.pass)
      }
      try update(clean, first, logits, batch, alpha, context)
    }
    let found = FakeNewsModel.probabilities(logits.map(\.detached)).argMax().elements
    let hits = zip(found, batch.labels.elements).count { $0 == $1 }
    context.report("accuracy", sum: Double(hits), count: Double(batch.labels.count))
    let isFirst = context.exchange.replica == 0
    context.report("alpha", sum: isFirst ? Double(alpha) : 0, count: isFirst ? 1 : 0)
  }

  /// ℓ_α over the global batch, the mean over the judges.
  func loss(
    _ logits: [Tensor], _ labels: IntTensor, _ alpha: Float, over exchange: any Exchange
  ) throws -> GlobalLoss {
    let losses = try logits.map {
      try HeatedSoftmax(alpha: alpha)(logits: $0, labels: labels, over: exchange)
    }
    let sum = losses.dropFirst().reduce(losses[0]) { $0 + $1 }
    return losses.count == 1 ? sum : sum * (1 / Float(losses.count))
  }

  /// The gradient of the loss under attack joins the first, and one update follows.
  private func update(
    _ clean: GlobalLoss, _ first: LocalGradients, _ logits: [Tensor], _ batch: Batch,
    _ alpha: Float, _ context: StepContext
  ) throws {
    let attacked = try loss(logits, batch.labels, alpha, over: context.exchange)
    context.report("loss", clean + attacked, isMinimized: true)
    context.report("clean", clean)
    context.report("attacked", attacked)
    let second = try context.gradients(of: attacked, over: parameters)
    context.update(try context.reduce(first + second))
  }

  /// The tables of words moved by the whole batch's gradient, which takes a sum over all replicas of
  /// its own.
  private func shiftedTables(
    _ first: LocalGradients, _ context: StepContext
  ) throws -> [(Parameter, Tensor)] {
    let tables = model.encoders.map(\.bert.words.weight)
    let own = tables.map { table in
      zip(first.parameters, first.values).first { $0.0 == table }?.1 ?? .zeros(table.shape)
    }
    let reduced = try context.reduce(LocalGradients(parameters: tables, values: own))
    return tables.enumerated().map { index, table in
      let shift = Perturbation.ofTable(reduced.value(at: index), epsilon: options.epsilon)
      return (table, table.value + shift)
    }
  }
}
