import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Blocks of memory that come back: after a warm-up step, a steady training step asks the system
/// for nothing.
///
/// Sizes are rounded up to one of eight classes per power of two (at most 12.5 % is wasted); each
/// class keeps its free blocks. One pool serves all replica threads of a process.
public final class MemoryPool: Sendable {
  public static let shared = MemoryPool()

  /// What the pool holds, in bytes.
  public struct Usage: Sendable, Equatable {
    /// Bytes handed out now.
    public var live = 0
    /// The largest `live` since the last `resetPeak()`.
    public var peak = 0
    /// Bytes obtained from the system and not given back.
    public var reserved = 0
    /// How often the system was asked for a block.
    public var systemAllocations = 0
  }

  private struct State {
    var free: [Int: [UInt]] = [:]  // class size → addresses
    var usage = Usage()
  }

  private let state = Mutex(State())

  public var usage: Usage { state.withLock { $0.usage } }

  public func resetPeak() { state.withLock { $0.usage.peak = $0.usage.live } }

  /// Gives all free blocks back to the system.
  public func trim() {
    let blocks = state.withLock { state -> [UInt] in
      var all: [UInt] = []
      for (size, addresses) in state.free {
        state.usage.reserved -= size * addresses.count
        all += addresses
      }
      state.free = [:]
      return all
    }
    for address in blocks { Glibc.free(UnsafeMutableRawPointer(bitPattern: address)) }
  }

  /// A block of at least `bytes` bytes, 64-byte aligned, of undefined content.
  func take(bytes: Int) -> (UnsafeMutableRawPointer, size: Int) {
    let size = Self.classSize(bytes)
    let reused = state.withLock { state -> UInt? in
      state.usage.live += size
      state.usage.peak = max(state.usage.peak, state.usage.live)
      if let address = state.free[size]?.popLast() { return address }
      state.usage.reserved += size
      state.usage.systemAllocations += 1
      return nil
    }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) {
      return (pointer, size)
    }
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, 64, size) == 0, let pointer else {
      fatalError("out of memory: \(size) bytes asked for, \(usage.reserved) bytes held")
    }
    return (pointer, size)
  }

  func give(_ pointer: UnsafeMutableRawPointer, size: Int) {
    state.withLock { state in
      state.usage.live -= size
      state.free[size, default: []].append(UInt(bitPattern: pointer))
    }
  }

  static func classSize(_ bytes: Int) -> Int {
    guard bytes > 512 else { return max(64, (bytes + 63) & ~63) }
    let octave = Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount
    let grain = 1 << (octave - 3)
    return (bytes + grain - 1) & ~(grain - 1)
  }
}
