import Data

/// Reads one map of a job file strictly: every key is asked for by name, with its range; a key that
/// nobody asked for is an error that names the nearest known one.
struct JobReader {
  private let map: [String: JobValue]
  private let path: String
  private var asked: [String] = []

  init(_ value: JobValue?, path: String) throws(JobError) {
    self.path = path
    switch value {
    case .map(let map): self.map = map
    case nil, .null: map = [:]
    case .some(let other):
      throw JobError(path, "found \(other.shown), expected a map of keys")
    }
  }

  func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  mutating func value(_ key: String) -> JobValue? {
    asked.append(key)
    if case .null = map[key] { return nil }
    return map[key]
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(JobError) -> Int? {
    guard let value = value(key) else { return nil }
    guard case .integer(let number) = value, range.contains(number) else {
      let bound =
        range.upperBound == .max
        ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
      throw JobError(full(key), "found \(value.shown), expected a whole number, \(bound)")
    }
    return number
  }

  mutating func number(_ key: String, in range: ClosedRange<Double>) throws(JobError) -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.asNumber, range.contains(number) else {
      let bound =
        range.upperBound == .infinity
        ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
      throw JobError(full(key), "found \(value.shown), expected a number, \(bound)")
    }
    return number
  }

  mutating func bool(_ key: String) throws(JobError) -> Bool? {
    guard let value = value(key) else { return nil }
    guard case .bool(let flag) = value else {
      throw JobError(full(key), "found \(value.shown), expected true or false")
    }
    return flag
  }

  mutating func text(_ key: String) throws(JobError) -> String? {
    guard let value = value(key) else { return nil }
    guard case .text(let text) = value, !text.isEmpty else {
      throw JobError(full(key), "found \(value.shown), expected a text")
    }
    return text
  }

  /// One of `choices`.
  mutating func choice(_ key: String, of choices: [String]) throws(JobError) -> String? {
    guard let text = try text(key) else { return nil }
    guard choices.contains(text) else {
      throw JobError(full(key), Self.unknown(text, among: choices))
    }
    return text
  }

  mutating func list(_ key: String) throws(JobError) -> [JobValue]? {
    guard let value = value(key) else { return nil }
    guard case .list(let values) = value else {
      throw JobError(full(key), "found \(value.shown), expected a list")
    }
    return values
  }

  /// Throws if the map has a key that was never asked for.
  func finish() throws(JobError) {
    for key in map.keys.sorted() where !asked.contains(key) {
      throw JobError(full(key), "unknown key; " + Self.unknown(key, among: asked))
    }
  }

  /// The error for a required key that is not there: perhaps it is, mistyped.
  func missing(_ key: String, _ advice: String) -> JobError {
    let others = map.keys.filter { !asked.contains($0) }.sorted()
    if let typo = nearest(to: key, among: others) {
      return JobError(full(typo), "unknown key; did you mean '\(key)'?")
    }
    return JobError(full(key), "missing; \(advice)")
  }

  static func unknown(_ name: String, among known: [String]) -> String {
    let suggestion = nearest(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
    return "found '\(name)'; \(suggestion)known: \(known.sorted().joined(separator: ", "))"
  }
}
