import Glibc

/// The files of a data set's folder: what it is to those who read it from elsewhere, and what two
/// machines compare to tell whether they see the same.
///
/// Hidden files are left out, links are followed. As text: a first line, then a line a file,
/// `SIZE MODIFIED HASH NAME`.
public struct FileListing: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    /// Relative to the folder, with "/" between its parts.
    public let name: String
    public let byteCount: Int
    /// Nanoseconds since 1970: whoever serves the file sees by it that it changed.
    public let modified: Int64
    /// XXH3 of a list or table (`listEndings`), where class names, splits and captions stand;
    /// 0 for other files, whose sizes must do: hashing all would read the data set once.
    public let hash: UInt64

    public init(name: String, byteCount: Int, modified: Int64, hash: UInt64 = 0) {
      self.name = name
      self.byteCount = byteCount
      self.modified = modified
      self.hash = hash
    }
  }

  /// In the byte order of their names.
  public let entries: [Entry]

  /// More would not fit into memory beside a model: `martlet data pack` makes few files of many.
  static let countMax = 4 << 20
  static let nameBytesMax = 1_024
  static let depthMax = 64
  static let listEndings = [".txt", ".csv", ".json", ".jsonl", ".yaml", ".tsv"]
  /// Larger lists are compared by size.
  static let hashedBytesMax = 8 << 20
  private static let head = "martlet data files 1"

  public init(entries: [Entry]) { self.entries = entries }

  /// Walks through a folder.
  ///
  /// `isWanted`: Asked between files; false ends it with an error.
  ///
  /// Throws: `DataError` for what is no folder, cannot be listed, or is too much.
  public init(of folder: String, while isWanted: () -> Bool = { true }) throws {
    var entries: [Entry] = []
    try Self.walk(folder, while: isWanted) { entry in
      entries.append(entry)
      try Self.check(count: entries.count, in: folder)
      return true
    }
    self.entries = entries
  }

  /// Visits a folder's files in the byte order of their names, until `visit` says false.
  private static func walk(
    _ folder: String, while isWanted: () -> Bool, _ visit: (Entry) throws -> Bool
  ) throws {
    let root = try LocalFiles(folder)
    /// Returns: whether to go on.
    func walk(below: String, _ depth: Int) throws -> Bool {
      guard depth <= depthMax else {
        throw DataError(
          file: root.path(below), problem: "is \(depth) folders deep, more than \(depthMax)",
          advice: "Remove links that lead back to a folder above")
      }
      // A folder stands where the names of its files would: with a slash at its end.
      var found: [Entry] = []
      for part in try root.names(in: below) {
        let name = below.isEmpty ? part : "\(below)/\(part)"
        try check(name, in: folder)
        var status = stat()
        guard isWanted(), stat(root.path(name), &status) == 0 else {
          throw DataError(
            file: root.path(name), problem: "cannot be looked at",
            advice: "Restore it, or remove the link that leads to it")
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFDIR else { continue }
        found.append(
          Entry(
            name: kind == S_IFDIR ? name + "/" : name, byteCount: Int(status.st_size),
            modified: modificationTime(status)))
        try check(count: found.count, in: folder)
      }
      found.sort(by: precedes)
      for entry in found {
        let goesOn =
          entry.name.hasSuffix("/")
          ? try walk(below: String(entry.name.dropLast()), depth + 1)
          : try visit(hashed(entry, root))
        guard goesOn else { return false }
      }
      return true
    }
    _ = try walk(below: "", 0)
  }

  private static func hashed(_ entry: Entry, _ root: LocalFiles) throws -> Entry {
    let size = entry.byteCount
    guard size <= hashedBytesMax, listEndings.contains(where: { entry.name.hasSuffix($0) })
    else { return entry }
    return Entry(
      name: entry.name, byteCount: size, modified: entry.modified,
      hash: contentHash(try root.bytes(of: entry.name, in: 0..<size)))
  }

  private static func check(_ name: String, in folder: String) throws {
    guard name.utf8.count <= nameBytesMax, name.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
      throw DataError(
        file: folder,
        problem: "has the file \(name.debugDescription), whose name is longer than "
          + "\(nameBytesMax) bytes or has control letters", advice: "Rename it")
    }
  }

  private static func check(count: Int, in folder: String) throws {
    guard count <= countMax else {
      throw DataError(
        file: folder, problem: "has more than \(countMax) files",
        advice: "Make few of many with martlet data pack")
    }
  }

  // MARK: As bytes

  public var bytes: [UInt8] {
    var bytes = Array("\(Self.head)\n".utf8)
    for entry in entries {
      bytes +=
        "\(entry.byteCount) \(entry.modified) \(String(entry.hash, radix: 16)) \(entry.name)\n"
        .utf8
    }
    return bytes
  }

  /// `path`: Names the bytes in messages.
  ///
  /// Throws: `DataError` naming the line that is none.
  public init(bytes: [UInt8], path: String) throws {
    var entries: [Entry] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard let first = lines.first, first.elementsEqual(Self.head.utf8), lines.last?.isEmpty == true
    else {
      throw DataError(
        file: path, problem: "is no list of a data set's files, or is cut off",
        advice: "Remove it: it is made again")
    }
    for (number, line) in lines.dropFirst().dropLast().enumerated() {
      guard let entry = Self.entry(line), entries.last.map({ Self.precedes($0, entry) }) ?? true
      else {
        throw DataError(
          file: path, problem: "line \(number + 2) is no SIZE MODIFIED HASH NAME, or out of order",
          advice: "Remove it: it is made again")
      }
      entries.append(entry)
      try Self.check(count: entries.count, in: path)
    }
    self.entries = entries
  }

  private static func precedes(_ a: Entry, _ b: Entry) -> Bool {
    a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
  }

  private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
    let parts = line.split(
      separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, let name = String(validating: parts[3], as: UTF8.self),
      name.utf8.count <= nameBytesMax, name.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }),
      name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({ part in
        !part.isEmpty && part != "." && part != ".."
      }),
      let size = Int(String(decoding: parts[0], as: UTF8.self)), (0...1 << 40).contains(size),
      let modified = Int64(String(decoding: parts[1], as: UTF8.self)),
      let hash = UInt64(String(decoding: parts[2], as: UTF8.self), radix: 16)
    else { return nil }
    return Entry(name: name, byteCount: size, modified: modified, hash: hash)
  }

  /// What a folder of this machine has that is not as listed, in words; nil if all names, sizes and
  /// lists agree. Ends at the first difference and keeps no list of all.
  ///
  /// Throws: as `init(of:while:)`.
  public func firstDifference(
    in folder: String, while isWanted: () -> Bool = { true }
  ) throws -> String? {
    var rest = entries[...]
    var difference: String?
    try Self.walk(folder, while: isWanted) { here in
      difference = Self.difference(here, from: rest.popFirst())
      return difference == nil
    }
    return difference ?? rest.first.map { "\($0.name) is missing here" }
  }

  /// Copies are of other times.
  private static func difference(_ here: Entry, from there: Entry?) -> String? {
    guard let there, there.name == here.name || precedes(there, here) else {
      return "\(here.name) is here alone"
    }
    if here.name != there.name { return "\(there.name) is missing here" }
    if here.byteCount != there.byteCount {
      return "\(here.name) has \(here.byteCount) bytes here and \(there.byteCount) there"
    }
    return here.hash == there.hash ? nil : "\(here.name) has other content"
  }
}

extension FileListing.Entry {
  /// Reads bytes of the file to a place of the range's length, if it still is as it was listed.
  ///
  /// Throws: `DataError` naming the file that has changed or cannot be read.
  package func read(
    below root: String, in range: Range<Int>, into place: UnsafeMutableRawBufferPointer
  ) throws {
    let path = "\(root)/\(name)"
    try Files.read(
      path, in: range, into: place,
      once: { status in
        guard Int(status.st_size) == byteCount, modificationTime(status) == modified else {
          throw DataError(
            file: path,
            problem: Int(status.st_size) == byteCount
              ? "was written to after the job began"
              : "has \(status.st_size) bytes, \(byteCount) when the job began",
            advice: "Restore the file, or submit the job anew")
        }
      })
  }
}

/// Nanoseconds since 1970.
func modificationTime(_ status: stat) -> Int64 {
  Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
}
