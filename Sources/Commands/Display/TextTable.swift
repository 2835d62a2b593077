/// Rows of text in columns.
package struct TextTable {
  package enum Alignment: Sendable { case left, right }

  private let titles: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  package init(_ columns: [(title: String, alignment: Alignment)]) {
    titles = columns.map(\.title)
    alignments = columns.map(\.alignment)
  }

  package mutating func add(_ row: [String]) {
    precondition(
      row.count == titles.count, "TextTable: \(row.count) cells, \(titles.count) columns")
    rows.append(row)
  }

  /// The rows; lines are cut at `columns`, with an ellipsis.
  package func text(columns: Int = .max) -> String {
    let all = (titles.allSatisfy(\.isEmpty) ? [] : [titles]) + rows
    let widths = titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return alignments[column] == .left ? row[column] + space : space + row[column]
      }
      return cut(String(cells.joined(separator: "  ").trimmingEnd), to: columns)
    }.joined(separator: "\n")
  }
}

extension TextTable {
  /// The table as Markdown has it, its columns aligned also for readers of the source.
  package var markdown: String {
    func safe(_ cell: String) -> String { cell.replacing("|", with: "\\|") }
    let cells = ([titles] + rows).map { $0.map(safe) }
    let widths = titles.indices.map { column in max(3, cells.map { $0[column].count }.max() ?? 0) }
    let lines = cells.map { row in
      row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return alignments[column] == .left ? row[column] + space : space + row[column]
      }
    }
    let rule = titles.indices.map { column in
      let dashes = String(repeating: "-", count: widths[column] - 1)
      return alignments[column] == .left ? dashes + "-" : dashes + ":"
    }
    return ([lines[0], rule] + lines.dropFirst()).map { "| \($0.joined(separator: " | ")) |" }
      .joined(separator: "\n")
  }
}

/// At most `columns` characters.
package func cut(_ text: String, to columns: Int) -> String {
  text.count <= columns ? text : text.prefix(max(0, columns - 1)) + "…"
}

extension String {
  var trimmingEnd: Substring {
    var part = self[...]
    while part.last == " " { part = part.dropLast() }
    return part
  }
}
