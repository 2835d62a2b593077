import Foundation
import Tensors
import Training

/// A trainer's committed state as it goes from worker to worker: progress as JSON, then the arena.
enum TransferredState {
  struct Served: Sendable {
    let header: [UInt8]
    let body: Storage
    let bodyBytes: Int
  }

  /// A view of the arena itself: valid while no step commits.
  static func of(_ trainer: Trainer) -> Served {
    let header = (try? JSONEncoder().encode(trainer.progress)) ?? Foundation.Data()
    return Served(
      header: [UInt8](header), body: trainer.arena.sealedStorage,
      bodyBytes: trainer.arena.bytes.count)
  }

  /// Throws: `TrainingError.checkpoint` if the state is not of this model.
  static func apply(_ state: (header: [UInt8], body: [UInt8]), to trainer: Trainer) throws {
    let arena = trainer.arena.bytes
    guard state.body.count == arena.count else {
      throw TrainingError.checkpoint(
        path: "a member's state",
        problem: "has \(state.body.count) bytes, this worker's model \(arena.count)")
    }
    let progress = try JSONDecoder().decode(
      Training.Progress.self, from: Foundation.Data(state.header))
    state.body.withUnsafeBytes { arena.copyMemory(from: $0) }
    trainer.adopt(progress)
  }
}
