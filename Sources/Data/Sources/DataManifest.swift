/// What a split consists of, so that two machines can tell whether they read the same data.
///
/// Sizes stand for contents: hashing gigabytes at every start would cost more than the mistakes it
/// finds. A changed file of equal size escapes.
public struct DataManifest: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    /// Relative to the data set's root.
    public let file: String
    public let byteCount: Int

    public init(file: String, byteCount: Int) {
      self.file = file
      self.byteCount = byteCount
    }
  }

  /// "voc", "camvid", "folders", or "world scenes" with its options.
  public let origin: String
  public let split: String
  public let classNames: [String]
  public let labelNames: [String]
  /// In sample order. Worlds have none: their origin says everything.
  public let entries: [Entry]

  public init(
    origin: String, split: String, classNames: [String], labelNames: [String], entries: [Entry]
  ) {
    self.origin = origin
    self.split = split
    self.classNames = classNames
    self.labelNames = labelNames
    self.entries = entries
  }

  /// 64-bit FNV-1a over every field, lengths included; equal on every machine.
  public var fingerprint: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    func add(_ number: Int) {
      for shift in stride(from: 0, to: 64, by: 8) {
        add(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    func add(_ text: String) {
      add(text.utf8.count)
      for byte in text.utf8 { add(byte) }
    }
    add(origin)
    add(split)
    for names in [classNames, labelNames] {
      add(names.count)
      for name in names { add(name) }
    }
    add(entries.count)
    for entry in entries {
      add(entry.file)
      add(entry.byteCount)
    }
    return hash
  }

  /// The first difference in words, nil when the two are equal: for the message that refuses.
  public func firstDifference(from other: DataManifest) -> String? {
    if origin != other.origin { return "origin \(origin) against \(other.origin)" }
    if split != other.split { return "split \(split) against \(other.split)" }
    if classNames != other.classNames { return "classes \(classNames) against \(other.classNames)" }
    if labelNames != other.labelNames { return "labels \(labelNames) against \(other.labelNames)" }
    for (index, (mine, theirs)) in zip(entries, other.entries).enumerated() where mine != theirs {
      return "file \(index): \(mine.file) (\(mine.byteCount) bytes) against \(theirs.file) "
        + "(\(theirs.byteCount) bytes)"
    }
    guard entries.count == other.entries.count else {
      return "\(entries.count) files against \(other.entries.count)"
    }
    return nil
  }
}
