import Tensors

/// One line of a layout's table: the names that a tensor of ours has there, and how it lies in files.
///
/// In names `#` stands for a number, the same on both sides, and a final `*` for any rest.
struct WeightRule: Sendable {
  enum Form: Sendable {
    case same
    /// A matrix that the other side has transposed.
    case transposed
    /// Ours is theirs one after another along the first axis.
    case stacked
  }

  let theirs: [NamePattern]
  let ours: NamePattern
  let form: Form

  init(_ theirs: String, _ ours: String, _ form: Form = .same) {
    self.theirs = [NamePattern(theirs)]
    self.ours = NamePattern(ours)
    self.form = form
  }

  init(stacking theirs: [String], as ours: String) {
    self.theirs = theirs.map { NamePattern($0) }
    self.ours = NamePattern(ours)
    form = .stacked
  }

  /// The shape of each of theirs, for a shape of ours.
  func theirShape(_ ours: [Int]) -> [Int] {
    switch form {
    case .same: ours
    case .transposed: ours.reversed()
    case .stacked: [ours[0] / theirs.count] + ours.dropFirst()
    }
  }

  /// The shape of ours, for a shape of the first of theirs; `nil` where there can be none.
  func ourShape(_ theirs: [Int]) -> [Int]? {
    switch form {
    case .same: theirs
    case .transposed: theirs.count == 2 ? theirs.reversed() : nil
    case .stacked:
      theirs.first.map { [$0.multipliedReportingOverflow(by: self.theirs.count).partialValue] }
        .map { $0 + theirs.dropFirst() }
    }
  }

  /// Theirs → ours. Precondition: shapes are those of `theirShape`.
  func imported(_ parts: [Tensor]) -> Tensor {
    switch form {
    case .same: parts[0]
    case .transposed: parts[0].transposed.contiguous()
    case .stacked: concatenated(parts, axis: 0)
    }
  }

  /// Ours → theirs, the inverse of `imported`.
  func exported(_ x: Tensor) -> [Tensor] {
    switch form {
    case .same: return [x]
    case .transposed: return [x.transposed.contiguous()]
    case .stacked:
      let rows = x.shape[0] / theirs.count
      return theirs.indices.map {
        x.sliced(axis: 0, $0 * rows..<($0 + 1) * rows).contiguous()
      }
    }
  }
}

/// A name with places for numbers (`#`) and, at its end, for anything (`*`).
struct NamePattern: Sendable {
  private let parts: [Substring]

  init(_ text: String) { parts = text.split(separator: ".", omittingEmptySubsequences: false) }

  /// What stands in the places, in order; `nil` for a name that does not fit.
  func places(in name: String) -> [Substring]? {
    var rest = name[...]
    var found: [Substring] = []
    for (index, part) in parts.enumerated() {
      if part == "*" { return rest.isEmpty ? nil : found + [rest] }
      let end = rest.firstIndex(of: ".") ?? rest.endIndex
      let piece = rest[..<end]
      if part == "#" {
        guard !piece.isEmpty, piece.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        found.append(piece)
      } else if piece != part {
        return nil
      }
      if index == parts.count - 1 { return end == rest.endIndex ? found : nil }
      guard end < rest.endIndex else { return nil }
      rest = rest[rest.index(after: end)...]
    }
    return nil
  }

  /// The name with these in its places. Precondition: as many as there are places.
  func filled(with found: [Substring]) -> String {
    var next = found.makeIterator()
    return parts.map { part in
      guard part == "#" || part == "*" else { return String(part) }
      guard let piece = next.next() else { preconditionFailure("NamePattern: a place is empty") }
      return String(piece)
    }.joined(separator: ".")
  }
}
