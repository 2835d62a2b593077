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
  private let values = LabelTable(classes: 11).ignoring(11)

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let split = try? splits(in: files).first, let line = files.firstLine(of: "\(split).txt"),
      let (image, mask) = names(in: line), files.isFile(image), files.isFile(mask)
    else { return .no }
    return .certain
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    try files.stems(in: "", ending: ".txt")
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let list = "\(split).txt"
    let lines = try files.numberedLines(of: list)
    guard !lines.isEmpty else {
      throw DataError(
        file: files.path(list), problem: "is empty", advice: "List one image and mask a line")
    }
    items = try lines.compactMap { number, line in
      try opening.attempt {
        let place = "line \(number) of \(files.path(list))"
        guard let (image, mask) = Self.names(in: line) else {
          throw DataError(
            file: files.path(list),
            problem: "line \(number) is not \"IMAGE MASK\": \(line.prefix(120))",
            advice: "Write two names inside the data folder a line")
        }
        try files.requireFile(image, namedBy: place)
        try files.requireFile(mask, namedBy: place)
        return MaskedImage(id: stem(of: image), image: image, mask: mask)
      }
    }
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { items[index].parts }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let (image, mask) = try item.read(from: files, values: values)
    return Sample(id: item.id, image: image, mask: mask)
  }

  private static func names(in line: String) -> (image: String, mask: String)? {
    let prefix = "/SegNet/CamVid/"
    let names = line.split(separator: " ").map { name in
      name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : String(name)
    }
    return names.count == 2 && names.allSatisfy(Files.isInside) ? (names[0], names[1]) : nil
  }
}
