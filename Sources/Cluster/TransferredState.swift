import Foundation
import Tensors
import Training

/// A trainer's committed state as it goes from worker to worker: the length of the progress as
/// JSON (8 bytes, little-endian), the progress, the arena.
package enum TransferredState {
  /// A copy: the trainer may go on.
  static func of(_ trainer: Trainer) throws -> Storage {
    let header = try JSONEncoder().encode(trainer.progress)
    let arena = trainer.arena.bytes
    let storage = Storage(byteCount: 8 + header.count + arena.count)
    let bytes = UnsafeMutableRawBufferPointer(start: storage.pointer, count: storage.byteCount)
    bytes.storeBytes(of: UInt64(header.count).littleEndian, as: UInt64.self)
    header.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(rebasing: bytes[8...]).copyMemory(from: $0)
    }
    UnsafeMutableRawBufferPointer(rebasing: bytes[(8 + header.count)...])
      .copyMemory(from: UnsafeRawBufferPointer(arena))
    return storage
  }

  /// Throws: `TrainingError.checkpoint` if the state is not of this model.
  static func apply(_ state: Storage, to trainer: Trainer) throws {
    let bytes = UnsafeRawBufferPointer(start: state.pointer, count: state.byteCount)
    let (progress, start) = try header(of: bytes)
    try trainer.enter(stage: progress.stage)
    let arena = trainer.arena.bytes
    guard bytes.count - start == arena.count else {
      throw refusal("has \(bytes.count) bytes, this worker's model \(arena.count)")
    }
    arena.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start...]))
    try trainer.adopt(progress, from: "a member's state")
  }

  /// The progress, and the byte at which the arena begins.
  ///
  /// Throws: `TrainingError.checkpoint` if the bytes are no state.
  package static func header(
    of bytes: UnsafeRawBufferPointer
  ) throws -> (progress: Training.Progress, start: Int) {
    let length =
      bytes.count < 8
      ? 0 : Int(clamping: UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)))
    guard bytes.count >= 8, length <= 1 << 20, bytes.count - 8 >= length else {
      throw refusal("has \(bytes.count) bytes, too few for its header")
    }
    do {
      let progress = try JSONDecoder().decode(
        Training.Progress.self, from: Foundation.Data(bytes[8..<8 + length]))
      return (progress, 8 + length)
    } catch { throw refusal("has a header that cannot be read: \(error)") }
  }

  private static func refusal(_ problem: String) -> TrainingError {
    .checkpoint(path: "a member's state", problem: problem)
  }
}
