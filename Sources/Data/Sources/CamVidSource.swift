import Tensors

/// CamVid as the SegNet tutorial distributes it: `SPLIT.txt` with lines `IMAGE MASK`.
///
/// The lists carry their author's prefix `/SegNet/CamVid/`, which is dropped; names are relative to
/// the folder of the list. 11 classes; mask value 11 is unlabelled and read as `ignoredLabel`.
public struct CamVidSource: SampleSource {
  public let classNames = [
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
  ]
  public let labelNames: [String] = []
  public let split: String
  public let splits: [String]
  private let root: String
  private let items: [MaskedImage]
  private static let unlabelled: UInt8 = 11

  /// Throws: `DataError` for a missing folder, split or file, an empty list, a malformed line.
  public init(path: String, split: String) throws {
    root = path
    self.split = split
    splits = try Files.names(in: path).filter { $0.hasSuffix(".txt") }
      .map { String($0.dropLast(4)) }
    try requireSplit(split, among: splits, of: path)
    let list = "\(path)/\(split).txt"
    items = try Files.lines(of: list).enumerated().map { index, line in
      try Self.item(line, number: index + 1, in: path, list: list)
    }
    guard !items.isEmpty else {
      throw DataError(file: list, problem: "is empty", advice: "List one image and mask a line")
    }
  }

  public var count: Int { items.count }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let (image, mask) = try item.read(
      in: root, classNames: classNames, replacing: Self.unlabelled)
    return Sample(id: item.id, image: image, mask: mask)
  }

  public func name(at index: Int) -> String { "\(root)/\(items[index].image)" }

  public func manifest() throws -> DataManifest {
    DataManifest(
      origin: "camvid", split: split, classNames: classNames, labelNames: labelNames,
      entries: try items.flatMap { try $0.manifestEntries(in: root) })
  }

  private static func item(
    _ line: String, number: Int, in root: String, list: String
  ) throws -> MaskedImage {
    let prefix = "/SegNet/CamVid/"
    let names = line.split(separator: " ").map { name in
      name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : String(name)
    }
    guard names.count == 2, !names.contains(where: { $0.split(separator: "/").contains("..") })
    else {
      throw DataError(
        file: list, problem: "line \(number) is not \"IMAGE MASK\": \(line.prefix(120))",
        advice: "Write two names inside the data folder a line")
    }
    for name in names where !Files.isFile("\(root)/\(name)") {
      throw DataError(
        file: "\(root)/\(name)", problem: "is missing, but line \(number) of \(list) lists it",
        advice: "Restore the file or take the line out")
    }
    let file = names[0].split(separator: "/").last ?? ""
    return MaskedImage(
      id: String(file.split(separator: ".").first ?? file), image: names[0], mask: names[1])
  }
}
