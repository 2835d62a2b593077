import Tensors

/// Features somebody has computed: `SPLIT.npy`, `SPLIT.npz`, `SPLIT.safetensors` or `SPLIT.mat`, a
/// sample a row of the array.
///
/// Labels, one a row, are another array of the file, or of `SPLIT.labels.npy` beside a `.npy`.
public struct FeatureSource: FileSource {
  public static let format = "features"
  public static let summary = "features, a sample a row: SPLIT.npy, .npz, .safetensors or .mat"
  public static let options = [
    "features": "the array of features; features, or the file's only array",
    "labels": "the array of labels, which may be missing; labels",
  ]
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let file: String
  private let entry: ArrayFile.Entry
  private let labels: [Int]

  private static let labelEnding = ".labels.npy"
  private static let labelList = "labels.txt"
  private static let labelMax = 1_000_000
  /// 64 MiB of float32.
  private static let rowMax = 16 << 20

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let splits = try? splits(in: files), !splits.isEmpty else { return .no }
    return .possible
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    let names = try files.names(in: "").filter { !$0.hasSuffix(labelEnding) && files.isFile($0) }
    let splits = names.compactMap { name in
      ArrayFile.endings.first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
    }
    return Set(splits).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let file = ArrayFile.endings.map { opening.split + $0 }.first { files.isFile($0) } ?? split
    self.file = file
    let path = files.path(file)
    let entries = try ArrayFile(file, in: files).entries
    let wanted = opening.options["features"]
    let found = entries[wanted ?? "features"] ?? (wanted == nil ? Self.only(of: entries) : nil)
    guard let entry = found else {
      throw DataError(
        file: path,
        problem: "has no array \(wanted ?? "features"), only \(entries.keys.sorted().prefix(20))",
        advice: "Say which holds the features: {path: …, format: features, features: NAME}")
    }
    self.entry = entry
    let rows = entry.array.shape.first ?? 0
    let rowCount = entry.array.shape.dropFirst()
    guard rows > 0, let width = DeclaredSize.product(rowCount, most: Self.rowMax), width > 0 else {
      throw DataError(
        file: path, problem: "has features of shape \(entry.array.shape)",
        advice: "Store a sample a row, of 1 … \(Self.rowMax) numbers")
    }
    let labels = try Self.labels(opening, entries, rows: rows, file)
    self.labels = labels
    let isListed = files.isFile(Self.labelList)
    let numbers = labels.max().map { (0...$0).map { "\($0)" } } ?? []
    let names = isListed ? try files.lines(of: Self.labelList) : numbers
    if let most = labels.max(), most >= names.count {
      throw DataError(
        file: path, problem: "has label \(most), but \(Self.labelList) names \(names.count)",
        advice: "Correct the labels or the list")
    }
    labelNames = labels.isEmpty ? [] : names
    // A file that is in memory was read when it was opened.
    let readWhole = entry.range(ofRow: 0) == nil ? [file] : []
    listFiles = ([Self.labelList, split + Self.labelEnding] + readWhole).filter { files.isFile($0) }
  }

  public var count: Int { entry.array.shape[0] }

  public func parts(at index: Int) -> [FilePart] { [FilePart(file, entry.range(ofRow: index))] }

  public func name(at index: Int) -> String { "\(files.path(file)), row \(index)" }

  public func sample(at index: Int) throws -> Sample {
    var sample = Sample(id: "\(index)", label: labels.isEmpty ? nil : labels[index])
    sample.features = try entry.row(index, of: file, in: files).tensor()
    return sample
  }

  private static func only(of entries: [String: ArrayFile.Entry]) -> ArrayFile.Entry? {
    entries.count == 1 ? entries.first?.value : nil
  }

  private static func labels(
    _ opening: Opening, _ entries: [String: ArrayFile.Entry], rows: Int, _ file: String
  ) throws -> [Int] {
    let files = opening.files
    let name = opening.options["labels"]
    let beside = opening.split + labelEnding
    var (entry, source) = (entries[name ?? "labels"], file)
    if entry == nil, name == nil, files.isFile(beside) {
      (entry, source) = (try ArrayFile(beside, in: files).entries[ArrayFile.only], beside)
    }
    let path = files.path(source)
    guard let entry else {
      guard let name else { return [] }
      throw DataError(
        file: path, problem: "has no array \(name), only \(entries.keys.sorted().prefix(20))",
        advice: "Name the array of labels, or leave the option out")
    }
    // MATLAB knows no vectors, but rows and columns.
    guard entry.array.count == rows else {
      throw DataError(
        file: path,
        problem: "has labels of shape \(entry.array.shape) for \(rows) rows of features",
        advice: "Store one label for each row")
    }
    var labels = entry.array
    if let first = entry.range(ofRow: 0) {
      let count = rows * labels.type.byteCount
      labels.bytes = try files.bytes(of: source, in: first.lowerBound..<first.lowerBound + count)[
        ...]
    }
    return try labels.indices(file: path, most: labelMax)
  }
}
