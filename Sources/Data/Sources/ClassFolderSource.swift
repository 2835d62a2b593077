import Tensors

/// Images for classification: `SPLIT/CLASS/NAME.jpg` (or `.jpeg`, `.png`), the folder is the class.
///
/// Classes and files are in the byte order of their names, so that indices agree on all machines.
public struct ClassFolderSource: FileSource {
  public static let format = "folders"
  public static let summary = "images for classification: SPLIT/CLASS/NAME.jpg"
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String] = []
  private let items: [(file: String, label: Int)]

  public init(files: any FileTree, split: String) throws {
    self.files = files
    self.split = split
    splits = try files.names(in: "").filter { files.isFolder($0) }
    try requireSplit(split, among: splits, of: files.root)
    let names = try files.names(in: split).filter { files.isFolder("\(split)/\($0)") }
    guard !names.isEmpty else {
      throw DataError(
        file: files.path(split), problem: "has no class folders",
        advice: "Put images in \(split)/CLASS/")
    }
    labelNames = names
    items = try names.enumerated().flatMap { label, name in
      let images = try files.names(in: "\(split)/\(name)").filter(Self.isImage)
      guard !images.isEmpty else {
        throw DataError(
          file: files.path("\(split)/\(name)"), problem: "has no .jpg, .jpeg or .png files",
          advice: "Add images or remove the folder")
      }
      return images.map { ("\(split)/\(name)/\($0)", label) }
    }
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { [FilePart(items[index].file)] }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try Image.decoded(item.file, from: files)
    return Sample(id: item.file, image: image.pixels, label: item.label)
  }

  private static func isImage(_ name: String) -> Bool {
    let lower = name.lowercased()
    return [".jpg", ".jpeg", ".png"].contains { lower.hasSuffix($0) }
  }
}
