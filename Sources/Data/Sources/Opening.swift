/// A split that a format is asked to open: where its files are, what its options say, and what
/// becomes of the problems.
public struct Opening: Sendable {
  public let files: any FileTree
  /// As the data set calls it.
  public let split: String
  /// Values of the format's own keys in `data:`, by name, and of `splitKeys`.
  public let options: [String: String]
  private let report: (@Sendable (DataError) -> Void)?

  /// With `report`, what is wrong with single lines goes there and opening goes on; without, the
  /// first problem ends it.
  public init(
    files: any FileTree, split: String, options: [String: String] = [:],
    report: (@Sendable (DataError) -> Void)? = nil
  ) {
    self.files = files
    self.split = Self.splitKeys.contains(split) ? options[split] ?? split : split
    self.options = options
    self.report = report
  }

  /// Splits that a job asks for. As keys of `data:` they say what the data set calls them:
  /// `train: train2017`.
  public static let splitKeys = ["train", "val", "test"]

  /// What a job calls the data set's splits. With `val: val_pre`, the data set's own `val` cannot be
  /// asked for and is none of them.
  func jobNames(of splits: [String]) -> [String] {
    splits.compactMap { split in
      if let key = Self.splitKeys.first(where: { options[$0] == split }) { return key }
      return Self.splitKeys.contains(split) && options[split] != nil ? nil : split
    }
  }

  /// What `body` makes of a line; nil when its problem was reported.
  ///
  /// Throws: what `body` throws, when nobody asked for reports.
  func attempt<Value>(_ body: () throws -> Value) throws -> Value? {
    guard let report else { return try body() }
    do {
      return try body()
    } catch let error as DataError {
      report(error)
      return nil
    }
  }
}

/// How surely a format knows a folder for its own.
public enum Recognition: Int, Comparable, Sendable {
  case no
  /// A layout that many have: folders of pictures, tables.
  case possible
  /// Names or contents that only this format has.
  case certain

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
