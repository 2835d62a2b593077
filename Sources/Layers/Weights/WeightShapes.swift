/// Shapes of a file's tensors under our names, from which a model's sizes follow.
struct WeightShapes {
  /// Why no model has these shapes; the tensor has our name.
  struct Fault: Error {
    let name: String
    /// `nil` if it is not there.
    let found: [Int]?
    let expected: String
  }

  /// Beyond it no axis of a model is believed.
  static let axisMax = 1 << 24

  private let byName: [String: [Int]]

  init(_ byName: [String: [Int]]) { self.byName = byName }

  func has(_ name: String) -> Bool { byName[name] != nil }

  func hasAny(below prefix: String) -> Bool {
    byName.keys.contains { $0.hasPrefix(prefix + ".") }
  }

  /// The size of an axis of a tensor of this rank, 1 … 2²⁴.
  ///
  /// Throws `Fault`.
  func axis(_ axis: Int, of name: String, rank: Int) throws -> Int {
    guard let shape = byName[name] else {
      throw Fault(name: name, found: nil, expected: "\(rank) axes")
    }
    guard shape.count == rank else {
      throw Fault(name: name, found: shape, expected: "\(rank) axes")
    }
    guard (1...Self.axisMax).contains(shape[axis]) else {
      throw Fault(name: name, found: shape, expected: "axes of 1 to \(Self.axisMax)")
    }
    return shape[axis]
  }

  /// The side of a square kernel: the last two axes of four.
  ///
  /// Throws `Fault`.
  func kernel(of name: String) throws -> Int {
    let side = try axis(2, of: name, rank: 4)
    guard try axis(3, of: name, rank: 4) == side else {
      throw Fault(name: name, found: byName[name], expected: "a square kernel")
    }
    return side
  }

  /// How many numbers stand directly behind `prefix`, as in "blocks.0.norm1.weight".
  func count(below prefix: String) -> Int {
    var numbers: Set<Substring> = []
    for name in byName.keys where name.hasPrefix(prefix + ".") {
      let piece = name.dropFirst(prefix.count + 1).prefix { $0 != "." }
      if piece.allSatisfy({ $0.isASCII && $0.isNumber }) { numbers.insert(piece) }
    }
    return numbers.count
  }
}
