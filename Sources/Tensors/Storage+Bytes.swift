import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Storage {
  /// Copies `range` (bytes) of `source` to byte `position` of this storage, for whoever fills it.
  package func copyBytes(from source: Storage, _ range: Range<Int>, to position: Int) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= source.byteCount && position >= 0
        && position + range.count <= byteCount,
      "copyBytes: \(range) of \(source.byteCount) bytes to \(position) of \(byteCount)")
    guard !range.isEmpty else { return }
    memcpy(pointer + position, source.pointer + range.lowerBound, range.count)
  }
}

extension Tensor {
  /// The bytes of a contiguous tensor within its storage.
  package var byteRange: Range<Int> { offset * 4..<(offset + count) * 4 }

  /// Rows `range` along the first axis of a contiguous tensor: a view that is not recorded.
  package func unrecordedRows(_ range: Range<Int>) -> Tensor {
    precondition(
      rank >= 1 && range.lowerBound >= 0 && range.upperBound <= shape[0],
      "rows \(range) of shape \(shape)")
    let width = shape.dropFirst().reduce(1, *)
    return Tensor(
      shape: [range.count] + shape.dropFirst(), strides: strides,
      offset: offset + range.lowerBound * width, storage: storage)
  }

  /// A contiguous tensor over bytes that lie in `storage` from `byteOffset` on, a multiple of four.
  package init(viewing storage: Storage, byteOffset: Int, shape: [Int]) {
    precondition(
      byteOffset % 4 == 0 && byteOffset + shape.reduce(1, *) * 4 <= storage.byteCount,
      "view of \(shape) at byte \(byteOffset) of \(storage.byteCount)")
    self.init(
      shape: shape, strides: Self.rowMajor(shape), offset: byteOffset / 4, storage: storage)
  }
}

/// Makes this thread treat denormal numbers as zero, as all compute threads must alike.
package func flushDenormals() { mk_flush_denormals() }

/// Runs `body` with denormals flushed to zero on this thread, and as it was before afterwards.
///
/// Threads that `body` makes inherit the mode. For arithmetic that may run on a thread which is not
/// a compute thread: its bits must be those of one that is.
package func withDenormalsFlushed<R>(_ body: () throws -> R) rethrows -> R {
  let mode = mk_floating_mode()
  mk_flush_denormals()
  defer { mk_floating_mode_set(mode) }
  return try body()
}
