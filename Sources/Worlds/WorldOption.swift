import Data

/// A value in a job's `data:` section.
public enum OptionValue: Hashable, Sendable, Codable, CustomStringConvertible {
  case integer(Int)
  case number(Double)
  case text(String)
  case flag(Bool)

  /// As a command line has it: a flag or a number where it is one.
  public init(text: String) {
    self =
      Bool(text).map { .flag($0) } ?? Int(text).map { .integer($0) }
      ?? Double(text).map { .number($0) } ?? .text(text)
  }

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let integer = try? value.decode(Int.self) {
      self = .integer(integer)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try value.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .flag(let value): try container.encode(value)
    }
  }

  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): value
    case .flag(let value): "\(value)"
    }
  }
}

extension OptionValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral
{
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .text(value) }
  public init(booleanLiteral value: Bool) { self = .flag(value) }
}

/// An option of a world, for help and for checking. All are whole numbers so far.
public struct WorldOption: Hashable, Sendable {
  public let name: String
  public let standard: Int
  public let range: ClosedRange<Int>
  public let meaning: String

  public init(_ name: String, _ standard: Int, in range: ClosedRange<Int>, _ meaning: String) {
    self.name = name
    self.standard = standard
    self.range = range
    self.meaning = meaning
  }
}

extension World {
  /// Checked values of all options, defaults filled in.
  ///
  /// Throws: `DataError` for an unknown name (nearest suggestion), a value of another kind or range.
  static func checked(_ given: [String: OptionValue]) throws -> [String: Int] {
    let names = options.map(\.name)
    for name in given.keys.sorted() where !names.contains(name) {
      let near = nearest(to: name, among: names).map { "Did you mean \($0)? " } ?? ""
      throw DataError(
        file: "world \(self.name)", problem: "has no option \(name)",
        advice: "\(near)Options are \(names.joined(separator: ", "))")
    }
    var values: [String: Int] = [:]
    for option in options {
      switch given[option.name] {
      case nil: values[option.name] = option.standard
      case .integer(let value) where option.range.contains(value): values[option.name] = value
      case .some(let value):
        throw DataError(
          file: "world \(self.name)",
          problem: "option \(option.name) is \(value), not a whole number from "
            + "\(option.range.lowerBound) to \(option.range.upperBound)",
          advice: "It is the \(option.meaning); the default is \(option.standard)")
      }
    }
    return values
  }
}
