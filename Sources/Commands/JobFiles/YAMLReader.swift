import Training
import Yams

/// YAML as a `JobValue`, by the core schema of YAML 1.2: `yes` and `off` are texts, `2e-3` is a
/// number, as people expect who do not know that YAML 1.1 says otherwise.
package enum YAMLReader {
  /// More than any job needs; a file whose aliases multiply stops here.
  static let valuesMax = 100_000
  static let depthMax = 64
  /// The parser compares keys that are aliases with all they stand for, before `valuesMax` counts.
  static let aliasesMax = 16
  /// It compares keys that are lists or maps with all that is in them, too, several times at each
  /// level.
  static let keyLevelsMax = 12

  /// The value of a text; `name` is its file's, for errors.
  ///
  /// Throws: `JobError` that names file, line and column.
  package static func value(of text: String, name: String) throws(JobError) -> JobValue {
    guard countAliases(text) <= aliasesMax else {
      throw JobError(
        "", "\(name): more than \(aliasesMax) aliases (*name); write the values out")
    }
    guard keyLevels(text) <= keyLevelsMax else {
      throw JobError(
        "",
        "\(name): more than \(keyLevelsMax) brackets in one another and keys marked with ?; keys are "
          + "words")
    }
    let node: Node?
    do { node = try compose(yaml: text, .basic) } catch {
      throw JobError("", "\(name)\(explain(error))")
    }
    guard let node else { return .null }
    var left = valuesMax
    return try convert(node, name: name, depth: 0, left: &left)
  }

  /// At least as many as there are: a star that begins a word.
  private static func countAliases(_ text: String) -> Int {
    var (count, before) = (0, UInt8(ascii: " "))
    for byte in text.utf8 {
      let isStart = before <= 32 || "[{,:-?".utf8.contains(before)
      if byte == UInt8(ascii: "*"), isStart { count += 1 }
      before = byte
    }
    return count
  }

  /// At least as many levels as there are of keys within keys: those marked with a question mark that
  /// begins a word, and the deepest brackets.
  private static func keyLevels(_ text: String) -> Int {
    var (marks, open, deepest, before) = (0, 0, 0, UInt8(ascii: " "))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "?"): if before <= 32 || "[{,:-?".utf8.contains(before) { marks += 1 }
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        open += 1
        deepest = max(deepest, open)
      case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
      default: break
      }
      before = byte
    }
    return marks + deepest
  }

  private static func convert(
    _ node: Node, name: String, depth: Int, left: inout Int
  ) throws(JobError) -> JobValue {
    left -= 1
    guard left > 0, depth < depthMax else {
      throw JobError("", "\(name): more than \(valuesMax) values or \(depthMax) levels")
    }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      return isPlain ? plain(scalar.string) : .text(scalar.string)
    case .sequence(let sequence):
      var values: [JobValue] = []
      for item in sequence {
        values.append(try convert(item, name: name, depth: depth + 1, left: &left))
      }
      return .list(values)
    case .mapping(let mapping):
      var map: [String: JobValue] = [:]
      for (key, value) in mapping {
        guard case .scalar(let scalar) = key else {
          throw JobError("", "\(name)\(place(key.mark)): a key must be a word")
        }
        map[scalar.string] = try convert(value, name: name, depth: depth + 1, left: &left)
      }
      return .map(map)
    case .alias(let alias):
      throw JobError("", "\(name)\(place(alias.mark)): an alias without its anchor")
    }
  }

  static func plain(_ text: String) -> JobValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".inf", "+.inf": return .number(.infinity)
    case "-.inf": return .number(-.infinity)
    case ".nan": return .number(.nan)
    default: break
    }
    if let whole = Int(text) { return .integer(whole) }
    // Swift also reads "nan", "infinity" and hexadecimal as numbers; YAML does not.
    let isDecimal = text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
    if isDecimal, text.contains(where: \.isNumber), let number = Double(text) {
      return .number(number)
    }
    return .text(text)
  }

  private static func place(_ mark: Mark?) -> String {
    mark.map { ", line \($0.line), column \($0.column)" } ?? ""
  }

  private static func explain(_ error: any Error) -> String {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let begun = context.map { "; \($0.text), begun in line \($0.mark.line)" } ?? ""
      return "\(place(mark)): \(problem)\(begun)"
    case .duplicatedKeysInMapping(let keys, let context):
      return
        "\(place(context.mark)): the key \(keys.sorted().joined(separator: ", ")) is given twice"
    case .reader(let problem, let offset, _, let text):
      let line = text.prefix(offset ?? 0).count { $0 == "\n" } + 1
      return ", line \(line): \(problem)"
    default: return ": \(error)"
    }
  }
}
