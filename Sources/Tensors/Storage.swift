/// Where a storage's bytes are and which `Backend` works on them.
public enum Device: Hashable, Sendable {
  case cpu
}

/// A block of memory that tensors view; it returns to its pool when the last view is gone.
///
/// Written once, by the operation that makes it, before any other thread sees it; read-only after
/// that. The exception is memory owned by somebody else (an arena), whose owner orders the writes.
public final class Storage: @unchecked Sendable {
  public let device: Device
  public let byteCount: Int
  package let pointer: UnsafeMutableRawPointer
  private let release: Release

  private enum Release {
    case pool(size: Int)
    case owner(AnyObject)
  }

  /// Whether the memory is this storage's alone, not viewed on behalf of an owner.
  var isPooled: Bool { if case .pool = release { true } else { false } }

  /// Fresh memory of undefined content from the shared pool.
  package init(byteCount: Int, device: Device = .cpu) {
    let (pointer, size) = MemoryPool.shared.take(bytes: byteCount)
    self.pointer = pointer
    self.byteCount = byteCount
    self.device = device
    release = .pool(size: size)
  }

  /// A view of memory that `owner` keeps alive.
  package init(
    viewing pointer: UnsafeMutableRawPointer, byteCount: Int, of owner: AnyObject,
    device: Device = .cpu
  ) {
    self.pointer = pointer
    self.byteCount = byteCount
    self.device = device
    release = .owner(owner)
  }

  deinit {
    if case .pool(let size) = release { MemoryPool.shared.give(pointer, size: size) }
  }
}
