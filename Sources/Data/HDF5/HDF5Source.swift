import Tensors

/// Volumes in HDF5: `SPLIT.list` (or `SPLIT.txt`) with a name a line, each `NAME.h5`, `data/NAME.h5`
/// or the one `.h5` file in the folder `NAME`.
///
/// As the semi-supervised segmentation community distributes its sets (LA, ACDC): data sets `image`
/// and `label` [d, h, w], or [h, w] for a slice. `classes.txt` names the classes.
public struct HDF5Source: FileSource {
  public static let format = "hdf5"
  public static let summary = "volumes in HDF5: SPLIT.list with names, NAME/*.h5 or [data/]NAME.h5"
  public static let options = [
    "image": "the data set with the values; image",
    "label": "the data set with the labels, which may be missing; label",
  ]
  public let classNames: [String]
  public let labelNames: [String] = []
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [(id: String, file: String)]
  private let image: String
  private let label: String

  private static let classes = "classes.txt"

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let split = try? splits(in: files).first, let list = list(of: split, in: files),
      let line = files.firstLine(of: list), file(of: line.trimmed, in: files) != nil
    else { return .no }
    return .certain
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    let lists = try files.stems(in: "", ending: ".list")
    return lists.isEmpty
      ? try files.stems(in: "", ending: ".txt").filter { "\($0).txt" != classes } : lists
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    image = opening.options["image"] ?? "image"
    label = opening.options["label"] ?? "label"
    listFiles = files.isFile(Self.classes) ? [Self.classes] : []
    classNames = listFiles.isEmpty ? [] : try files.lines(of: Self.classes)
    let list = Self.list(of: split, in: files) ?? "\(split).list"
    let lines = try files.numberedLines(of: list)
    guard !lines.isEmpty else {
      throw DataError(
        file: files.path(list), problem: "is empty", advice: "List one name a line")
    }
    items = try lines.compactMap { number, name in
      try opening.attempt {
        let file = Self.file(of: name, in: files) ?? "\(name).h5"
        try files.requireFile(file, namedBy: "line \(number) of \(files.path(list))")
        return (id: name, file: file)
      }
    }
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { [FilePart(items[index].file)] }

  public func sample(at index: Int) throws -> Sample {
    let (id, name) = items[index]
    let path = files.path(name)
    let file = try HDF5File(files.bytes(of: name), file: path)
    var values = try file.array(named: image)
    var labels = file.members[label] == nil ? nil : try file.array(named: label)
    for array in [values, labels].compactMap({ $0 }) where array.shape != values.shape {
      throw DataError(
        file: path, problem: "\(label) has shape \(array.shape), \(image) \(values.shape)",
        advice: "Make volume and labels of equal size")
    }
    if values.shape.count == 2 {
      values.shape.insert(1, at: 0)
      labels?.shape.insert(1, at: 0)
    }
    guard values.shape.count == 3 else {
      throw DataError(
        file: path, problem: "\(image) has shape \(values.shape)",
        advice: "Store a volume [d, h, w] or a slice [h, w]")
    }
    let truth = try labels.map { try $0.labels(file: path) }
    try truth?.checkClasses(classNames, file: path)
    var sample = Sample(id: id)
    sample.volume = Volume(values: values.tensor(), labels: truth)
    return sample
  }

  private static func list(of split: String, in files: any FileTree) -> String? {
    ["\(split).list", "\(split).txt"].first { files.isFile($0) }
  }

  private static func file(of name: String, in files: any FileTree) -> String? {
    guard Files.isInside(name) else { return nil }
    let direct = [name, "\(name).h5", "data/\(name).h5"]
    if let file = direct.first(where: { files.isFile($0) && $0.hasSuffix(".h5") }) { return file }
    let inside = files.isFolder(name) ? (try? files.stems(in: name, ending: ".h5")) ?? [] : []
    return inside.count == 1 ? "\(name)/\(inside[0]).h5" : nil
  }
}
