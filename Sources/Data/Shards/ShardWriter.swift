import FoundationEssentials

/// Writes a split as tar shards in WebDataset's convention, with their index.
///
/// Members of a sample: `KEY.jpg` or `KEY.png` (the file itself where the source has one),
/// `KEY.mask.png` (class indices, 255 for unknown), `KEY.cls` (the label's number), `KEY.json` (`id`,
/// `captions`, `text`). The same source gives the same bytes.
public struct ShardWriter {
  public let folder: String
  /// A shard is closed once it has so many bytes.
  public let shardBytes: Int

  /// Precondition: `shardBytes` is positive.
  public init(folder: String, shardBytes: Int = 256 << 20) {
    precondition(shardBytes > 0, "ShardWriter: \(shardBytes) bytes a shard")
    self.folder = folder
    self.shardBytes = shardBytes
  }

  /// What a sample's JSON member holds.
  struct Description: Codable {
    let id: String
    let captions: [String]?
    let text: String?
  }

  /// Shards get their names only when they are whole; the index comes last, so that a folder that was
  /// left half-done has none.
  ///
  /// `progress`: Told how many samples are done, after each.
  ///
  /// Throws: `DataError` for samples that cannot be read, hold what shards cannot, or a disk that is
  /// full; whatever `progress` throws. What was written of the split is then gone.
  public func write(
    _ source: any SampleSource, progress: (_ done: Int) throws -> Void = { _ in }
  ) throws {
    try Files.makeFolder(folder)
    var index = ShardIndex(classNames: source.classNames, labelNames: source.labelNames)
    var open: (tar: TarWriter, file: String, samples: [ShardIndex.Sample])?
    func finish() throws {
      guard let (tar, file, samples) = open else { return }
      let sha256 = try tar.finish()
      try Files.rename(tar.path, to: "\(folder)/\(file)")
      index.shards.append(
        ShardIndex.Shard(file: file, byteCount: tar.count, sha256: sha256, samples: samples))
      open = nil
    }
    do {
      for number in 0..<source.count {
        if open == nil {
          let file = "\(source.split)-\(Self.padded(index.shards.count, 6)).tar"
          open = (try TarWriter(path: "\(folder)/.\(file).part"), file, [])
        }
        let key = Self.padded(number, 9)
        var members: [ShardIndex.Member] = []
        for (kind, bytes) in try Self.members(of: source, number) {
          guard let range = try open?.tar.add("\(key).\(kind)", bytes) else { continue }
          members.append(ShardIndex.Member(kind: kind, range: range))
        }
        open?.samples.append(ShardIndex.Sample(key: key, members: members))
        if let tar = open?.tar, tar.count >= shardBytes { try finish() }
        try progress(number + 1)
      }
      try finish()
      let path = "\(folder)/\(source.split)\(ShardIndex.suffix)"
      try Files.write(Array(index.text.utf8), to: path + ".part")
      try Files.rename(path + ".part", to: path)
    } catch {
      if let tar = open?.tar { Files.remove(tar.path) }
      for shard in index.shards { Files.remove("\(folder)/\(shard.file)") }
      throw error
    }
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private static func members(
    of source: any SampleSource, _ index: Int
  ) throws -> [(kind: String, bytes: [UInt8])] {
    let read = try source.sample(at: index)
    // Decoded as a check: what goes into a shard can be read.
    let sample = try read.decoded()
    let others: [(Bool, String)] = [
      (!sample.annotations.isEmpty, "objects"), (sample.volume != nil, "a volume"),
      (sample.features != nil, "features"),
    ]
    if let (_, kind) = others.first(where: { $0.0 }) {
      throw DataError(
        file: source.name(at: index), problem: "has \(kind), which shards do not hold",
        advice: "Train on the folder itself, or have the coordinator serve it")
    }
    var members: [(String, [UInt8])] = []
    if let image = sample.image {
      // A file goes in as it is: nothing is lost, and a JPEG stays small.
      members.append(try read.image?.file ?? ("png", image.pixels().pngBytes()))
    }
    if let mask = sample.mask { members.append(("mask.png", mask.pngBytes())) }
    if let label = sample.label { members.append(("cls", Array(String(label).utf8))) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let description = Description(
      id: sample.id, captions: sample.captions.isEmpty ? nil : sample.captions, text: sample.text)
    members.append(("json", [UInt8](try encoder.encode(description))))
    return members
  }
}
