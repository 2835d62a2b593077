import Tensors

/// ImageNet-1k by the list files of its usual distributions: `meta/SPLIT.txt` with lines `NAME LABEL`,
/// pictures at `SPLIT/NAME`.
///
/// A label is an index from 0. Every line has exactly two words.
public struct ImageNetSource: FileSource {
  public static let format = "imagenet"
  public static let summary =
    "images for classification: meta/SPLIT.txt with lines NAME LABEL, pictures at SPLIT/NAME"
  public static let options = [
    maxClassKey: "leaves out lines whose label is this or more. Without it, none"
  ]
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [(file: String, label: Int)]

  public static let listFolder = "meta"
  private static let maxClassKey = "max_class"
  /// A label beyond is a mistake in the list rather than a class.
  private static let labelMax = 1_000_000

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let split = try? splits(in: files).first,
      let words = files.firstLine(of: "\(listFolder)/\(split).txt")?.trimmed.words,
      words.count == 2,
      Int(words[1]) != nil, isPicture(words[0]), files.isFile("\(split)/\(words[0])")
    else { return .no }
    return .certain
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    guard files.isFolder(listFolder) else { return [] }
    return try files.stems(in: listFolder, ending: ".txt").filter { files.isFolder($0) }
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let list = "\(Self.listFolder)/\(split).txt"
    listFiles = [list]
    let maxClass = try Self.maxClass(opening)
    items = try files.numberedLines(of: list).compactMap { number, line in
      try opening.attempt { () throws -> (file: String, label: Int)? in
        let words = line.words
        guard words.count == 2, let label = Int(words[1]), (0...Self.labelMax).contains(label)
        else {
          throw DataError(
            file: files.path(list),
            problem: "line \(number) is not \"NAME LABEL\": "
              + line.prefix(120).debugDescription,
            advice: "Write a name without spaces and a label from 0 to \(Self.labelMax)")
        }
        if let maxClass, label >= maxClass { return nil }
        let file = "\(opening.split)/\(words[0])"
        try files.requireFile(file, namedBy: "line \(number) of \(files.path(list))")
        return (file, label)
      } ?? nil
    }
    guard !items.isEmpty else {
      throw DataError(
        file: files.path(list),
        problem: maxClass.map { "lists no picture of a label below \($0)" } ?? "is empty",
        advice: "List one picture and its label a line")
    }
    let count = maxClass ?? (items.map(\.label).max() ?? 0) + 1
    labelNames = (0..<count).map { "\($0)" }
  }

  public var count: Int { items.count }

  public func label(at index: Int) -> Int? { items[index].label }

  public func parts(at index: Int) -> [FilePart] { [FilePart(items[index].file)] }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try SampleImage(item.file, from: files)
    return Sample(id: item.file, image: image, label: item.label)
  }

  private static func maxClass(_ opening: Opening) throws -> Int? {
    guard let text = opening.options[maxClassKey] else { return nil }
    guard let count = Int(text), (1...labelMax).contains(count) else {
      throw DataError(
        file: "data.\(maxClassKey)", problem: "is \(text.prefix(120).debugDescription)",
        advice: "Give a number of classes, 1 to \(labelMax)")
    }
    return count
  }
}

extension String {
  /// What spaces and tabs part.
  fileprivate var words: [String] {
    split { $0 == " " || $0 == "\t" }.map { String($0) }
  }
}
