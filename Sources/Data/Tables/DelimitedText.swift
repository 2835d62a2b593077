/// Comma-separated values by RFC 4180: fields may be quoted, and then hold separators, line ends and
/// doubled quotes. Line ends are LF, CR LF or CR; a byte order mark is passed over.
struct DelimitedText {
  /// A record's bytes, without its line end, and the line it begins on.
  struct Record {
    let range: Range<Int>
    let line: Int
  }

  struct Fault: Error {
    let line: Int
    let what: String
  }

  private static let quote = UInt8(ascii: "\"")

  /// Where the records are; empty lines are none.
  ///
  /// Throws: `Fault` for a quoted field without end.
  static func records(of bytes: [UInt8], separator: UInt8) throws -> [Record] {
    var records: [Record] = []
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var (line, firstLine, quoted) = (1, 1, false)
    // A quote opens a field only at its beginning, elsewhere it is a letter; the second of two
    // doubled ones opens it again.
    var (fieldBegins, closed) = (true, false)
    var index = start
    func add(_ end: Int) {
      if end > start { records.append(.init(range: start..<end, line: firstLine)) }
    }
    while index < bytes.count {
      let byte = bytes[index]
      let endsLine = byte == 10 || byte == 13
      if endsLine {
        let isPair = byte == 13 && index + 1 < bytes.count && bytes[index + 1] == 10
        line += 1
        if !quoted {
          add(index)
          if isPair { index += 1 }
          if !quoted { (start, firstLine, fieldBegins, closed) = (index + 1, line, true, false) }
        } else if isPair {
          index += 1
        }
      } else if quoted {
        quoted = byte != quote
        closed = !quoted
      } else {
        quoted = byte == quote && (fieldBegins || closed)
        fieldBegins = byte == separator
        closed = false
      }
      index += 1
    }
    guard !quoted else { throw Fault(line: firstLine, what: "a quoted field has no end") }
    add(bytes.count)
    return records
  }

  /// The fields of one record.
  ///
  /// Throws: `Fault` for what follows a closing quote, a quote without end, and what is not UTF-8.
  static func fields(of bytes: ArraySlice<UInt8>, separator: UInt8, line: Int) throws -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var rest = bytes
    func close() throws {
      guard let text = String(validating: field, as: UTF8.self) else {
        throw Fault(line: line, what: "field \(fields.count + 1) is not UTF-8 text")
      }
      fields.append(text)
      field = []
    }
    while true {
      if rest.first == quote {
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
          if byte != quote {
            field.append(byte)
          } else if rest.first == quote {
            field.append(quote)
            rest = rest.dropFirst()
          } else {
            break
          }
          guard !rest.isEmpty else { throw Fault(line: line, what: "a quoted field has no end") }
        }
        guard rest.isEmpty || rest.first == separator else {
          throw Fault(line: line, what: "field \(fields.count + 1) goes on after its closing quote")
        }
      } else {
        let end = rest.firstIndex(of: separator) ?? rest.endIndex
        field += rest[..<end]
        rest = rest[end...]
      }
      try close()
      guard rest.popFirst() != nil else { return fields }
    }
  }
}
