/// Reads single annotations of COCO's JSON.
enum COCOAnnotation {
  /// Pixels that a box may stick out of its picture, for rounding.
  private static let overhang = 2.0
  private static let numbersMax = 1 << 20

  static func caption(_ reader: inout JSONReader) throws -> String {
    var caption: String?
    try reader.object { reader, key in
      if key == "caption" { caption = try reader.string() } else { _ = try reader.skip() }
    }
    guard let caption else { throw reader.fault("caption is missing") }
    return caption
  }

  /// `categories`: class indices by category id.
  static func object(
    _ reader: inout JSONReader, in size: ImageSize, categories: [Int: Int]
  ) throws -> Annotation {
    var (category, box, region): (Int?, Box?, Annotation.Region?) = (nil, nil, nil)
    var (isCrowd, keypoints) = (false, [Annotation.Keypoint]())
    try reader.object { reader, key in
      switch key {
      case "category_id":
        let id = try reader.integer()
        guard let index = categories[id] else {
          throw reader.fault("category_id \(id) is not among the categories")
        }
        category = index
      case "bbox": box = try self.box(&reader, in: size)
      case "segmentation": region = try self.region(&reader, in: size)
      case "iscrowd":
        let flag = try reader.integer()
        guard flag <= 1 else { throw reader.fault("iscrowd is \(flag), not 0 or 1") }
        isCrowd = flag == 1
      case "keypoints": keypoints = try self.keypoints(&reader)
      default: _ = try reader.skip()
      }
    }
    guard let category, let box else { throw reader.fault("category_id or bbox is missing") }
    return Annotation(
      category: category, box: box, region: region, isCrowd: isCrowd, keypoints: keypoints)
  }

  private static func box(_ reader: inout JSONReader, in size: ImageSize) throws -> Box {
    let numbers = try reader.numbers(countMax: 4)
    guard numbers.count == 4, numbers[2] >= 0, numbers[3] >= 0,
      numbers[0] >= -overhang, numbers[0] + numbers[2] <= Double(size.width) + overhang,
      numbers[1] >= -overhang, numbers[1] + numbers[3] <= Double(size.height) + overhang
    else {
      throw reader.fault("bbox \(numbers) is not left, top, width, height within \(size) pixels")
    }
    let values = numbers.map { Float($0) }
    return Box(values[0], values[1], values[0] + values[2], values[1] + values[3])
  }

  /// Outlines, or runs as numbers or as COCO's text.
  private static func region(
    _ reader: inout JSONReader, in size: ImageSize
  ) throws -> Annotation.Region {
    guard reader.peek() == UInt8(ascii: "{") else {
      var polygons: [[Float]] = []
      try reader.array { reader in
        let numbers = try reader.numbers(countMax: numbersMax)
        guard numbers.count >= 6, numbers.count % 2 == 0 else {
          throw reader.fault(
            "an outline of \(numbers.count) numbers, expected x, y of 3 points or more")
        }
        guard numbers.allSatisfy({ abs($0) <= Double(2 * Image.sideMax) }) else {
          throw reader.fault("an outline far outside of the picture")
        }
        polygons.append(numbers.map { Float($0) })
      }
      return .polygons(polygons)
    }
    var (runs, declared): ([UInt32]?, [Int]?) = (nil, nil)
    try reader.object { reader, key in
      switch key {
      case "size": declared = try reader.integers(countMax: 2)
      case "counts" where reader.peek() == UInt8(ascii: "["):
        runs = try reader.integers(countMax: numbersMax).map { UInt32(clamping: $0) }
      case "counts":
        let text = try reader.string()
        guard let unpacked = unpacked(text.utf8) else {
          throw reader.fault("counts are no packed runs")
        }
        runs = unpacked
      default: _ = try reader.skip()
      }
    }
    guard let runs, declared == [size.height, size.width],
      let mask = RunLengthMask(size: size, runs: runs)
    else {
      throw reader.fault(
        "runs of size \(declared ?? []) that add up to "
          + "\(runs?.reduce(0) { $0 + Int($1) } ?? 0), the picture has \(size) pixels")
    }
    return .runs(mask)
  }

  private static func keypoints(_ reader: inout JSONReader) throws -> [Annotation.Keypoint] {
    let numbers = try reader.numbers(countMax: 3 * 1_024)
    guard numbers.count % 3 == 0 else {
      throw reader.fault(
        "keypoints are \(numbers.count) numbers, expected x, y, visibility of each")
    }
    return try stride(from: 0, to: numbers.count, by: 3).map { index in
      guard [0, 1, 2].contains(numbers[index + 2]) else {
        throw reader.fault("a keypoint's visibility is \(numbers[index + 2]), not 0, 1 or 2")
      }
      return Annotation.Keypoint(
        x: Float(numbers[index]), y: Float(numbers[index + 1]),
        visibility: UInt8(numbers[index + 2]))
    }
  }

  /// COCO's packing of runs: digits of five bits from the lowest, six bits a letter, the topmost says
  /// that more follow; from the third on, differences from the run before the last. nil for what is none.
  static func unpacked(_ letters: some Sequence<UInt8>) -> [UInt32]? {
    var runs: [Int] = []
    var (value, shift) = (0, 0)
    for letter in letters {
      guard (48..<112).contains(letter), shift < 35 else { return nil }
      let digit = Int(letter) - 48
      value |= (digit & 31) << shift
      shift += 5
      guard digit & 32 == 0 else { continue }
      if digit & 16 != 0 { value -= 1 << shift }
      if runs.count > 2 { value += runs[runs.count - 2] }
      guard (0...Int(UInt32.max)).contains(value) else { return nil }
      runs.append(value)
      (value, shift) = (0, 0)
    }
    return shift == 0 ? runs.map { UInt32($0) } : nil
  }
}
