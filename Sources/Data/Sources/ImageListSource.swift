import Tensors

/// Images for classification from list files: `SPLIT.txt` with lines `IMAGE LABEL`.
///
/// Image names are relative to the list's folder and may hold spaces; the last word is the label, an
/// index or, with `labels.txt` (one name a line), a name.
public struct ImageListSource: FileSource {
  public static let format = "lists"
  public static let summary = "images for classification: SPLIT.txt with lines IMAGE LABEL"
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [(file: String, label: Int)]

  private static let labelList = "labels.txt"
  /// A label beyond is a mistake in the list rather than a class.
  private static let labelMax = 1_000_000

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let split = try? splits(in: files).first, let line = files.firstLine(of: "\(split).txt"),
      let (image, label) = parted(line.trimmed), isPicture(image), files.isFile(image),
      !isPicture(label)
    else { return .no }
    return .certain
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    try files.stems(in: "", ending: ".txt").filter { "\($0).txt" != labelList }
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    listFiles = files.isFile(Self.labelList) ? [Self.labelList] : []
    let names = listFiles.isEmpty ? [] : try files.lines(of: Self.labelList)
    let indices = Dictionary(
      names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let list = "\(split).txt"
    let lines = try files.numberedLines(of: list)
    guard !lines.isEmpty else {
      throw DataError(
        file: files.path(list), problem: "is empty", advice: "List one image and its label a line")
    }
    let items = try lines.compactMap { number, line in
      try opening.attempt {
        guard let (image, word) = Self.parted(line) else {
          throw DataError(
            file: files.path(list),
            problem: "line \(number) is not \"IMAGE LABEL\": \(line.prefix(120))",
            advice: "Write a name inside the data folder and a label a line")
        }
        let most = names.isEmpty ? Self.labelMax : names.count - 1
        guard let label = indices[word] ?? Int(word), (0...most).contains(label) else {
          throw DataError(
            file: files.path(list),
            problem:
              "line \(number) has label \(word.prefix(120).debugDescription), expected 0 … \(most)"
              + (names.isEmpty ? "" : " or a name of \(Self.labelList)"),
            advice: "Correct the label, or name all labels in \(Self.labelList)")
        }
        try files.requireFile(image, namedBy: "line \(number) of \(files.path(list))")
        return (file: image, label: label)
      }
    }
    self.items = items
    labelNames =
      names.isEmpty ? (0...(items.map(\.label).max() ?? 0)).map { "\($0)" } : names
  }

  public var count: Int { items.count }

  public func label(at index: Int) -> Int? { items[index].label }

  public func parts(at index: Int) -> [FilePart] { [FilePart(items[index].file)] }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try SampleImage(item.file, from: files)
    return Sample(id: item.file, image: image, label: item.label)
  }

  private static func parted(_ line: String) -> (image: String, label: String)? {
    guard let space = line.lastIndex(where: { $0 == " " || $0 == "\t" }) else { return nil }
    let image = line[..<space].trimmed
    return image.isEmpty ? nil : (image, String(line[line.index(after: space)...]))
  }
}
