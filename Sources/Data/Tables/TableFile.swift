import FoundationEssentials

/// A table of texts: its rows by their places in the file, its fields by the names of their columns.
struct TableFile {
  /// How rows are written.
  enum Kind: String, CaseIterable {
    case csv, tsv, jsonl

    fileprivate var separator: UInt8 { self == .tsv ? 9 : UInt8(ascii: ",") }
  }

  struct Row {
    let range: Range<Int>
    let line: Int
  }

  let name: String
  let kind: Kind
  /// Of CSV and TSV, from the first record; JSON's rows have their own.
  let columns: [String]
  let rows: [Row]

  /// Reads where the rows are.
  ///
  /// Throws: `DataError` for an unreadable file or header; a file without rows has none.
  init(_ name: String, _ kind: Kind, bytes: [UInt8], path: String) throws {
    self.name = name
    self.kind = kind
    do {
      var records =
        try kind == .jsonl
        ? Self.lines(of: bytes) : DelimitedText.records(of: bytes, separator: kind.separator)
      if kind == .jsonl {
        columns = []
      } else {
        guard !records.isEmpty else {
          throw DataError(
            file: path, problem: "is empty", advice: "Begin with a line of column names")
        }
        let head = records.removeFirst()
        columns = try DelimitedText.fields(
          of: bytes[head.range], separator: kind.separator, line: head.line
        ).map { $0.trimmed }
      }
      rows = records.map { Row(range: $0.range, line: $0.line) }
    } catch let fault as DelimitedText.Fault {
      throw Self.error(fault, path)
    }
  }

  /// A row's fields by column.
  ///
  /// Throws: `DataError` for a row that is none, or has another number of fields than the header.
  func fields(of bytes: ArraySlice<UInt8>, line: Int, path: String) throws -> [String: String] {
    guard kind != .jsonl else { return try Self.object(bytes, line: line, path: path) }
    do {
      let fields = try DelimitedText.fields(of: bytes, separator: kind.separator, line: line)
      guard fields.count == columns.count else {
        throw DelimitedText.Fault(
          line: line, what: "\(fields.count) fields, the header has \(columns.count)")
      }
      return Dictionary(zip(columns, fields), uniquingKeysWith: { first, _ in first })
    } catch let fault as DelimitedText.Fault {
      throw Self.error(fault, path)
    }
  }

  private static func lines(of bytes: [UInt8]) -> [DelimitedText.Record] {
    var records: [DelimitedText.Record] = []
    var (start, line) = (0, 1)
    for index in 0...bytes.count where index == bytes.count || bytes[index] == 10 {
      if bytes[start..<index].contains(where: { $0 > 32 }) {
        records.append(.init(range: start..<index, line: line))
      }
      (start, line) = (index + 1, line + 1)
    }
    return records
  }

  /// The texts and numbers of a JSON object; what else it holds is left out.
  private static func object(
    _ bytes: ArraySlice<UInt8>, line: Int, path: String
  ) throws -> [String: String] {
    do {
      var reader = JSONReader(bytes: Array(bytes))
      var fields: [String: String] = [:]
      try reader.object { reader, key in
        if let text = try reader.stringOrNumber() {
          guard fields.updateValue(text, forKey: key) == nil else {
            throw JSONReader.Fault(position: reader.position, what: "\(key) stands there twice")
          }
        }
      }
      try reader.end()
      return fields
    } catch let fault as JSONReader.Fault {
      throw DataError(
        file: path,
        problem: "line \(line) is no JSON object: at byte \(fault.position): \(fault.what)",
        advice: "Write one JSON object a line")
    }
  }

  private static func error(_ fault: DelimitedText.Fault, _ path: String) -> DataError {
    DataError(
      file: path, problem: "line \(fault.line): \(fault.what)",
      advice: "Quote fields that hold separators, quotes or line ends, and double quotes in them")
  }
}
