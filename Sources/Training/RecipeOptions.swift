/// The options of a recipe, declared as properties:
///
/// ```swift
/// struct FOCALOptions: RecipeOptions {
///   @Option("Softmax temperature", symbol: "τ", in: 0.001...10) var temperature: Float = 0.1
/// }
/// ```
///
/// `martlet recipes show` prints the declarations; a job's `options:` block sets them by name;
/// unknown names and values out of range are errors.
public protocol RecipeOptions: Sendable {
  init()
}

/// A value that an option may have.
public protocol RecipeOptionValue: Sendable {
  /// Reads the value, or nil if it is of another kind.
  init?(option value: JobValue)
  /// How the kind reads in help: "number", "one of global, local".
  static var kind: String { get }
  var shown: String { get }
}

/// One option: its default, meaning, unit, range and the paper's symbol.
@propertyWrapper
public struct Option<Value: RecipeOptionValue>: Sendable, AnyOption {
  /// Shared by copies of the wrapper; written while a job is read, before anyone else sees it.
  private final class Box: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
  }

  private let box: Box
  private let accepts: @Sendable (Value) -> Bool
  public let declaration: OptionDeclaration

  public var wrappedValue: Value { box.value }
  var shown: String { box.value.shown }

  public init(
    wrappedValue: Value, _ meaning: String, symbol: String? = nil, unit: String? = nil
  ) {
    self.init(wrappedValue, meaning, symbol, unit, range: nil) { _ in true }
  }

  public init(
    wrappedValue: Value, _ meaning: String, symbol: String? = nil, unit: String? = nil,
    in range: ClosedRange<Value>
  ) where Value: Comparable {
    self.init(
      wrappedValue, meaning, symbol, unit,
      range: "\(range.lowerBound.shown) to \(range.upperBound.shown)"
    ) { range.contains($0) }
  }

  private init(
    _ value: Value, _ meaning: String, _ symbol: String?, _ unit: String?, range: String?,
    accepts: @escaping @Sendable (Value) -> Bool
  ) {
    box = Box(value)
    self.accepts = accepts
    declaration = OptionDeclaration(
      meaning: meaning, symbol: symbol, unit: unit, kind: Value.kind, range: range,
      standard: value.shown)
  }

  func set(_ value: JobValue, key: String) throws(JobError) {
    guard let read = Value(option: value) else {
      throw JobError(key, "found \(value.shown), expected \(Value.kind)")
    }
    guard accepts(read) else {
      throw JobError(key, "found \(value.shown), expected \(declaration.range ?? Value.kind)")
    }
    box.value = read
  }
}

/// What `martlet recipes show` says of an option.
public struct OptionDeclaration: Sendable, Equatable {
  public var name = ""
  public let meaning: String
  public let symbol: String?
  public let unit: String?
  public let kind: String
  public let range: String?
  /// The default.
  public let standard: String
}

protocol AnyOption {
  var declaration: OptionDeclaration { get }
  /// The value that it has.
  var shown: String { get }
  func set(_ value: JobValue, key: String) throws(JobError)
}

extension RecipeOptions {
  /// All options in the order they are written.
  public static var declarations: [OptionDeclaration] {
    Self().options.map { name, option in
      var declaration = option.declaration
      declaration.name = name
      return declaration
    }
  }

  /// Reads a job's `options:` block.
  public init(reading values: [String: JobValue]) throws(JobError) {
    self.init()
    let options = options
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let option = options.first(where: { $0.0 == name })?.1 else {
        throw JobError(
          "options.\(name)", "unknown option; " + JobReader.unknown(name, among: options.map(\.0)))
      }
      try option.set(value, key: "options.\(name)")
    }
  }

  /// Every option with its value, in the order they are written.
  public var values: [(name: String, shown: String)] {
    options.map { (name: $0, shown: $1.shown) }
  }

  private var options: [(String, any AnyOption)] {
    Mirror(reflecting: self).children.compactMap { label, value in
      guard let label, let option = value as? any AnyOption else { return nil }
      return (String(label.drop { $0 == "_" }), option)
    }
  }
}

extension Float: RecipeOptionValue {
  public init?(option value: JobValue) {
    guard let number = value.asNumber, Float(number).isFinite else { return nil }
    self = Float(number)
  }
  public static var kind: String { "a number" }
  public var shown: String { "\(self)" }
}

extension Int: RecipeOptionValue {
  public init?(option value: JobValue) {
    guard case .integer(let whole) = value else { return nil }
    self = whole
  }
  public static var kind: String { "a whole number" }
  public var shown: String { "\(self)" }
}

extension Bool: RecipeOptionValue {
  public init?(option value: JobValue) {
    guard case .bool(let flag) = value else { return nil }
    self = flag
  }
  public static var kind: String { "true or false" }
  public var shown: String { "\(self)" }
}

extension String: RecipeOptionValue {
  public init?(option value: JobValue) {
    guard case .text(let text) = value else { return nil }
    self = text
  }
  public static var kind: String { "a text" }
  public var shown: String { self }
}

/// An option that is one of a few words: declare `enum Negatives: String, OptionChoice`.
public protocol OptionChoice: RecipeOptionValue, CaseIterable, RawRepresentable
where RawValue == String {}

extension OptionChoice {
  public init?(option value: JobValue) {
    guard case .text(let text) = value else { return nil }
    self.init(rawValue: text)
  }
  public static var kind: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
  public var shown: String { rawValue }
}
