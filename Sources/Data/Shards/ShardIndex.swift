import FoundationEssentials

/// What a split's shards hold, so that nobody has to look through them: `SPLIT.index` beside them.
///
/// Text. The first line is `martlet shards 1`, the second a JSON object with `classNames` and
/// `labelNames`; then for each shard a line `shard FILE BYTES SHA256`, followed by a line for each of
/// its samples: `KEY EXTENSION:OFFSET+BYTES …`.
struct ShardIndex: Equatable {
  struct Member: Hashable {
    /// What follows the key and a dot in the file's name: "jpg", "mask.png".
    let kind: String
    let range: Range<Int>
  }

  struct Sample: Hashable {
    let key: String
    var members: [Member]
  }

  struct Shard: Equatable {
    let file: String
    let byteCount: Int
    /// Empty where nobody has computed it.
    let sha256: String
    var samples: [Sample]
  }

  private struct Names: Codable {
    let classNames: [String]
    let labelNames: [String]
  }

  static let suffix = ".index"
  private static let magic = "martlet shards 1"

  var classNames: [String] = []
  var labelNames: [String] = []
  var shards: [Shard] = []

  init(classNames: [String] = [], labelNames: [String] = [], shards: [Shard] = []) {
    (self.classNames, self.labelNames, self.shards) = (classNames, labelNames, shards)
  }

  /// Throws: `DataError` that names the line.
  init(reading file: String, in files: any FileTree) throws {
    let text = try files.text(of: file)
    func wrong(_ line: Int, _ problem: String) -> DataError {
      DataError(
        file: files.path(file), problem: "line \(line) \(problem)",
        advice: "Make the index again: martlet data pack, or remove it to have the shards read")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == Self.magic else {
      throw wrong(1, "is not '\(Self.magic)'")
    }
    guard lines.count > 1,
      let names = try? JSONDecoder().decode(Names.self, from: .init(lines[1].utf8))
    else { throw wrong(2, "is no JSON object with classNames and labelNames") }
    (classNames, labelNames) = (names.classNames, names.labelNames)
    for (index, line) in lines.enumerated().dropFirst(2) where !line.isEmpty {
      let parts = line.split(separator: " ")
      guard let head = parts.first else { throw wrong(index + 1, "is blank") }
      if head == "shard" {
        guard parts.count == 4, let count = Int(parts[2]), count >= 0,
          Files.isInside(String(parts[1]))
        else { throw wrong(index + 1, "is not 'shard FILE BYTES SHA256'") }
        shards.append(
          Shard(file: String(parts[1]), byteCount: count, sha256: String(parts[3]), samples: []))
        continue
      }
      guard let shard = shards.indices.last else {
        throw wrong(index + 1, "names a sample before any shard")
      }
      let members = parts.dropFirst().compactMap {
        Member(text: $0, within: shards[shard].byteCount)
      }
      guard !members.isEmpty, members.count == parts.count - 1 else {
        throw wrong(index + 1, "is not 'KEY EXTENSION:OFFSET+BYTES …' within the shard")
      }
      shards[shard].samples.append(Sample(key: String(head), members: members))
    }
  }

  /// The shards' own contents: for archives that others have made. A sample is what follows in a row
  /// under one name up to its first dot.
  ///
  /// Throws: `DataError` for a damaged archive.
  init(scanning archives: [String], in files: any FileTree) throws {
    for archive in archives {
      var shard = Shard(
        file: archive, byteCount: try files.byteCount(of: archive), sha256: "", samples: [])
      for member in try TarReader.members(of: archive, in: files) {
        guard let (key, kind) = Self.parts(of: member.name) else { continue }
        let part = Member(kind: kind, range: member.range)
        if shard.samples.last?.key == key {
          shard.samples[shard.samples.count - 1].members.append(part)
        } else {
          shard.samples.append(Sample(key: key, members: [part]))
        }
      }
      shards.append(shard)
    }
  }

  /// "a/b.mask.png" → ("a/b", "mask.png"), as WebDataset has it.
  private static func parts(of name: String) -> (key: String, kind: String)? {
    let start = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
    guard let dot = name[start...].firstIndex(of: "."), dot > start else { return nil }
    return (String(name[..<dot]), name[name.index(after: dot)...].lowercased())
  }

  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let names = try? encoder.encode(Names(classNames: classNames, labelNames: labelNames))
    var lines = [Self.magic, names.map { String(decoding: $0, as: UTF8.self) } ?? "{}"]
    for shard in shards {
      lines.append("shard \(shard.file) \(shard.byteCount) \(shard.sha256)")
      for sample in shard.samples {
        let members = sample.members.map { " \($0.kind):\($0.range.lowerBound)+\($0.range.count)" }
        lines.append(sample.key + members.joined())
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension ShardIndex.Member {
  /// "jpg:512+1234"; nil for anything else, and for what leads outside the shard.
  fileprivate init?(text: Substring, within byteCount: Int) {
    guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
      let plus = text[colon...].firstIndex(of: "+"),
      let start = Int(text[text.index(after: colon)..<plus]),
      let count = Int(text[text.index(after: plus)...]),
      start >= 0, count >= 0, start <= byteCount, count <= byteCount - start
    else { return nil }
    self.init(kind: String(text[..<colon]), range: start..<start + count)
  }
}
