import Tensors

/// CIFAR-10 and CIFAR-100 as their Python version: pickled batches of 32×32 pictures.
///
/// CIFAR-10: `data_batch_1` …, `test_batch`, `batches.meta`. CIFAR-100: `train`, `test`, `meta`.
public struct CIFARSource: FileSource {
  public static let format = "cifar"
  public static let summary =
    "CIFAR-10 or CIFAR-100, Python version: data_batch_N, test_batch; train, test"
  public static let options = [
    "labels": "of CIFAR-100, which labels: fine or coarse; fine"
  ]
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [(part: FilePart, label: Int)]

  private static let side = 32
  private static let rowBytes = 3 * side * side
  private static let batch = "data_batch_"
  private static let names = [
    ("batches.meta", "label_names", "labels"), ("meta", "fine_label_names", "fine_labels"),
    ("meta", "coarse_label_names", "coarse_labels"),
  ]

  public static func recognises(_ files: any FileTree) -> Recognition {
    let isKnown = ["batches.meta", "meta"].contains { files.isFile($0) }
    return isKnown && (try? splits(in: files))?.isEmpty == false ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    try files.isFile("meta")
      ? ["test", "train"].filter { files.isFile($0) }
      : ["test", "train"].filter { try !batches(of: $0, in: files).isEmpty }
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let wanted = opening.options["labels"] ?? "fine"
    guard ["fine", "coarse"].contains(wanted) else {
      throw DataError(
        file: "data", problem: "labels is \(wanted.prefix(80))", advice: "Write fine or coarse")
    }
    let isHundred = files.isFile("meta")
    let (meta, nameKey, labelKey) = Self.names[isHundred ? (wanted == "fine" ? 1 : 2) : 0]
    let names = try Self.labelNames(meta, nameKey, files)
    labelNames = names
    let batches = isHundred ? [split] : try Self.batches(of: split, in: files)
    listFiles = [meta] + batches
    items = try batches.flatMap { batch in
      try opening.attempt {
        try Self.items(batch, labelKey, labels: names.count, files)
      } ?? []
    }
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] { [items[index].part] }

  public func name(at index: Int) -> String {
    "\(files.path(items[index].part.file)), picture \(index)"
  }

  public func sample(at index: Int) throws -> Sample {
    let (part, label) = items[index]
    // Red, green and blue one after another.
    let planes = try files.bytes(of: part.file, in: part.range ?? 0..<0)
    let area = Self.side * Self.side
    guard planes.count == Self.rowBytes else {
      throw DataError(
        file: files.path(part.file), problem: "became shorter", advice: "Restore the file")
    }
    let image = ByteTensor(shape: [Self.side, Self.side, 3]) { out in
      for index in out.indices { out[index] = planes[index % 3 * area + index / 3] }
    }
    return Sample(id: "\(index)", image: SampleImage(image), label: label)
  }

  private static func batches(of split: String, in files: any FileTree) throws -> [String] {
    try files.names(in: "").filter {
      split == "train" ? $0.hasPrefix(batch) && files.isFile($0) : $0 == "\(split)_batch"
    }
  }

  private static func labelNames(
    _ meta: String, _ key: String, _ files: any FileTree
  ) throws -> [String] {
    let pickle = try PickleFile(files.bytes(of: meta), file: files.path(meta))
    let names = pickle[key, in: pickle.root].flatMap { pickle.list($0) }?.compactMap(\.text)
    guard let names, !names.isEmpty else {
      throw DataError(
        file: files.path(meta), problem: "has no names under \(key)",
        advice: "Restore the file as it was distributed")
    }
    return names
  }

  /// The pictures stay in the file: a pickled array lies in it as it is.
  private static func items(
    _ batch: String, _ key: String, labels: Int, _ files: any FileTree
  ) throws -> [(part: FilePart, label: Int)] {
    let bytes = try files.bytes(of: batch)
    let pickle = try PickleFile(bytes, file: files.path(batch))
    func problem(_ what: String) -> DataError {
      DataError(
        file: files.path(batch), problem: what, advice: "Restore the file as it was distributed")
    }
    guard let array = pickle["data", in: pickle.root].flatMap({ pickle.array($0) }),
      array.type == .uint8, array.shape.count == 2, array.shape[1] == rowBytes
    else { throw problem("has no array data of \(rowBytes) bytes a row") }
    let values = pickle[key, in: pickle.root].flatMap { pickle.list($0) }?.compactMap(\.integer)
    guard let values, values.count == array.shape[0],
      values.allSatisfy({ (0..<labels).contains($0) })
    else {
      throw problem("has no \(key) of 0 … \(labels - 1) for each of \(array.shape[0]) pictures")
    }
    // Only bytes of the file itself have a place in it; those once written as a text have none.
    let start = array.bytes.startIndex
    guard array.bytes.endIndex <= bytes.count, bytes[start..<array.bytes.endIndex] == array.bytes
    else {
      throw problem("has its pictures as a text (protocol 2 of Python 3)")
    }
    return values.enumerated().map { index, label in
      let first = start + index * rowBytes
      return (FilePart(batch, first..<first + rowBytes), label)
    }
  }
}
