import Tensors

/// Images for classification: `SPLIT/CLASS/NAME.jpg` (or `.jpeg`, `.png`), the folder is the class.
///
/// Classes and files are in the byte order of their names, so that indices agree on all machines.
public struct ClassFolderSource: SampleSource {
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  private let root: String
  private let items: [(file: String, label: Int)]

  /// Throws: `DataError` for a missing folder or split, or a class without images.
  public init(path: String, split: String) throws {
    root = path
    self.split = split
    splits = try Files.names(in: path).filter { Files.isFolder("\(path)/\($0)") }
    try requireSplit(split, among: splits, of: path)
    let folder = "\(path)/\(split)"
    let names = try Files.names(in: folder).filter { Files.isFolder("\(folder)/\($0)") }
    guard !names.isEmpty else {
      throw DataError(
        file: folder, problem: "has no class folders", advice: "Put images in \(split)/CLASS/")
    }
    labelNames = names
    items = try names.enumerated().flatMap { label, name in
      let files = try Files.names(in: "\(folder)/\(name)").filter(Self.isImage)
      guard !files.isEmpty else {
        throw DataError(
          file: "\(folder)/\(name)", problem: "has no .jpg, .jpeg or .png files",
          advice: "Add images or remove the folder")
      }
      return files.map { ("\(split)/\(name)/\($0)", label) }
    }
  }

  public var count: Int { items.count }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try Image.decoded(file: "\(root)/\(item.file)")
    return Sample(id: item.file, image: image.pixels, label: item.label)
  }

  public func name(at index: Int) -> String { "\(root)/\(items[index].file)" }

  public func manifest() throws -> DataManifest {
    DataManifest(
      origin: "folders", split: split, classNames: classNames, labelNames: labelNames,
      entries: try items.map { item in
        .init(file: item.file, byteCount: try Files.byteCount(of: "\(root)/\(item.file)"))
      })
  }

  private static func isImage(_ name: String) -> Bool {
    let lower = name.lowercased()
    return [".jpg", ".jpeg", ".png"].contains { lower.hasSuffix($0) }
  }
}
