import CMalloc

/// The C library's heap, which files' bytes, messages and decoded images come from.
enum Heap {
  /// What is freed stays with the process up to this many bytes for each arena.
  private static let keptBytes: Int32 = 128 << 20
  /// Larger pieces are mapped one by one; the most that the C library allows.
  private static let mappedBytes: Int32 = 32 << 20
  /// What an arena that is too small grows by.
  private static let growthBytes: Int32 = 4 << 20

  /// Keeps freed memory for what comes next. Otherwise pieces of a megabyte, as data comes in, go
  /// back to the system as soon as they are freed, and each new one costs the time of its pages.
  static func keepFreedMemory() {
    _ = mallopt(M_MMAP_THRESHOLD, mappedBytes)
    _ = mallopt(M_TRIM_THRESHOLD, keptBytes)
    _ = mallopt(M_TOP_PAD, growthBytes)
  }
}
