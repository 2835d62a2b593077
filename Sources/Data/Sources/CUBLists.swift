/// The four lists of CUB-200-2011, each line a number and what belongs to it.
struct CUBLists {
  struct Picture {
    let file: String
    let classNumber: Int
    let box: Box
  }

  private let opening: Opening
  private var files: any FileTree { opening.files }

  /// Coordinates beyond are a mistake rather than a picture.
  private static let coordinateMax: Float = 1_000_000

  init(_ opening: Opening) { self.opening = opening }

  /// Names by number.
  func classes() throws -> [Int: String] {
    try table(CUBSource.classList, "NUMBER NAME") { $0.isEmpty ? nil : $0 }
  }

  /// In the order of `images.txt`.
  func pictures() throws -> [Picture] {
    let classes = try table(CUBSource.labelList, "IMAGE CLASS") { Int($0) }
    let boxes = try table(CUBSource.boxList, "IMAGE X Y WIDTH HEIGHT") { Self.box($0) }
    let known = try self.classes()
    return try lines(CUBSource.imageList, "NUMBER FILE") { $0.isEmpty ? nil : $0 }
      .compactMap { line, number, name in
        try opening.attempt {
          let place = "line \(line) of \(files.path(CUBSource.imageList))"
          guard let classNumber = classes[number], let box = boxes[number] else {
            let list = classes[number] == nil ? CUBSource.labelList : CUBSource.boxList
            throw DataError(
              file: files.path(list), problem: "has no image \(number), but \(place) lists it",
              advice: "Add its line, or take the image out")
          }
          guard known[classNumber] != nil else {
            throw DataError(
              file: files.path(CUBSource.labelList),
              problem: "puts image \(number) in class \(classNumber), which "
                + "\(CUBSource.classList) does not name",
              advice: "Correct the class, or name it")
          }
          let file = "\(CUBSource.imageFolder)/\(name)"
          try files.requireFile(file, namedBy: place)
          return Picture(file: file, classNumber: classNumber, box: box)
        }
      }
  }

  private static func box(_ text: String) -> Box? {
    let words = text.split(separator: " ")
    let values = words.compactMap { Float($0) }
    guard words.count == 4, values.count == 4,
      values.allSatisfy({ $0.isFinite && abs($0) <= coordinateMax }), values[2] > 0, values[3] > 0
    else { return nil }
    return Box(values[0], values[1], values[0] + values[2], values[1] + values[3])
  }

  /// What stands behind each number of a list.
  private func table<Value>(
    _ list: String, _ form: String, _ read: (String) -> Value?
  ) throws -> [Int: Value] {
    try Dictionary(
      lines(list, form, read).map { ($0.number, $0.value) }, uniquingKeysWith: { first, _ in first }
    )
  }

  private func lines<Value>(
    _ list: String, _ form: String, _ read: (String) -> Value?
  ) throws -> [(line: Int, number: Int, value: Value)] {
    var seen: Set<Int> = []
    return try files.numberedLines(of: list).compactMap { line, text in
      try opening.attempt {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]), number > 0,
          let value = read(String(parts[1]).trimmed)
        else {
          throw DataError(
            file: files.path(list), problem: "line \(line) is not \"\(form)\": \(text.prefix(120))",
            advice: "Restore the line as the archive has it")
        }
        guard seen.insert(number).inserted else {
          throw DataError(
            file: files.path(list), problem: "line \(line) has number \(number) again",
            advice: "Give each number one line")
        }
        return (line, number, value)
      }
    }
  }
}
