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
public struct VOCSource: SampleSource {
  public let classNames: [String]
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  private let root: String
  private let items: [MaskedImage]
  private let lines: [String: CaptionLine]

  public static let vocClassNames = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
  ]

  /// Throws: `DataError` for a missing folder, split or file, an empty list, a malformed line.
  public init(path: String, split: String) throws {
    root = path
    self.split = split
    let listFolder = "\(path)/\(VOCLayout.lists)"
    splits = try Files.names(in: listFolder).filter { $0.hasSuffix(".txt") }
      .map { String($0.dropLast(4)) }
    try requireSplit(split, among: splits, of: path)
    let list = "\(listFolder)/\(split).txt"
    let classFile = "\(path)/\(VOCLayout.classes)"
    classNames = Files.isFile(classFile) ? try Files.lines(of: classFile) : Self.vocClassNames
    let labelFile = "\(path)/\(VOCLayout.labels)"
    labelNames = Files.isFile(labelFile) ? try Files.lines(of: labelFile) : []
    items = try Files.lines(of: list).map { try Self.item($0, in: path, list: list) }
    guard !items.isEmpty else {
      throw DataError(file: list, problem: "is empty", advice: "List one image name a line")
    }
    let captionFile = "\(path)/\(VOCLayout.captions)"
    lines =
      Files.isFile(captionFile)
      ? try CaptionLine.read(captionFile, labelCount: labelNames.count) : [:]
  }

  public var count: Int { items.count }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let (image, mask) = try item.read(in: root, classNames: classNames)
    let line = lines[item.id]
    return Sample(
      id: item.id, image: image, mask: mask, label: line?.label, captions: line?.captions ?? [])
  }

  public func name(at index: Int) -> String { "\(root)/\(items[index].image)" }

  public func manifest() throws -> DataManifest {
    var entries = try items.flatMap { try $0.manifestEntries(in: root) }
    for file in [VOCLayout.classes, VOCLayout.labels, VOCLayout.captions]
    where Files.isFile("\(root)/\(file)") {
      entries.append(.init(file: file, byteCount: try Files.byteCount(of: "\(root)/\(file)")))
    }
    return DataManifest(
      origin: "voc", split: split, classNames: classNames, labelNames: labelNames, entries: entries)
  }

  private static func item(_ name: String, in root: String, list: String) throws -> MaskedImage {
    guard !name.split(separator: "/").contains("..") else {
      throw DataError(
        file: list, problem: "names \(name), which leads outside", advice: "Use plain names")
    }
    let candidates = ["jpg", "jpeg", "png"].map { "\(VOCLayout.images)/\(name).\($0)" }
    guard let image = candidates.first(where: { Files.isFile("\(root)/\($0)") }) else {
      throw DataError(
        file: "\(root)/\(candidates[0])", problem: "is missing, but \(list) lists it",
        advice: "Restore the image or take it out of the list")
    }
    let mask = "\(VOCLayout.masks)/\(name).png"
    guard Files.isFile("\(root)/\(mask)") else {
      throw DataError(
        file: "\(root)/\(mask)", problem: "is missing, but \(list) lists it",
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

  static func read(_ file: String, labelCount: Int) throws -> [String: CaptionLine] {
    var lines: [String: CaptionLine] = [:]
    let decoder = JSONDecoder()
    for (index, text) in try Files.lines(of: file).enumerated() {
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
