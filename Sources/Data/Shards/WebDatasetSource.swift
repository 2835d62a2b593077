import FoundationEssentials
import Tensors

/// Tar shards in WebDataset's convention: `SPLIT-000000.tar`, `SPLIT-000001.tar` …, in them samples
/// as files `KEY.EXTENSION` in a row.
///
/// Read are `jpg`, `jpeg`, `png` (the image), `mask.png` or `seg.png` (class indices), `cls` (a
/// label's number), `txt` (a caption) and `json` (`id`, `captions`, `text`); other members are passed over.
/// With the index that `martlet data pack` writes, opening reads no shard; names of classes and
/// labels come from it, or from `classes.txt` and `labels.txt` beside the shards.
public struct WebDatasetSource: FileSource {
  public static let format = "webdataset"
  public static let summary =
    "tar shards SPLIT-000000.tar with samples KEY.jpg, KEY.cls, KEY.json, as WebDataset has them"

  public let files: any FileTree
  public let split: String
  public let splits: [String]
  public let classNames: [String]
  public let labelNames: [String]
  public let listFiles: [String]
  public let count: Int
  private let shards: [ShardIndex.Shard]
  /// The number of the first sample of each shard.
  private let firsts: [Int]

  public static func recognises(_ files: any FileTree) -> Recognition {
    let names = (try? files.names(in: "")) ?? []
    let hasIndex = names.contains { $0.hasSuffix(ShardIndex.suffix) && files.isFile($0) }
    let hasShards = names.contains { $0.hasSuffix(".tar") }
    return hasShards ? hasIndex ? .certain : .possible : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    Set(try files.names(in: "").compactMap(Self.split(of:))).sorted()
  }

  /// Throws: `DataError` for a missing split, a damaged archive or index.
  public init(_ opening: Opening) throws {
    let (files, split) = (opening.files, opening.split)
    self.files = files
    self.split = split
    splits = try Self.splits(for: opening)
    let names = try files.names(in: "")
    let archives = names.filter { Self.split(of: $0) == split && $0.hasSuffix(".tar") }
    let indexFile = "\(split)\(ShardIndex.suffix)"
    let index =
      names.contains(indexFile)
      ? try ShardIndex(reading: indexFile, in: files)
      : try ShardIndex(scanning: archives, in: files)
    for shard in index.shards {
      let found = try files.byteCount(of: shard.file)
      guard found == shard.byteCount else {
        throw DataError(
          file: files.path(shard.file),
          problem: "has \(found) bytes, \(indexFile) says \(shard.byteCount)",
          advice: "Restore the shard, or make the index again with martlet data pack")
      }
    }
    let texts = ["classes.txt", "labels.txt"].filter { names.contains($0) }
    func lines(_ file: String, or known: [String]) throws -> [String] {
      known.isEmpty && texts.contains(file) ? try files.lines(of: file) : known
    }
    classNames = try lines("classes.txt", or: index.classNames)
    labelNames = try lines("labels.txt", or: index.labelNames)
    listFiles = texts + (names.contains(indexFile) ? [indexFile] : [])
    shards = index.shards.filter { !$0.samples.isEmpty }
    var (firsts, count) = ([Int](), 0)
    for shard in shards {
      firsts.append(count)
      count += shard.samples.count
    }
    (self.firsts, self.count) = (firsts, count)
    guard count > 0 else {
      throw DataError(
        file: files.root, problem: "has no samples in the shards of \(split)",
        advice: "Pack a data set with martlet data pack")
    }
  }

  /// "train-000017.tar" and "train.index" → "train".
  private static func split(of name: String) -> String? {
    if name.hasSuffix(ShardIndex.suffix) { return String(name.dropLast(ShardIndex.suffix.count)) }
    guard name.hasSuffix(".tar") else { return nil }
    let stem = name.dropLast(4)
    let digits = stem.reversed().prefix { $0.isASCII && $0.isNumber }.count
    let rest = stem.dropLast(digits)
    return digits > 0 && rest.last == "-" && rest.count > 1 ? String(rest.dropLast()) : String(stem)
  }

  private func place(of index: Int) -> (shard: ShardIndex.Shard, sample: ShardIndex.Sample) {
    // The last shard that does not begin behind it.
    var (low, high) = (0, firsts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if firsts[middle] <= index { low = middle } else { high = middle }
    }
    let number = low
    return (shards[number], shards[number].samples[index - firsts[number]])
  }

  public func parts(at index: Int) -> [FilePart] {
    let (shard, sample) = place(of: index)
    return sample.members.map { FilePart(shard.file, $0.range) }
  }

  public func name(at index: Int) -> String {
    let (shard, sample) = place(of: index)
    return "\(files.path(shard.file)), \(sample.key)"
  }

  /// Blocks of about 4 MiB, of which 16 are open at a time.
  public var blocks: SampleBlocks? {
    let bytes = shards.map(\.byteCount).reduce(0, +)
    return SampleBlocks(size: min(4_096, max(1, (4 << 20) / max(1, bytes / count))), window: 16)
  }

  public func sample(at index: Int) throws -> Sample {
    let (shard, entry) = place(of: index)
    var id = entry.key
    var sample = Sample(id: id)
    for member in entry.members {
      let name = "\(files.path(shard.file)), \(entry.key).\(member.kind)"
      func bytes() throws -> [UInt8] { try files.bytes(of: shard.file, in: member.range) }
      func text() throws -> String { try Files.text(bytes(), path: name) }
      switch member.kind {
      case "jpg", "jpeg", "png":
        sample.image = SampleImage(try EncodedImage(bytes(), file: name))
      case "mask.png", "seg.png":
        let mask = try Image.decoded(bytes(), file: name, as: .indices)
        sample.mask = try MaskedImage.labels(
          mask.pixels, LabelTable(classes: classNames.count), file: name)
      case "cls": sample.label = try label(text(), name)
      case "txt": sample.captions.append(try text().trimmed)
      case "json":
        let content = try bytes()
        guard
          let found = try? JSONDecoder().decode(ShardDescription.self, from: .init(content))
        else {
          throw DataError(
            file: name, problem: "is no JSON object, or its id, captions or text are no text",
            advice: "Write {\"id\": TEXT, \"captions\": [TEXT, …], \"text\": TEXT}")
        }
        id = found.id ?? id
        sample.captions += found.captions ?? []
        sample.text = found.text ?? sample.text
      default: continue
      }
    }
    if let image = sample.image, let mask = sample.mask, image.size != mask.imageSize {
      throw DataError(
        file: "\(files.path(shard.file)), \(entry.key)",
        problem: "has a mask of \(mask.imageSize) pixels and an image of \(image.size)",
        advice: "Make mask and image of equal size")
    }
    return sample.named(id)
  }

  private func label(_ text: String, _ name: String) throws -> Int {
    guard let label = Int(text.trimmed), label >= 0, labelNames.isEmpty || label < labelNames.count
    else {
      throw DataError(
        file: name, problem: "is no label: \(text.prefix(40).debugDescription)",
        advice: labelNames.isEmpty
          ? "Write a number from 0" : "Write a number from 0 to \(labelNames.count - 1)")
    }
    return label
  }
}

/// What is read of a sample's JSON member; what else it holds is others' business.
private struct ShardDescription: Decodable {
  let id: String?
  let captions: [String]?
  let text: String?
}

extension Sample {
  fileprivate func named(_ id: String) -> Sample {
    var sample = Sample(id: id, image: image, mask: mask, label: label, captions: captions)
    sample.text = text
    return sample
  }
}
