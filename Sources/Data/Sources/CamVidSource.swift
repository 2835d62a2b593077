import Tensors

/// CamVid as the SegNet tutorial distributes it: `SPLIT.txt` with lines `IMAGE MASK`.
///
/// The lists carry their author's prefix `/SegNet/CamVid/`, which is dropped; names are relative to
/// the folder of the list. 11 classes; mask value 11 is unlabelled and read as `ignoredLabel`.
public struct CamVidSource: FileSource {
  public static let format = "camvid"
  public static let summary = "CamVid of the SegNet tutorial: SPLIT.txt with lines IMAGE MASK"
  public let classNames = [
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
  ]
  public let labelNames: [String] = []
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String] = []
  private let items: [MaskedImage]
  private static let unlabelled: UInt8 = 11

  public init(files: any FileTree, split: String) throws {
    self.files = files
    self.split = split
    splits = try files.names(in: "").filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }
    try requireSplit(split, among: splits, of: files.root)
    let list = "\(split).txt"
    items = try files.lines(of: list).enumerated().map { index, line in
      try Self.item(line, number: index + 1, in: files, list: files.path(list))
    }
    guard !items.isEmpty else {
      throw DataError(
        file: files.path(list), problem: "is empty", advice: "List one image and mask a line")
    }
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { items[index].parts }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let (image, mask) = try item.read(
      from: files, classNames: classNames, replacing: Self.unlabelled)
    return Sample(id: item.id, image: image, mask: mask)
  }

  private static func item(
    _ line: String, number: Int, in files: any FileTree, list: String
  ) throws -> MaskedImage {
    let prefix = "/SegNet/CamVid/"
    let names = line.split(separator: " ").map { name in
      name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : String(name)
    }
    guard names.count == 2, names.allSatisfy(Files.isInside) else {
      throw DataError(
        file: list, problem: "line \(number) is not \"IMAGE MASK\": \(line.prefix(120))",
        advice: "Write two names inside the data folder a line")
    }
    for name in names where !files.isFile(name) {
      throw DataError(
        file: files.path(name), problem: "is missing, but line \(number) of \(list) lists it",
        advice: "Restore the file or take the line out")
    }
    let file = names[0].split(separator: "/").last ?? ""
    return MaskedImage(
      id: String(file.split(separator: ".").first ?? file), image: names[0], mask: names[1])
  }
}
