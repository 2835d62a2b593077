import Training

/// A job as its file would have it, a line a key.
enum JobText {
  /// Keys in the order people write them; others follow by name.
  private static let order = [
    "world", "path", "format", "name", "recipe", "data", "batch", "replicas", "epochs", "steps",
    "seed", "options", "optimizer",
    "schedule",
  ]

  /// `{ world: scenes, size: 2000 }`.
  static func flow(_ value: JobValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .integer(let number): "\(number)"
    case .number(let number): self.number(number)
    case .text(let text): isPlain(text) ? text : "'\(text.replacing("'", with: "''"))'"
    case .list(let values): "[\(values.map { flow($0) }.joined(separator: ", "))]"
    case .map(let map):
      map.isEmpty
        ? "{}" : "{ \(sorted(map).map { "\($0.key): \(flow($0.value))" }.joined(separator: ", ")) }"
    }
  }

  static func lines(_ value: JobValue) -> String {
    guard case .map(let map) = value else { return flow(value) }
    return sorted(map).map { "\($0.key): \(flow($0.value))" }.joined(separator: "\n")
  }

  /// Without a fraction where there is none.
  static func number(_ number: Double) -> String {
    let isWhole = number == number.rounded() && abs(number) < 1e9
    return isWhole ? "\(Int(number))" : "\(number)"
  }

  private static func sorted(_ map: [String: JobValue]) -> [(key: String, value: JobValue)] {
    map.sorted { a, b in
      let places = [a.key, b.key].map { order.firstIndex(of: $0) ?? order.count }
      return places[0] == places[1] ? a.key < b.key : places[0] < places[1]
    }
  }

  /// Whether the word stands for itself without quotes.
  private static func isPlain(_ text: String) -> Bool {
    text.first?.isLetter == true
      && text.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
      && !["true", "false", "null"].contains(text.lowercased())
  }
}
