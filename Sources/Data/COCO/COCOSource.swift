import Tensors

/// COCO's JSON: `annotations/instances_SPLIT.json`, `annotations/captions_SPLIT.json`, either or both,
/// with pictures in `SPLIT/` or `images/SPLIT/`.
///
/// Samples are the JSON's images in its order. Category ids, which have gaps, become class indices in
/// the order of the ids. Keypoints come with `objects: person_keypoints`.
public struct COCOSource: FileSource {
  public static let format = "coco"
  public static let summary =
    "COCO JSON: annotations/instances_SPLIT.json, annotations/captions_SPLIT.json, SPLIT/*.jpg"
  public static let options = [
    "objects": "whose annotations are the objects: instances or person_keypoints; instances"
  ]
  public let classNames: [String]
  public let labelNames: [String] = []
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [Item]
  private let categories: [Int: Int]

  private static let folder = "annotations"
  private static let kinds = ["instances", "person_keypoints"]

  private struct Item {
    let id: Int
    let file: String
    let size: ImageSize
    var objects: [FilePart] = []
    var captions: [FilePart] = []
  }

  public static func recognises(_ files: any FileTree) -> Recognition {
    let splits = try? splits(in: files)
    return splits?.isEmpty == false ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    let stems = try files.stems(in: folder, ending: ".json")
    let splits = (kinds + ["captions"]).flatMap { kind in
      stems.filter { $0.hasPrefix("\(kind)_") }.map { String($0.dropFirst(kind.count + 1)) }
    }
    return Set(splits).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let kind = opening.options["objects"] ?? Self.kinds[0]
    guard Self.kinds.contains(kind) else {
      throw DataError(
        file: "data", problem: "objects is \(kind.prefix(80))",
        advice: "Write one of \(Self.kinds.joined(separator: ", "))")
    }
    listFiles = ["\(kind)_\(split)", "captions_\(split)"].map { "\(Self.folder)/\($0).json" }
      .filter { files.isFile($0) }
    guard !listFiles.isEmpty else {
      throw DataError(
        file: files.path("\(Self.folder)/\(kind)_\(split).json"), problem: "is missing",
        advice: "Restore it, or choose other objects: \(Self.kinds.joined(separator: ", "))")
    }
    let images = ["images/\(split)", split].first { files.isFolder($0) } ?? split
    var items: [Item] = []
    var places: [Int: Int] = [:]  // of an image's id among the items
    var categories: [COCOIndex.Category] = []
    for list in listFiles {
      let index = try COCOIndex(list, opening)
      categories += index.categories
      for image in index.images where places[image.id] == nil {
        _ = try opening.attempt {
          let file = files.inside(images, image.file)
          try files.requireFile(file, namedBy: files.path(list))
          places[image.id] = items.count
          items.append(Item(id: image.id, file: file, size: image.size))
        }
      }
      let listed = Set(index.images.map(\.id))
      for entry in index.entries {
        _ = try opening.attempt {
          guard let place = places[entry.image] else {
            // Of an image that is missing there is a word already.
            if listed.contains(entry.image) { return }
            throw index.problem(
              "the annotation at byte \(entry.range.lowerBound) is of image \(entry.image), which "
                + "is not listed")
          }
          let part = FilePart(list, entry.range)
          if list.contains("/captions_") {
            items[place].captions.append(part)
          } else {
            items[place].objects.append(part)
          }
        }
      }
    }
    self.items = items
    let inOrder = categories.sorted { $0.id < $1.id }
    classNames = inOrder.map(\.name)
    self.categories = Dictionary(
      inOrder.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] {
    [FilePart(items[index].file)] + items[index].objects + items[index].captions
  }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try SampleImage(item.file, from: files)
    guard image.size == item.size else {
      throw DataError(
        file: files.path(item.file),
        problem: "has \(image.size) pixels, \(listFiles[0]) says \(item.size)",
        advice: "Restore the picture: its annotations are of another size")
    }
    var sample = Sample(id: "\(item.id)", image: image)
    sample.annotations = try item.objects.map { part in
      try read(part) { try COCOAnnotation.object(&$0, in: item.size, categories: categories) }
    }
    sample.captions = try item.captions.map { part in try read(part, COCOAnnotation.caption) }
    return sample
  }

  private func read<Value>(
    _ part: FilePart, _ body: (inout JSONReader) throws -> Value
  ) throws -> Value {
    let range = part.range ?? 0..<0
    do {
      var reader = JSONReader(bytes: try files.bytes(of: part.file, in: range))
      return try body(&reader)
    } catch let fault as JSONReader.Fault {
      throw DataError(
        file: files.path(part.file),
        problem: "the annotation at byte \(range.lowerBound): \(fault.what)",
        advice: "Correct the annotation or take it out")
    }
  }
}
