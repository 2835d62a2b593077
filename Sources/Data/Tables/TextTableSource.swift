/// Texts to classify: `SPLIT.csv`, `SPLIT.tsv` or `SPLIT.jsonl`, a text and its label a row.
///
/// Columns are found by name. Labels are the names in `labels.txt`, or else all that occur in the
/// data set's tables, in byte order, so that every split has the same.
public struct TextTableSource: FileSource {
  public static let format = "text"
  public static let summary = "texts to classify: SPLIT.csv, SPLIT.tsv or SPLIT.jsonl"
  public static let options = [
    "text": "the column with the text; text",
    "label": "the column with the label; label",
    "id": "the column with the row's name; id, or the row's number where there is none",
  ]
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let table: TableFile
  private let columns: Columns
  private let rows: [TableFile.Row]
  private let labels: [String: Int]

  private static let labelList = "labels.txt"
  /// More labels than this are free text in the wrong column.
  private static let labelsMax = 10_000

  private struct Columns {
    let text: String
    let label: String
    let id: String

    init(_ options: [String: String]) {
      text = options["text"] ?? "text"
      label = options["label"] ?? "label"
      id = options["id"] ?? "id"
    }
  }

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let tables = try? tables(in: files), !tables.isEmpty else { return .no }
    return .possible
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    try tables(in: files).map(\.split)
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let columns = Columns(opening.options)
    self.columns = columns
    let tables = try Self.tables(in: files)
    let mine = tables.first { $0.split == opening.split } ?? tables[0]
    let bytes = try files.bytes(of: mine.file)
    let table = try TableFile(mine.file, mine.kind, bytes: bytes, path: files.path(mine.file))
    self.table = table
    guard !table.rows.isEmpty else {
      throw DataError(
        file: files.path(mine.file), problem: "has no rows", advice: "Write one text a row")
    }
    try Self.requireColumns(columns, in: table, path: files.path(mine.file))
    let labelled = table.kind == .jsonl || table.columns.contains(columns.label)
    let isListed = files.isFile(Self.labelList)
    let names =
      isListed
      ? try files.lines(of: Self.labelList) : try Self.labels(in: tables, of: files, columns.label)
    let labels = Dictionary(
      names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    rows = try table.rows.compactMap { row in
      try opening.attempt {
        let fields = try table.fields(
          of: bytes[row.range], line: row.line, path: files.path(mine.file))
        try Self.check(fields, row, columns, labels, labelled, path: files.path(mine.file))
        return row
      }
    }
    (self.labels, labelNames) = (labels, names)
    listFiles = isListed ? [Self.labelList, mine.file] : tables.map(\.file)
  }

  public var count: Int { rows.count }

  public func parts(at index: Int) -> [FilePart] { [FilePart(table.name, rows[index].range)] }

  public func name(at index: Int) -> String { "\(files.path(table.name)):\(rows[index].line)" }

  public func sample(at index: Int) throws -> Sample {
    let row = rows[index]
    let bytes = try files.bytes(of: table.name, in: row.range)
    let fields = try table.fields(of: bytes[...], line: row.line, path: files.path(table.name))
    var sample = Sample(
      id: fields[columns.id] ?? "\(index)", label: fields[columns.label].flatMap { labels[$0] })
    sample.text = fields[columns.text]
    return sample
  }

  private static func tables(
    in files: any FileTree
  ) throws -> [(split: String, file: String, kind: TableFile.Kind)] {
    try files.names(in: "").compactMap { name in
      guard let kind = TableFile.Kind.allCases.first(where: { name.hasSuffix(".\($0.rawValue)") }),
        files.isFile(name)
      else { return nil }
      return (String(name.dropLast(kind.rawValue.count + 1)), name, kind)
    }
  }

  private static func requireColumns(
    _ columns: Columns, in table: TableFile, path: String
  ) throws {
    guard table.kind != .jsonl, !table.columns.contains(columns.text) else { return }
    throw DataError(
      file: path,
      problem: "has no column \(columns.text), only \(table.columns.prefix(20))",
      advice: "Say which holds the text: {path: …, format: text, text: COLUMN, label: COLUMN}")
  }

  private static func check(
    _ fields: [String: String], _ row: TableFile.Row, _ columns: Columns, _ labels: [String: Int],
    _ labelled: Bool, path: String
  ) throws {
    guard fields[columns.text] != nil else {
      throw DataError(
        file: path, problem: "line \(row.line) has no \(columns.text)",
        advice: "Add the text, or say which column holds it: text: COLUMN")
    }
    guard labelled, let label = fields[columns.label], labels[label] == nil else { return }
    throw DataError(
      file: path,
      problem: "line \(row.line) has label \(label.prefix(80).debugDescription), which "
        + "\(labelList) does not name",
      advice: "Correct the label or add it to \(labelList)")
  }

  /// All labels of all tables; rows that cannot be read have none here and are found when their own
  /// split is opened.
  private static func labels(
    in tables: [(split: String, file: String, kind: TableFile.Kind)], of files: any FileTree,
    _ column: String
  ) throws -> [String] {
    var names: Set<String> = []
    for (_, file, kind) in tables {
      let (bytes, path) = (try files.bytes(of: file), files.path(file))
      guard let table = try? TableFile(file, kind, bytes: bytes, path: path) else { continue }
      for row in table.rows {
        let fields = try? table.fields(of: bytes[row.range], line: row.line, path: path)
        if let label = fields?[column] { names.insert(label) }
      }
      guard names.count <= labelsMax else {
        throw DataError(
          file: path,
          problem: "has more than \(labelsMax) different labels in column \(column)",
          advice: "Name the right column (label: COLUMN), or list the labels in \(labelList)")
      }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
