import Collectives
import Layers
import Losses
import Tensors

/// What one replica needs in one step: the pass through the model, the other replicas, keys, and the
/// ways to change parameters.
///
/// `minimize` is `gradients`, `reduce` and `update` in a row; methods that alternate or nest use the
/// three themselves. Updates are part of the step's transaction: seen by later lines of this step,
/// undone if the step does not commit.
public final class StepContext {
  /// The model in training mode.
  public let pass: Forward
  /// Steps committed before this one.
  public let step: Int
  /// Steps of the whole training.
  public let totalSteps: Int
  public let stage: Int
  public let epoch: Int

  public var exchange: any Exchange { pass.exchange }

  private let transaction: StepTransaction
  private let yield: () -> Void
  private var updates = 0
  /// Sums and counts that `report` adds up, in order of first mention.
  package private(set) var reported: [Report] = []

  package struct Report {
    package let name: String
    package var sum: Double
    package var count: Double
    /// Whether it was minimised: then it must be finite.
    package var isLoss = false
  }

  package init(
    pass: Forward, step: Int, totalSteps: Int, stage: Int, epoch: Int,
    transaction: StepTransaction, yield: @escaping () -> Void
  ) {
    self.pass = pass
    self.step = step
    self.totalSteps = totalSteps
    self.stage = stage
    self.epoch = epoch
    self.transaction = transaction
    self.yield = yield
  }

  /// The random key of a purpose in this step, the same on all replicas; derive by slot for draws
  /// that belong to a sample.
  public func key(_ purpose: String) -> RandomKey { pass.key.derived(purpose) }

  /// Adds to a number shown with the step: its value is Σ sum / Σ count over all replicas.
  ///
  /// Every replica reports the same names in the same order.
  public func report(_ name: String, sum: Double, count: Double) {
    if let index = reported.firstIndex(where: { $0.name == name }) {
      reported[index].sum += sum
      reported[index].count += count
    } else {
      reported.append(Report(name: name, sum: sum, count: count))
    }
  }

  /// Adds a loss's share to a number shown with the step.
  ///
  /// `isMinimized`: For the loss of a method that takes `gradients`, `reduce` and `update` itself:
  /// it is shown first, and a step whose loss is not finite is not committed.
  public func report(_ name: String, _ loss: GlobalLoss, isMinimized: Bool = false) {
    let one = exchange.replica == 0 ? 1.0 : 0
    report(name, sum: Double(loss.share.scalar), count: one)
    guard isMinimized else { return }
    for index in reported.indices where reported[index].name == name {
      reported[index].isLoss = true
    }
  }

  /// The value that this replica's next line sees; nil for the arena's.
  func updatedValue(_ parameter: Parameter) -> Tensor? {
    updates > 0 ? transaction.value(of: parameter, after: updates) : nil
  }

  /// One update of `parameters` down the gradient of `loss`: reduced over replicas while the
  /// backward pass goes on, clipped, scheduled, applied when the step commits, or
  /// earlier for a parameter that a later line reads.
  ///
  /// Parameters that the loss did not reach get exact zeros and are updated too.
  public func minimize(
    _ loss: GlobalLoss, over parameters: [Parameter], as name: String = "loss"
  ) throws {
    report(name, loss, isMinimized: true)
    let reduced = try reduceWhileComputing(loss, ParameterBuckets(parameters))
    update(reduced)
  }

  /// This replica's share of the gradient; shares add up over replicas.
  public func gradients(
    of loss: GlobalLoss, over parameters: [Parameter], differentiable: Bool = false,
    retain: Bool = false
  ) throws -> LocalGradients {
    let values = try Tensors.gradients(
      of: loss.share, over: leaves(parameters), differentiable: differentiable, retain: retain)
    return LocalGradients(parameters: parameters, values: values)
  }

  /// The gradient summed over all replicas.
  public func reduce(_ gradients: LocalGradients) throws -> ReducedGradients {
    let buckets = ParameterBuckets(gradients.parameters)
    let collector = Collector(buckets, exchange: exchange, yield: yield)
    for index in gradients.parameters.indices.reversed() {
      try collector.add(index, gradients.values[index])
    }
    return try collector.finish()
  }

  /// Asks for one update with the job's optimiser.
  public func update(_ gradients: ReducedGradients) {
    transaction.submit(gradients, ordinal: updates)
    updates += 1
  }

  private func reduceWhileComputing(
    _ loss: GlobalLoss, _ buckets: ParameterBuckets
  ) throws -> ReducedGradients {
    let collector = Collector(buckets, exchange: exchange, yield: yield)
    _ = try Tensors.gradients(of: loss.share, over: leaves(buckets.parameters)) { index, value in
      try collector.add(index, value)
    }
    return try collector.finish()
  }

  /// The tape's leaf of each parameter; one that was not read is not on the tape.
  private func leaves(_ parameters: [Parameter]) -> [Tensor] {
    parameters.map { Tape.current?.leaves[$0.index] ?? $0.arena.value(at: $0.index) }
  }
}

/// One replica's gradients, parameter by parameter.
public struct LocalGradients {
  public let parameters: [Parameter]
  public var values: [Tensor]

  package init(parameters: [Parameter], values: [Tensor]) {
    self.parameters = parameters
    self.values = values
  }

  /// Adds another loss's gradients over the same parameters.
  public static func + (a: LocalGradients, b: LocalGradients) -> LocalGradients {
    precondition(a.parameters == b.parameters, "LocalGradients: of different parameters")
    return LocalGradients(
      parameters: a.parameters, values: zip(a.values, b.values).map { $0 + $1 })
  }
}

/// Gradients summed over all replicas, the same on all of them, in buckets.
public struct ReducedGradients: Sendable {
  package let buckets: ParameterBuckets
  package let sums: [Tensor]

  /// The gradient of one of the parameters.
  public func value(at index: Int) -> Tensor {
    let (bucket, slice) = buckets.place[index]
    let parameter = buckets.parameters[index]
    let sum = sums[bucket]
    return Tensor(
      shape: parameter.shape, strides: Tensor.rowMajor(parameter.shape),
      offset: sum.offset + buckets.buckets[bucket].slices[slice].offset, storage: sum.storage)
  }
}

/// Fills buckets as gradients become final and starts their sums in bucket order.
private final class Collector {
  private let buckets: ParameterBuckets
  private let exchange: any Exchange
  private let yield: () -> Void
  private var filled: [Tensor?]
  private var missing: [Int]
  private var pending: [any PendingSum] = []

  init(_ buckets: ParameterBuckets, exchange: any Exchange, yield: @escaping () -> Void) {
    self.buckets = buckets
    self.exchange = exchange
    self.yield = yield
    filled = Array(repeating: nil, count: buckets.buckets.count)
    missing = buckets.buckets.map(\.slices.count)
  }

  func add(_ index: Int, _ gradient: Tensor) throws {
    let (bucket, slice) = buckets.place[index]
    let values = filled[bucket] ?? .zeros([buckets.buckets[bucket].floats])
    filled[bucket] = values
    let offset = buckets.buckets[bucket].slices[slice].offset
    gradient.withUnsafeElements { source in
      guard let base = source.baseAddress else { return }
      (values.pointer + offset).update(from: base, count: source.count)
    }
    missing[bucket] -= 1
    while pending.count < missing.count, missing[pending.count] == 0,
      let ready = filled[pending.count].take()
    {
      pending.append(try exchange.startSum(ready))
      yield()
    }
  }

  func finish() throws -> ReducedGradients {
    ReducedGradients(buckets: buckets, sums: try pending.map { try $0.wait() })
  }
}
