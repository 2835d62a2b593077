/// Which source pixels make each output pixel along one axis, with weights that add up to 2¹⁵.
///
/// Integer weights make resampling exact on every processor and leave constant areas constant.
struct AxisTaps {
  static let one: Int32 = 1 << 15

  let width: Int  // taps kept per output pixel
  var starts: [Int32]
  var counts: [Int32]  // 0: outside the image
  var weights: [Int32]  // [outputs, width]

  var outputCount: Int { starts.count }

  /// Source pixels used by any output.
  var range: Range<Int> {
    var low = Int32.max
    var high: Int32 = 0
    for (start, count) in zip(starts, counts) where count > 0 {
      low = min(low, start)
      high = max(high, start + count)
    }
    return low < high ? Int(low)..<Int(high) : 0..<0
  }

  private init(outputs: Int, width: Int) {
    self.width = width
    starts = Array(repeating: 0, count: outputs)
    counts = Array(repeating: 0, count: outputs)
    weights = Array(repeating: 0, count: outputs * width)
  }

  /// Bilinear: a triangle as wide as one output pixel where the image shrinks, so nothing aliases.
  init(
    triangleFrom origin: Float, length: Float, outputs: Int, source: Int, reversed: Bool = false
  ) {
    let scale = length / Float(outputs)
    let support = max(scale, 1)
    self.init(outputs: outputs, width: Int(2 * support) + 3)
    for output in 0..<outputs {
      let place = reversed ? outputs - 1 - output : output
      let center = origin + (Float(place) + 0.5) * scale
      guard center >= 0 && center < Float(source) else { continue }
      let first = max(0, Int((center - support + 0.5).rounded(.down)))
      let last = min(source, Int((center + support + 0.5).rounded(.down)))
      setWeights(output, first, last) { index in
        1 - abs(Float(index) + 0.5 - center) / support
      }
    }
  }

  init(nearestFrom origin: Float, length: Float, outputs: Int, source: Int, reversed: Bool = false)
  {
    let scale = length / Float(outputs)
    self.init(outputs: outputs, width: 1)
    for output in 0..<outputs {
      let place = reversed ? outputs - 1 - output : output
      let center = (origin + (Float(place) + 0.5) * scale).rounded(.down)
      guard center >= 0 && center < Float(source) else { continue }
      starts[output] = Int32(center)
      counts[output] = 1
      weights[output] = Self.one
    }
  }

  /// A Gaussian of `sigma` pixels, cut at three; at the border its inner part, rescaled.
  init(gaussian sigma: Float, count: Int) {
    let radius = max(1, Int((3 * sigma).rounded(.up)))
    let bell = (0...radius).map { distance in
      Float(ExactMath.exp(-Double(distance * distance) / (2 * Double(sigma) * Double(sigma))))
    }
    self.init(outputs: count, width: 2 * radius + 1)
    for output in 0..<count {
      setWeights(output, max(0, output - radius), min(count, output + radius + 1)) { index in
        bell[abs(index - output)]
      }
    }
  }

  private mutating func setWeights(
    _ output: Int, _ first: Int, _ last: Int, _ weight: (Int) -> Float
  ) {
    var sum: Float = 0
    for index in first..<last { sum += max(0, weight(index)) }
    var rest = Self.one
    var largest = 0
    for index in first..<last {
      let value = Int32((max(0, weight(index)) / sum * Float(Self.one)).rounded())
      weights[output * width + index - first] = value
      rest -= value
      if value > weights[output * width + largest] { largest = index - first }
    }
    weights[output * width + largest] += rest
    starts[output] = Int32(first)
    counts[output] = Int32(last - first)
  }
}
