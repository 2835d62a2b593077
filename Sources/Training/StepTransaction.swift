import Layers
import Synchronization
import Tensors

/// The changes of one step on one worker, shared by its replica threads: nothing is lasting until
/// `commit`, and until then everything can be taken back.
///
/// A recipe with one `minimize` pays nothing for this: its update is applied at commit. An update
/// whose parameters a later line reads is applied then, and the old values are kept.
package final class StepTransaction: Sendable {
  private struct State {
    /// In the order of the step's lines.
    var updates: [ReducedGradients] = []
    var applied = 0
    /// Old values, newest last: (offset in the arena, floats).
    var undo: [(offset: Int, values: [Float])] = []
    var failure: TrainingError?
  }

  private let optimizer: Optimizer
  private let step: Int
  private let state = Mutex(State())

  package init(_ optimizer: Optimizer, step: Int) {
    self.optimizer = optimizer
    self.step = step
  }

  /// Queues an update; replicas of the worker submit the same ones, the first counts.
  func submit(_ gradients: ReducedGradients, ordinal: Int) {
    state.withLock { state in
      if ordinal == state.updates.count { state.updates.append(gradients) }
    }
  }

  /// Applies the waiting updates of a replica that has asked for `count`, if they touch `parameter`.
  func applyBeforeRead(_ parameter: Parameter, upTo count: Int) {
    state.withLock { state in
      guard state.applied < count,
        state.updates[state.applied..<count].contains(where: {
          $0.buckets.parameters.contains(parameter)
        })
      else { return }
      apply(&state, upTo: count, isEarly: true)
    }
  }

  /// Makes the step lasting.
  ///
  /// - Parameter writes: New values of state entries.
  /// - Throws: `TrainingError.notFinite`, with everything as it was before the step.
  package func commit(_ writes: [Int: Tensor], loss: Double) throws {
    try state.withLock { state throws(TrainingError) in
      if !loss.isFinite { state.failure = .notFinite(step: step, what: "loss", value: loss) }
      apply(&state, upTo: state.updates.count, isEarly: false)
      if let failure = state.failure {
        restore(&state)
        throw failure
      }
      for (index, value) in writes.sorted(by: { $0.key < $1.key }) {
        optimizer.arena.write(value, at: index)
      }
      state.undo = []
    }
  }

  /// Takes back what was applied early.
  package func rollback() { state.withLock { restore(&$0) } }

  private func restore(_ state: inout State) {
    for (offset, values) in state.undo.reversed() {
      _ = optimizer.arena.view(offset: offset, shape: [values.count]).mutableElements
        .update(from: values)
    }
    state.undo = []
  }

  private func apply(_ state: inout State, upTo count: Int, isEarly: Bool) {
    while state.applied < count, state.failure == nil {
      let update = state.updates[state.applied]
      let norm = optimizer.norm(of: update)
      guard norm.isFinite else {
        state.failure = .notFinite(step: step, what: "gradient norm", value: norm)
        return
      }
      // At commit the last update needs no copy: nothing after its check can fail.
      if isEarly || state.applied + 1 < state.updates.count { keep(update, &state) }
      optimizer.apply(update, norm: norm, step: step)
      state.applied += 1
    }
  }

  private func keep(_ update: ReducedGradients, _ state: inout State) {
    for (offset, count) in optimizer.touched(by: update) {
      state.undo.append(
        (offset, Array(optimizer.arena.view(offset: offset, shape: [count]).elements)))
    }
  }
}
