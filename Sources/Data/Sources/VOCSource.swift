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

  public init(files: any FileTree, split: String) throws {
    self.files = files
    self.split = split
    splits = try files.names(in: VOCLayout.lists).filter { $0.hasSuffix(".txt") }
      .map { String($0.dropLast(4)) }
    try requireSplit(split, among: splits, of: files.root)
    let list = "\(VOCLayout.lists)/\(split).txt"
    listFiles = [VOCLayout.classes, VOCLayout.labels, VOCLayout.captions]
      .filter { files.isFile($0) }
    classNames =
      listFiles.contains(VOCLayout.classes)
      ? try files.lines(of: VOCLayout.classes) : Self.vocClassNames
    labelNames =
      listFiles.contains(VOCLayout.labels) ? try files.lines(of: VOCLayout.labels) : []
    items = try files.lines(of: list).map { try Self.item($0, in: files, list: files.path(list)) }
    guard !items.isEmpty else {
      throw DataError(
        file: files.path(list), problem: "is empty", advice: "List one image name a line")
    }
    lines =
      listFiles.contains(VOCLayout.captions)
      ? try CaptionLine.read(VOCLayout.captions, in: files, labelCount: labelNames.count) : [:]
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { items[index].parts }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let (image, mask) = try item.read(from: files, classNames: classNames)
    let line = lines[item.id]
    return Sample(
      id: item.id, image: image, mask: mask, label: line?.label, captions: line?.captions ?? [])
  }

  private static func item(_ name: String, in files: any FileTree, list: String) throws
    -> MaskedImage
  {
    guard Files.isInside(name) else {
      throw DataError(
        file: list, problem: "names \(name), which leads outside", advice: "Use plain names")
    }
    let candidates = ["jpg", "jpeg", "png"].map { "\(VOCLayout.images)/\(name).\($0)" }
    guard let image = candidates.first(where: { files.isFile($0) }) else {
      throw DataError(
        file: files.path(candidates[0]), problem: "is missing, but \(list) lists it",
        advice: "Restore the image or take it out of the list")
    }
    let mask = "\(VOCLayout.masks)/\(name).png"
    guard files.isFile(mask) else {
      throw DataError(
        file: files.path(mask), problem: "is missing, but \(list) lists it",
        advice: "Restore the mask or take it out of the list")
    }
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
    _ name: String, in files: any FileTree, labelCount: Int
  ) throws -> [String: CaptionLine] {
    let file = files.path(name)
    var lines: [String: CaptionLine] = [:]
    let decoder = JSONDecoder()
    for (index, text) in try files.lines(of: name).enumerated() {
      guard let line = try? decoder.decode(CaptionLine.self, from: .init(text.utf8)) else {
        throw DataError(
          file: file, problem: "line \(index + 1) is not {\"image\": …, \"captions\": […]}",
          advice: "Write one JSON object a line")
      }
      if let label = line.label, label < 0 || label >= labelCount {
        throw DataError(
          file: file,
          problem:
            "line \(index + 1) has label \(label), but \(VOCLayout.labels) names \(labelCount)",
          advice: "Correct the label or the list of labels")
      }
      guard lines.updateValue(line, forKey: line.image) == nil else {
        throw DataError(
          file: file, problem: "line \(index + 1) describes \(line.image) a second time",
          advice: "Put all captions of an image in one line")
      }
    }
    return lines
  }
}
