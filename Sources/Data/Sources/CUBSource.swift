import Tensors

/// Caltech-UCSD Birds 200-2011 as its archive unpacks, split by classes for few-shot learning.
///
/// Class i of `classes.txt` belongs to `train` if i is even, to `val` if i mod 4 = 1 and to `test` if
/// i mod 4 = 3, as FRN's scripts have it (Wertheimer et al. 2021): no class is in two splits. Labels
/// are places in the byte order of a split's class names. Pictures are cut to the bird's box, and
/// those of `val` and `test` brought to the size that networks see (`CenterView`).
public struct CUBSource: FileSource {
  public static let format = "cub"
  public static let summary =
    "CUB-200-2011 for few-shot learning: images.txt, classes.txt, image_class_labels.txt, "
    + "bounding_boxes.txt; splits by class"
  public static let options = [
    "pictures": "cropped: cut to the bird's box; raw: whole. Without it, cropped",
    "size":
      "side of val's and test's pictures in pixels, 0 to leave them as they are. Without it, 84",
  ]
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles = [imageList, labelList, classList, boxList]
  private let items: [Item]
  private let isCropped: Bool
  /// What is made of pictures that are not trained on.
  private let view: CenterView?

  private struct Item {
    let file: String
    let label: Int
    let box: Box
  }

  static let imageList = "images.txt"
  static let labelList = "image_class_labels.txt"
  static let classList = "classes.txt"
  static let boxList = "bounding_boxes.txt"
  static let imageFolder = "images"

  public static func recognises(_ files: any FileTree) -> Recognition {
    let lists = [imageList, labelList, classList, boxList]
    return lists.allSatisfy { files.isFile($0) } && files.isFolder(imageFolder) ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    files.isFile(classList) ? ["test", "train", "val"] : []
  }

  /// Which split a class belongs to, by its number from 1.
  public static func split(ofClass number: Int) -> String {
    number % 2 == 0 ? "train" : number % 4 == 1 ? "val" : "test"
  }

  public init(_ opening: Opening) throws {
    files = opening.files
    split = opening.split
    splits = try Self.splits(for: opening)
    let lists = CUBLists(opening)
    isCropped = try Self.isCropped(opening)
    let side = try Self.side(opening)
    view =
      split == "train" || side == 0
      ? nil : CenterView(side: side, fit: isCropped ? .stretched : .covering)

    let classes = try lists.classes().filter { Self.split(ofClass: $0.key) == opening.split }
    let sorted = classes.sorted { $0.value.utf8.lexicographicallyPrecedes($1.value.utf8) }
    labelNames = sorted.map(\.value)
    let labelOfClass = Dictionary(
      uniqueKeysWithValues: sorted.enumerated().map { ($1.key, $0) })
    items = try lists.pictures().compactMap { picture in
      labelOfClass[picture.classNumber].map {
        Item(file: picture.file, label: $0, box: picture.box)
      }
    }
    guard !items.isEmpty else {
      throw DataError(
        file: files.path(Self.imageList), problem: "lists no picture of a class of \(split)",
        advice: "Even class numbers are train, 1, 5, 9 … val, 3, 7, 11 … test")
    }
  }

  public var count: Int { items.count }

  public func label(at index: Int) -> Int? { items[index].label }

  public func parts(at index: Int) -> [FilePart] { [FilePart(items[index].file)] }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let file = try SampleImage(item.file, from: files)
    return Sample(id: item.file, image: try shown(file, item), label: item.label)
  }

  /// What the samples are made of; the file itself where nothing is cut.
  private func shown(_ file: SampleImage, _ item: Item) throws -> SampleImage {
    guard isCropped || view != nil else { return file }
    var picture = try file.pixels()
    if isCropped { picture = picture.cut(try region(of: item.box, in: picture, item.file)) }
    return SampleImage(view.map { $0(picture) } ?? picture)
  }

  /// The box in whole pixels, as PIL's `crop` takes it; what of it lies outside is left out.
  private func region(
    of box: Box, in picture: ByteTensor, _ file: String
  ) throws -> PixelRegion {
    let size = picture.imageSize
    func span(_ low: Float, _ high: Float, _ limit: Int) -> Range<Int>? {
      let first = Int(max(0, low.rounded(.toNearestOrEven)))
      let last = Int(min(Float(limit), high.rounded(.toNearestOrEven)))
      return first < last ? first..<last : nil
    }
    guard let rows = span(box.y0, box.y1, size.height),
      let columns = span(box.x0, box.x1, size.width)
    else {
      throw DataError(
        file: files.path(file),
        problem: "has \(size) pixels, its box in \(Self.boxList) is x \(box.x0) to \(box.x1), y "
          + "\(box.y0) to \(box.y1)",
        advice: "Correct the box: some of the picture must be in it")
    }
    return PixelRegion(rows: rows, columns: columns)
  }

  private static func isCropped(_ opening: Opening) throws -> Bool {
    switch opening.options["pictures"] {
    case nil, "cropped": return true
    case "raw": return false
    case .some(let other):
      throw DataError(
        file: "data", problem: "has pictures: \(other.prefix(40))",
        advice: "Write cropped or raw")
    }
  }

  private static func side(_ opening: Opening) throws -> Int {
    guard let text = opening.options["size"] else { return 84 }
    guard let side = Int(text), (0...4096).contains(side) else {
      throw DataError(
        file: "data", problem: "has size: \(text.prefix(40))",
        advice: "Write a number of pixels from 0 to 4096")
    }
    return side
  }
}
