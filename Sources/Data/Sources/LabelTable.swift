/// What the values of a mask file mean: a class index, `ignoredLabel`, or nothing (an error).
struct LabelTable: Sendable {
  let classCount: Int
  private var meanings: [UInt8?]

  /// Values are class indices, 255 is unknown.
  init(classes: Int) {
    classCount = classes
    meanings = (0..<256).map { $0 < classes ? UInt8($0) : nil }
    meanings[Int(ignoredLabel)] = ignoredLabel
  }

  /// The values of `values` are the classes 0, 1, …; those of `ignored`, and 255, are unknown.
  init(values: [UInt8], ignored: some Sequence<UInt8>) {
    classCount = values.count
    meanings = Array(repeating: nil, count: 256)
    for value in ignored { meanings[Int(value)] = ignoredLabel }
    meanings[Int(ignoredLabel)] = ignoredLabel
    for (index, value) in values.enumerated() { meanings[Int(value)] = UInt8(index) }
  }

  /// Reads one more value as unknown.
  func ignoring(_ value: UInt8) -> LabelTable {
    var table = self
    table.meanings[Int(value)] = ignoredLabel
    return table
  }

  subscript(value: UInt8) -> UInt8? { meanings[Int(value)] }

  /// Whether reading changes nothing.
  func keeps(_ value: UInt8) -> Bool { meanings[Int(value)] == value }

  /// "0 … 10, 255": for messages.
  var described: String {
    var ranges: [ClosedRange<Int>] = []
    for value in 0..<256 where meanings[value] != nil {
      if let last = ranges.last, last.upperBound == value - 1 {
        ranges[ranges.count - 1] = last.lowerBound...value
      } else {
        ranges.append(value...value)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) … \($0.upperBound)" }
      .joined(separator: ", ")
  }
}
