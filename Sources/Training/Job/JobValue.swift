/// A piece of a job file: what YAML or JSON can say, without its syntax.
public enum JobValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([JobValue])
  case map([String: JobValue])

  /// What a person would call it, for error messages.
  public var shown: String {
    switch self {
    case .null: "nothing"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): "'\(value.prefix(200))\(value.utf8.count > 800 ? "…" : "")'"
    case .list(let values): "a list of \(values.count)"
    case .map: "a map"
    }
  }

  /// A whole or fractional number.
  var asNumber: Double? {
    switch self {
    case .integer(let whole): Double(whole)
    case .number(let fraction): fraction
    default: nil
    }
  }

  /// The value at a dotted path, or nil.
  public subscript(path path: String) -> JobValue? {
    var value = self
    for part in path.split(separator: ".") {
      guard case .map(let map) = value, let next = map[String(part)] else { return nil }
      value = next
    }
    return value
  }

  /// Puts `value` at a dotted path, making maps on the way.
  public mutating func set(_ path: some Collection<String>, to value: JobValue) {
    guard let first = path.first else {
      self = value
      return
    }
    var map: [String: JobValue] = [:]
    if case .map(let existing) = self { map = existing }
    var inner = map[first] ?? .null
    inner.set(path.dropFirst(), to: value)
    map[first] = inner
    self = .map(map)
  }

  /// This job with one key changed, by dotted path.
  ///
  /// Whoever sets `steps` over a job that has `epochs` means to replace them, and the reverse.
  package func with(_ key: String, _ new: JobValue) -> JobValue {
    var value = new == .null ? self : lengthReplaced(by: key)
    value.set(key.split(separator: ".").map { String($0) }, to: new)
    return value
  }

  /// Without the other of `epochs` and `steps` if `key` is one of them.
  package func lengthReplaced(by key: String) -> JobValue {
    guard case .map(var map) = self else { return self }
    if key == "steps" { map["epochs"] = nil }
    if key == "epochs" { map["steps"] = nil }
    return .map(map)
  }

  /// This map over `base`: keys here win, maps are merged, all else is replaced.
  public func merged(over base: JobValue) -> JobValue {
    guard case .map(let mine) = self, case .map(let theirs) = base else { return self }
    return .map(theirs.merging(mine) { $1.merged(over: $0) })
  }
}

extension JobValue: Codable {
  /// As deep as a job file may be; the cost of each level grows with its depth.
  private static let depthMax = 64

  /// Throws: `DecodingError`, also for more than 64 levels.
  public init(from decoder: any Decoder) throws {
    guard decoder.codingPath.count <= Self.depthMax else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [],
          debugDescription: "lists and maps are nested in more than \(Self.depthMax) levels"))
    }
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JobValue].self) {
      self = .list(value)
    } else {
      self = .map(try container.decode([String: JobValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .map(let value): try container.encode(value)
    }
  }
}

// So that a job reads in Swift as it does in YAML: ["data": ["world": "scenes"], "batch": 64].
extension JobValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .text(value) }
  public init(arrayLiteral values: JobValue...) { self = .list(values) }

  /// Precondition: no key twice.
  public init(dictionaryLiteral pairs: (String, JobValue)...) {
    self = .map(Dictionary(uniqueKeysWithValues: pairs))
  }
}
