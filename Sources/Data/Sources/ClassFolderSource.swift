import Tensors

/// Images for classification: `SPLIT/CLASS/NAME.jpg` (or `.jpeg`, `.png`), the folder is the class.
///
/// Without splits, `CLASS/NAME.jpg`, the only one is `all`. Classes may lie deeper, as Omniglot's
/// alphabets do: `SPLIT/ALPHABET/CHARACTER/NAME.png` is class `ALPHABET/CHARACTER`. Classes and
/// files are in the byte order of their names, so that indices agree on all machines.
public struct ClassFolderSource: FileSource {
  public static let format = "folders"
  public static let summary = "images for classification: SPLIT/CLASS/NAME.jpg or CLASS/NAME.jpg"
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String] = []
  private let items: [(file: String, label: Int)]

  private static let wholeSplit = "all"
  private static let levelsMax = 4

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let folders = try? files.names(in: "").filter({ files.isFolder($0) }).prefix(3) else {
      return .no
    }
    return folders.contains { hasPictures($0, in: files, levels: levelsMax) } ? .possible : .no
  }

  /// A folder is a split when classes lie in it, and a class when pictures do.
  public static func splits(in files: any FileTree) throws -> [String] {
    let folders = try files.names(in: "").filter { files.isFolder($0) }
    if let first = folders.first, try files.names(in: first).contains(where: isPicture) {
      return [wholeSplit]
    }
    return folders
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let isWhole = splits == [Self.wholeSplit] && !files.isFolder(Self.wholeSplit)
    let root = isWhole ? "" : opening.split
    let found = try Self.classes(in: root, levels: Self.levelsMax, opening)
    guard !found.isEmpty else {
      throw DataError(
        file: files.path(root), problem: "has no class folders",
        advice: "Put images in \(split)/CLASS/")
    }
    // Folders in a folder come with their own order; the names as a whole decide.
    let sorted = found.sorted { $0.folder.utf8.lexicographicallyPrecedes($1.folder.utf8) }
    labelNames = sorted.map { isWhole ? $0.folder : String($0.folder.dropFirst(root.count + 1)) }
    items = sorted.enumerated().flatMap { label, entry in
      entry.images.map { ("\(entry.folder)/\($0)", label) }
    }
  }

  public var count: Int { items.count }

  public func label(at index: Int) -> Int? { items[index].label }

  public func parts(at index: Int) -> [FilePart] { [FilePart(items[index].file)] }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try SampleImage(item.file, from: files)
    return Sample(id: item.file, image: image, label: item.label)
  }

  private static func classes(
    in folder: String, levels: Int, _ opening: Opening
  ) throws -> [(folder: String, images: [String])] {
    let files = opening.files
    return try files.names(in: folder).map { files.inside(folder, $0) }
      .filter { files.isFolder($0) }
      .flatMap { name -> [(folder: String, images: [String])] in
        let images = try files.names(in: name).filter(isPicture)
        if !images.isEmpty { return [(name, images)] }
        let deeper = levels > 1 ? try classes(in: name, levels: levels - 1, opening) : []
        if deeper.isEmpty {
          _ = try opening.attempt {
            throw DataError(
              file: files.path(name), problem: "has no .jpg, .jpeg or .png files",
              advice: "Add images or remove the folder")
          }
        }
        return deeper
      }
  }

  private static func hasPictures(_ folder: String, in files: any FileTree, levels: Int) -> Bool {
    guard let names = try? files.names(in: folder) else { return false }
    if names.contains(where: isPicture) { return true }
    guard levels > 1, let first = names.first(where: { files.isFolder("\(folder)/\($0)") }) else {
      return false
    }
    return hasPictures("\(folder)/\(first)", in: files, levels: levels - 1)
  }
}
