import CKernels

/// Which source pixels make each output pixel along one axis, with weights that add up to 2¹⁵.
///
/// Integer weights make resampling exact on every processor and leave constant areas constant.
struct AxisTaps {
  static let one: Int32 = 1 << 15

  let width: Int  // taps kept per output pixel
  private(set) var starts: [Int32]
  private(set) var counts: [Int32]  // 0: outside the image
  private(set) var weights: [Int32]  // [outputs, width]

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

  /// The pixels `cells` of a view.
  ///
  /// As Pillow's `resize` with a box: the kernel is as wide as one output pixel where the image
  /// shrinks, so nothing aliases, and what it has outside the image is given to what is inside.
  init(_ filter: ResamplingFilter, _ axis: ViewAxis, cells: Range<Int>) {
    let stretch = max(axis.scale, 1)
    let support = filter.support * stretch
    self.init(outputs: cells.count, width: filter == .nearest ? 1 : Int(2 * support) + 3)
    var values: [Float] = []
    for (output, cell) in cells.enumerated() {
      guard axis.isInside(cell) else { continue }
      let center = axis.middle(of: cell)
      if filter == .nearest {
        (starts[output], counts[output], weights[output]) = (Int32(center), 1, Self.one)
        continue
      }
      let first = max(0, Int((center - support + 0.5).rounded(.down)))
      let last = min(axis.source, Int((center + support + 0.5).rounded(.down)))
      values.removeAll(keepingCapacity: true)
      for index in first..<last {
        values.append(filter.weight((Float(index) + 0.5 - center) / stretch))
      }
      setWeights(output, first, values)
    }
  }

  /// A Gaussian of `sigma` pixels, cut at three; beyond the border the image is mirrored, its
  /// outermost pixel not repeated.
  init(gaussian sigma: Float, count: Int) {
    let radius = max(1, Int((3 * sigma).rounded(.up)))
    let bell = (0...radius).map { distance in
      Float(ExactMath.exp(-Double(distance * distance) / (2 * Double(sigma) * Double(sigma))))
    }
    self.init(outputs: count, width: 2 * radius + 1)
    let period = max(1, 2 * (count - 1))
    var values: [Float] = []
    for output in 0..<count {
      let first = max(0, output - radius)
      values.removeAll(keepingCapacity: true)
      values.append(contentsOf: repeatElement(0, count: min(count, output + radius + 1) - first))
      for place in output - radius...output + radius {
        let folded = (place % period + period) % period
        values[min(folded, period - folded) - first] += bell[abs(place - output)]
      }
      setWeights(output, first, values)
    }
  }

  /// The same taps on an image that begins at source pixel `origin`.
  func moved(to origin: Int) -> AxisTaps {
    var taps = self
    for output in 0..<outputCount where counts[output] > 0 {
      taps.starts[output] -= Int32(origin)
    }
    return taps
  }

  private mutating func setWeights(_ output: Int, _ first: Int, _ values: [Float]) {
    let sum = values.reduce(0, +)
    var rest = Self.one
    var largest = 0
    for (index, value) in values.enumerated() {
      let weight = Int32((value / sum * Float(Self.one)).rounded())
      weights[output * width + index] = weight
      rest -= weight
      if weight > weights[output * width + largest] { largest = index }
    }
    weights[output * width + largest] += rest
    starts[output] = Int32(first)
    counts[output] = Int32(values.count)
  }

  /// The taps as the kernels read them.
  func withKernelTaps<R>(_ body: (UnsafePointer<mk_taps>) -> R) -> R {
    starts.withUnsafeBufferPointer { start in
      counts.withUnsafeBufferPointer { count in
        weights.withUnsafeBufferPointer { weight in
          var taps = mk_taps(
            outputs: Int64(outputCount), width: Int64(width), start: start.baseAddress,
            count: count.baseAddress, weight: weight.baseAddress)
          return body(&taps)
        }
      }
    }
  }
}
