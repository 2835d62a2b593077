import FoundationEssentials
import Tensors

/// PASCAL VOC's segmentation layout, with optional captions, labels and class names.
///
/// - `ImageSets/Segmentation/SPLIT.txt`: one name a line
/// - `JPEGImages/NAME.jpg` (or `.jpeg`, `.png`), `SegmentationClass/NAME.png`: palette indices, 255
///   for unknown
/// - `classes.txt`: one class name a line, from index 0; without it VOC's own 21
/// - `captions.jsonl`: `{"image": NAME, "captions": [TEXT, …], "label": INDEX}` a line; both
///   optional
/// - `labels.txt`: names of the labels, one a line
public struct VOCSource: FileSource {
  public static let format = "voc"
  public static let summary =
    "PASCAL VOC segmentation, with optional captions, labels and class names"
  public let classNames: [String]
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [MaskedImage]
  private let lines: [String: CaptionLine]

  public static let vocClassNames = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
  ]

  public static func recognises(_ files: any FileTree) -> Recognition {
    files.isFolder(VOCLayout.lists) && files.isFolder(VOCLayout.masks) ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    try files.stems(in: VOCLayout.lists, ending: ".txt")
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    listFiles = [VOCLayout.classes, VOCLayout.labels, VOCLayout.captions]
      .filter { files.isFile($0) }
    classNames =
      listFiles.contains(VOCLayout.classes)
      ? try files.lines(of: VOCLayout.classes) : Self.vocClassNames
    let labelNames =
      listFiles.contains(VOCLayout.labels) ? try files.lines(of: VOCLayout.labels) : []
    self.labelNames = labelNames
    let list = "\(VOCLayout.lists)/\(split).txt"
    let names = try files.numberedLines(of: list)
    guard !names.isEmpty else {
      throw DataError(
        file: files.path(list), problem: "is empty", advice: "List one image name a line")
    }
    items = try names.compactMap { number, name in
      try opening.attempt {
        try Self.item(name, in: files, place: "line \(number) of \(files.path(list))")
      }
    }
    lines =
      listFiles.contains(VOCLayout.captions)
      ? try CaptionLine.read(VOCLayout.captions, opening, labelCount: labelNames.count) : [:]
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { items[index].parts }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let (image, mask) = try item.read(
      from: files, values: LabelTable(classes: classNames.count))
    let line = lines[item.id]
    return Sample(
      id: item.id, image: image, mask: mask, label: line?.label, captions: line?.captions ?? [])
  }

  private static func item(
    _ name: String, in files: any FileTree, place: String
  ) throws -> MaskedImage {
    let candidates = ["jpg", "jpeg", "png"].map { "\(VOCLayout.images)/\(name).\($0)" }
    let image = candidates.first { files.isFile($0) } ?? candidates[0]
    let mask = "\(VOCLayout.masks)/\(name).png"
    try files.requireFile(image, namedBy: place)
    try files.requireFile(mask, namedBy: place)
    return MaskedImage(id: name, image: image, mask: mask)
  }
}

enum VOCLayout {
  static let lists = "ImageSets/Segmentation"
  static let images = "JPEGImages"
  static let masks = "SegmentationClass"
  static let classes = "classes.txt"
  static let labels = "labels.txt"
  static let captions = "captions.jsonl"
}

/// A line of `captions.jsonl`.
struct CaptionLine: Codable {
  let image: String
  let captions: [String]?
  let label: Int?

  static func read(
    _ name: String, _ opening: Opening, labelCount: Int
  ) throws -> [String: CaptionLine] {
    let file = opening.files.path(name)
    var lines: [String: CaptionLine] = [:]
    let decoder = JSONDecoder()
    for (number, text) in try opening.files.numberedLines(of: name) {
      _ = try opening.attempt {
        guard let line = try? decoder.decode(CaptionLine.self, from: .init(text.utf8)) else {
          throw DataError(
            file: file, problem: "line \(number) is not {\"image\": …, \"captions\": […]}",
            advice: "Write one JSON object a line")
        }
        if let label = line.label, label < 0 || label >= labelCount {
          throw DataError(
            file: file,
            problem:
              "line \(number) has label \(label), but \(VOCLayout.labels) names \(labelCount)",
            advice: "Correct the label or the list of labels")
        }
        guard lines.updateValue(line, forKey: line.image) == nil else {
          throw DataError(
            file: file, problem: "line \(number) describes \(line.image) a second time",
            advice: "Put all captions of an image in one line")
        }
      }
    }
    return lines
  }
}
