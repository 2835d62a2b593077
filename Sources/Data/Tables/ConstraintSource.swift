/// Posts that are `real` or `fake`, as the shared task CONSTRAINT-2021 (English) published them:
/// tables `id,tweet,label`, of which one has no labels.
///
/// Ids count the posts of one file and are unique within it alone.
public struct ConstraintSource: FileSource {
  public static let format = "constraint"
  public static let summary = "posts that are real or fake, as CONSTRAINT-2021 published them"
  public let classNames: [String] = []
  public let labelNames: [String]
  public let split: String
  /// Those with labels, and this one.
  public let splits: [String]
  public let files: any FileTree
  public var listFiles: [String] { [] }
  private let table: TableFile
  private let rows: [TableFile.Row]

  /// In this order, so that `real` is 0.
  public static let labels = ["real", "fake"]
  static let unlabelled = "unlabelled"
  /// The tables by split.
  public static let tables = [
    "test": "english_test_with_labels.csv", "train": "Constraint_Train.csv",
    "unlabelled": "Constraint_Test.csv", "val": "Constraint_Val.csv",
  ]

  public static func recognises(_ files: any FileTree) -> Recognition {
    place(of: "train", in: files) == nil ? .no : .certain
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    tables.keys.sorted().filter { place(of: $0, in: files) != nil }
  }

  /// A split's table; the tables lie in the folder itself, or as in their repository in `data`.
  private static func place(of split: String, in files: any FileTree) -> String? {
    guard let name = tables[split] else { return nil }
    return [name, "data/\(name)"].first { files.isFile($0) }
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening).filter {
      $0 != Self.unlabelled || $0 == opening.split
    }
    let isLabelled = split != Self.unlabelled
    labelNames = isLabelled ? Self.labels : []
    let file = Self.place(of: split, in: files) ?? split
    let path = files.path(file)
    let bytes = try files.bytes(of: file)
    let table = try TableFile(file, .csv, bytes: bytes, path: path)
    self.table = table
    let expected = isLabelled ? ["id", "tweet", "label"] : ["id", "tweet"]
    guard table.columns == expected else {
      throw DataError(
        file: path, problem: "has the columns \(table.columns.prefix(20))",
        advice: "This table's are \(expected.joined(separator: ",")), in its first line")
    }
    guard !table.rows.isEmpty else {
      throw DataError(file: path, problem: "has no posts", advice: "Fetch the file again")
    }
    var known: Set<[UInt8]> = []
    rows = try table.rows.enumerated().compactMap { index, row in
      try opening.attempt {
        let fields = try table.fields(of: bytes[row.range], line: row.line, path: path)
        let place = "record \(index + 1) (line \(row.line))"
        let id = fields["id"] ?? ""
        guard !id.isEmpty, known.insert(Array(id.utf8)).inserted else {
          throw DataError(
            file: path,
            problem: id.isEmpty
              ? "\(place) has no id" : "\(place) has the id \(id.prefix(80)) of an earlier one",
            advice: "Give each post of a file an id of its own")
        }
        guard fields["tweet"]?.isEmpty == false else {
          throw DataError(
            file: path, problem: "\(place) has no text", advice: "Remove the post or add its text")
        }
        guard !isLabelled || Self.labels.contains(fields["label"] ?? "") else {
          throw DataError(
            file: path,
            problem:
              "\(place) has the label \((fields["label"] ?? "").prefix(80).debugDescription)",
            advice: "Labels are \(Self.labels.joined(separator: " and "))")
        }
        return row
      }
    }
  }

  public var count: Int { rows.count }

  public func parts(at index: Int) -> [FilePart] { [FilePart(table.name, rows[index].range)] }

  public func name(at index: Int) -> String { "\(files.path(table.name)):\(rows[index].line)" }

  public func sample(at index: Int) throws -> Sample {
    let row = rows[index]
    let bytes = try files.bytes(of: table.name, in: row.range)
    let fields = try table.fields(of: bytes[...], line: row.line, path: files.path(table.name))
    var sample = Sample(
      id: fields["id"] ?? "", label: fields["label"].flatMap { Self.labels.firstIndex(of: $0) })
    sample.text = fields["tweet"]
    return sample
  }

  /// A table of this layout: records end in CR LF, the last one in nothing.
  ///
  /// `label`: Into `labels`; nil for a table without.
  public static func csv(of posts: [(id: String, text: String, label: Int?)]) -> [UInt8] {
    let isLabelled = posts.contains { $0.label != nil }
    var text = isLabelled ? "id,tweet,label" : "id,tweet"
    for post in posts {
      text += "\r\n\(post.id),\(quoted(post.text))"
      if let label = post.label { text += ",\(labels[label])" }
    }
    return Array(text.utf8)
  }

  private static func quoted(_ field: String) -> String {
    let isPlain = !field.utf8.contains { [34, 44, 10, 13].contains($0) }
    guard !isPlain else { return field }
    var doubled = ""
    for scalar in field.unicodeScalars {
      doubled.unicodeScalars.append(scalar)
      if scalar == "\"" { doubled.unicodeScalars.append(scalar) }
    }
    return "\"\(doubled)\""
  }
}
