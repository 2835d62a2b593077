import Tensors

/// A data set of pictures in one folder and their masks, likewise named, in another.
public protocol PairedLayout: Sendable {
  static var format: String { get }
  static var summary: String { get }

  static func recognises(_ files: any FileTree) -> Recognition
  /// Throws: `DataError` when the layout's folders are not there.
  static func splits(in files: any FileTree) throws -> [String]
  /// Where a split's pictures and masks lie; pictures may lie in folders below.
  static func folders(of split: String, in files: any FileTree) -> (images: String, masks: String)
  /// The mask's name in its folder for a picture's in its own; nil for what is no picture of the set.
  static func mask(of image: String) -> String?
  /// Class names, what the masks' values mean, and the file that says so, if one does.
  ///
  /// Throws: `DataError` for a malformed list of classes.
  static func classes(in files: any FileTree) throws -> PairedClasses
}

public struct PairedClasses: Sendable {
  let names: [String]
  let values: LabelTable
  let file: String?
}

/// Pictures and masks in the byte order of the pictures' names; a picture without a mask is an error.
public struct PairedSource<Layout: PairedLayout>: FileSource {
  public static var format: String { Layout.format }
  public static var summary: String { Layout.summary }
  public let classNames: [String]
  public let labelNames: [String] = []
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [MaskedImage]
  private let values: LabelTable

  public static func recognises(_ files: any FileTree) -> Recognition { Layout.recognises(files) }

  public static func splits(in files: any FileTree) throws -> [String] {
    try Layout.splits(in: files)
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let classes = try Layout.classes(in: files)
    (classNames, values) = (classes.names, classes.values)
    listFiles = classes.file.map { [$0] } ?? []
    let (images, masks) = Layout.folders(of: split, in: files)
    let found = try files.filesBelow(images) { Layout.mask(of: $0) != nil }
    guard !found.isEmpty else {
      throw DataError(
        file: files.path(images), problem: "has no pictures in the layout of \(Layout.format)",
        advice: "It expects \(Layout.summary)")
    }
    items = try found.compactMap { image in
      try opening.attempt {
        let name = String(image.dropFirst(images.isEmpty ? 0 : images.count + 1))
        let mask = files.inside(masks, Layout.mask(of: name) ?? name)
        guard files.isFile(mask) else {
          throw DataError(
            file: files.path(mask), problem: "is missing, but its picture \(image) is there",
            advice: "Restore the mask or take the picture away")
        }
        return MaskedImage(id: stem(of: name), image: image, mask: mask)
      }
    }
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { items[index].parts }

  public func sample(at index: Int) throws -> Sample {
    let (image, mask) = try items[index].read(from: files, values: values)
    return Sample(id: items[index].id, image: image, mask: mask)
  }
}

extension PairedLayout {
  /// The folders in a folder: splits, in most layouts.
  static func folders(in folder: String, of files: any FileTree) throws -> [String] {
    try files.names(in: folder).filter { files.isFolder(files.inside(folder, $0)) }
  }

  /// NAME.png for NAME.jpg and its like.
  static func png(of image: String) -> String? {
    guard isPicture(image), let dot = image.lastIndex(of: ".") else { return nil }
    return "\(image[..<dot]).png"
  }
}
