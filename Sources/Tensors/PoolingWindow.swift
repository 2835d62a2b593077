/// The sizes of windows sliding over three spatial axes, of which those a tensor lacks have size 1.
package struct PoolingWindow: Sendable {
  package let batch: Int
  package let channels: Int
  package let input: [Int]
  package let output: [Int]
  package let kernel: [Int]
  package let stride: [Int]
  package let padding: [Int]
  package let inputShape: [Int]
  package let outputShape: [Int]

  init(
    _ operation: String, _ shape: [Int], kernel: [Int], stride: [Int]?, padding: [Int]?,
    ceilMode: Bool
  ) {
    let rank = shape.count - 2
    let stride = stride ?? kernel
    let padding = padding ?? [Int](repeating: 0, count: max(0, rank))
    precondition(
      (1...3).contains(rank) && kernel.count == rank && stride.count == rank
        && padding.count == rank && kernel.allSatisfy { $0 >= 1 } && stride.allSatisfy { $0 >= 1 },
      "\(operation): kernel \(kernel), stride \(stride), padding \(padding) for shape \(shape)")
    precondition(
      zip(padding, kernel).allSatisfy { $0 >= 0 && 2 * $0 <= $1 },
      "\(operation): padding \(padding) must be at most half of kernel \(kernel)")
    let ones = [Int](repeating: 1, count: 3 - rank)
    let zeros = [Int](repeating: 0, count: 3 - rank)
    batch = shape[0]
    channels = shape[rank + 1]
    input = ones + shape[1...rank]
    self.kernel = ones + kernel
    self.stride = ones + stride
    self.padding = zeros + padding
    var sizes: [Int] = []
    for axis in 0..<3 {
      let room = input[axis] + 2 * self.padding[axis] - self.kernel[axis]
      precondition(room >= 0, "\(operation): kernel \(kernel) is larger than input \(shape)")
      var size = (room + (ceilMode ? self.stride[axis] - 1 : 0)) / self.stride[axis] + 1
      if (size - 1) * self.stride[axis] >= input[axis] + self.padding[axis] { size -= 1 }
      sizes.append(size)
    }
    precondition(
      input.reduce(1, *) <= Int(Int32.max), "\(operation): too many positions in shape \(shape)")
    output = sizes
    inputShape = shape
    outputShape = [batch] + sizes.suffix(rank) + [channels]
  }
}

/// A grid of boxes over three spatial axes whose means are wanted.
package struct PoolingBoxes: Sendable {
  package let batch: Int
  package let channels: Int
  package let input: [Int]
  package let output: [Int]
  package let inputShape: [Int]
  package let outputShape: [Int]
  /// First, last + 1 and divisor for each output of axis 0, then 1, then 2.
  package let bounds: [Int64]

  init(_ window: PoolingWindow, countIncludePadding: Bool) {
    batch = window.batch
    channels = window.channels
    input = window.input
    output = window.output
    inputShape = window.inputShape
    outputShape = window.outputShape
    var bounds: [Int64] = []
    for axis in 0..<3 {
      let (size, padding) = (window.input[axis], window.padding[axis])
      for place in 0..<window.output[axis] {
        let start = place * window.stride[axis] - padding
        // With ceilMode a window may end beyond the padding; what lies there is never counted.
        let end = min(start + window.kernel[axis], size + padding)
        let (first, last) = (max(0, start), min(size, end))
        bounds += [first, last, countIncludePadding ? end - start : last - first].map(Int64.init)
      }
    }
    self.bounds = bounds
  }

  init(adaptive shape: [Int], to size: [Int]) {
    let rank = shape.count - 2
    precondition(
      (1...3).contains(rank) && size.count == rank && size.allSatisfy { $0 >= 1 }
        && shape[1...max(1, rank)].allSatisfy { $0 >= 1 },
      "adaptiveAveragePool: shape \(shape) to \(size)")
    let ones = [Int](repeating: 1, count: 3 - rank)
    batch = shape[0]
    channels = shape[rank + 1]
    input = ones + shape[1...rank]
    output = ones + size
    inputShape = shape
    outputShape = [batch] + size + [channels]
    var bounds: [Int64] = []
    for axis in 0..<3 {
      for place in 0..<output[axis] {
        let first = place * input[axis] / output[axis]
        let last = ((place + 1) * input[axis] + output[axis] - 1) / output[axis]
        bounds += [first, last, last - first].map(Int64.init)
      }
    }
    self.bounds = bounds
  }
}
