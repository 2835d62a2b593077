import Tensors

/// ImageNet-22k by CoNe's lists: `list.txt` with lines `ROOT/FOLDER/CLASS/NAME`, pictures at
/// `FOLDER/CLASS/NAME`, and `label_list.txt` with a class a line, whose line is its label.
///
/// There is one split, `train`.
public struct ImageNet22kSource: FileSource {
  public static let format = "imagenet-22k"
  public static let summary =
    "images for classification: list.txt with lines ROOT/FOLDER/CLASS/NAME, label_list.txt with the "
    + "classes"
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles = [pictureList, labelList]
  private let items: [(file: String, label: Int)]

  private static let pictureList = "list.txt"
  private static let labelList = "label_list.txt"

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard files.isFile(labelList), let line = files.firstLine(of: pictureList),
      let (file, _) = parted(line.trimmed), files.isFile(file)
    else { return .no }
    return .certain
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    files.isFile(pictureList) ? ["train"] : []
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    labelNames = try files.lines(of: Self.labelList)
    let labels = Dictionary(
      labelNames.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    items = try files.numberedLines(of: Self.pictureList).compactMap { number, line in
      try opening.attempt {
        let place = "line \(number) of \(files.path(Self.pictureList))"
        guard let (file, name) = Self.parted(line) else {
          throw DataError(
            file: files.path(Self.pictureList),
            problem: "line \(number) is not \"ROOT/FOLDER/CLASS/NAME\": "
              + line.prefix(120).debugDescription,
            advice: "Write four parts or more, parted by slashes")
        }
        guard let label = labels[name] else {
          throw DataError(
            file: files.path(Self.labelList),
            problem: "does not list \(name.prefix(120).debugDescription), the class of \(place)",
            advice: "Add the class, or take the picture out")
        }
        try files.requireFile(file, namedBy: place)
        return (file: file, label: label)
      }
    }
    guard !items.isEmpty else {
      throw DataError(
        file: files.path(Self.pictureList), problem: "is empty", advice: "List a picture a line")
    }
  }

  public var count: Int { items.count }

  public func label(at index: Int) -> Int? { items[index].label }

  public func parts(at index: Int) -> [FilePart] { [FilePart(items[index].file)] }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try SampleImage(item.file, from: files)
    return Sample(id: item.file, image: image, label: item.label)
  }

  /// What is behind the first slash, and the third part.
  private static func parted(_ line: String) -> (file: String, name: String)? {
    let parts = line.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[1...].allSatisfy({ !$0.isEmpty }) else { return nil }
    return (parts[1...].joined(separator: "/"), String(parts[2]))
  }
}
