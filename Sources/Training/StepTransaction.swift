import Layers
import Synchronization
import Tensors

/// The changes of one step on one worker, shared by its replica threads: the arena is not touched
/// before `commit`, and nothing that `commit` does after its checks can fail.
///
/// A recipe with one `minimize` pays nothing for this: its update is applied at commit. A parameter
/// that a later line reads is updated then, in memory of its own, so that a replica which has not
/// come to that line yet still sees the value of its own line. A step that fails is dropped.
package final class StepTransaction: Sendable {
  private struct Update {
    let gradients: ReducedGradients
    /// Position among the update's parameters by entry index.
    let positions: [Int: Int]
    /// Of the whole gradient; computed once it is needed.
    var norm: Double?
    /// Parameters that were read since, by entry index.
    var drafts: [Int: Optimizer.Draft] = [:]
  }

  private let optimizer: Optimizer
  private let step: Int
  /// In the order of the step's lines.
  private let updates = Mutex<[Update]>([])

  package init(_ optimizer: Optimizer, step: Int) {
    self.optimizer = optimizer
    self.step = step
  }

  /// Queues an update; replicas of the worker submit the same ones, the first counts.
  func submit(_ gradients: ReducedGradients, ordinal: Int) {
    updates.withLock { updates in
      guard ordinal == updates.count else { return }
      let places = gradients.buckets.parameters.enumerated().map { ($1.index, $0) }
      updates.append(
        Update(gradients: gradients, positions: Dictionary(uniqueKeysWithValues: places)))
    }
  }

  /// The parameter after the first `count` updates; nil if they leave it alone.
  func value(of parameter: Parameter, after count: Int) -> Tensor? {
    updates.withLock { updates in
      var latest: Optimizer.Draft?
      for ordinal in 0..<count {
        guard let position = updates[ordinal].positions[parameter.index] else { continue }
        if updates[ordinal].drafts[parameter.index] == nil {
          let norm = norm(ordinal, &updates)
          // Commit will refuse the step; the lines until then see the last finite value.
          guard norm.isFinite else { break }
          updates[ordinal].drafts[parameter.index] = optimizer.draft(
            updates[ordinal].gradients, at: position, norm: norm, step: step, after: latest)
        }
        latest = updates[ordinal].drafts[parameter.index]
      }
      return latest?.tensors[0]
    }
  }

  /// Makes the step lasting.
  ///
  /// - Parameters:
  ///   - writes: New values of state entries.
  ///   - losses: What the step minimised, summed over replicas.
  /// - Throws: `TrainingError.notFinite`, with everything as it was before the step.
  package func commit(_ writes: [Int: Tensor], losses: [NamedValue]) throws(TrainingError) {
    try updates.withLock { updates throws(TrainingError) in
      for loss in losses where !loss.value.isFinite {
        throw .notFinite(step: step, what: loss.name, value: loss.value)
      }
      for ordinal in updates.indices {
        let norm = norm(ordinal, &updates)
        if !norm.isFinite { throw .notFinite(step: step, what: "gradient norm", value: norm) }
      }
      for ordinal in updates.indices { apply(ordinal, &updates) }
      for (index, value) in writes.sorted(by: { $0.key < $1.key }) {
        optimizer.arena.write(value, at: index)
      }
      updates = []
    }
  }

  private func apply(_ ordinal: Int, _ updates: inout [Update]) {
    let update = updates[ordinal]
    for (position, parameter) in update.gradients.buckets.parameters.enumerated() {
      if let draft = update.drafts[parameter.index] {
        optimizer.write(draft, to: parameter)
      } else {
        optimizer.apply(
          update.gradients, at: position, norm: norm(ordinal, &updates), step: step)
      }
    }
  }

  private func norm(_ ordinal: Int, _ updates: inout [Update]) -> Double {
    let norm = updates[ordinal].norm ?? optimizer.norm(of: updates[ordinal].gradients)
    updates[ordinal].norm = norm
    return norm
  }
}
