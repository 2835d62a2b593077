/// Resampling along spatial axes.
package protocol ResizeKernels {
  func resize(_ x: Tensor, _ plan: ResizePlan, into y: Tensor)
  /// Adds the adjoint to dx.
  func resizeAdjoint(_ dy: Tensor, _ plan: ResizePlan, into dx: Tensor)
}

/// How `resize` finds values between samples, with the meaning of torch.nn.functional.interpolate.
public enum ResizeMode: Sendable, Hashable {
  /// The sample at ⌊i · in/out⌋.
  case nearest
  /// Linear along each axis (bilinear, trilinear). Without `alignCorners` pixels are areas and
  /// their centres are matched; with it the centres of the corner pixels are.
  case bilinear(alignCorners: Bool)
  /// Cubic along each axis (Keys 1981, a = −0.75).
  case bicubic(alignCorners: Bool)
}

/// `x` sampled on another grid.
///
/// Shapes: `x` [B, spatial..., C] → [B, size..., C], one to three spatial axes.
/// Gradient: the adjoint, which sums what each sample gave.
public func resize(_ x: Tensor, to size: [Int], mode: ResizeMode) -> Tensor {
  let rank = x.rank - 2
  precondition(
    (1...3).contains(rank) && size.count == rank && size.allSatisfy { $0 >= 1 }
      && x.shape[1...max(1, rank)].allSatisfy { $0 >= 1 },
    "resize: shape \(x.shape) to \(size)")
  return resized(x, ResizePlan(x.shape, to: size, mode: mode))
}

private func resized(_ x: Tensor, _ plan: ResizePlan) -> Tensor {
  let y = Tensor(uninitialized: plan.outputShape, on: x.storage.device)
  x.backend.resize(x.contiguous().detached, plan, into: y)
  return y.recorded(from: x) { resizedBack($0, plan) }
}

private func resizedBack(_ dy: Tensor, _ plan: ResizePlan) -> Tensor {
  let dx = Tensor.accumulator(plan.inputShape, on: dy.storage.device)
  dy.backend.resizeAdjoint(dy.contiguous().detached, plan, into: dx)
  return dx.recorded(from: dy) { resized($0, plan) }
}

/// Which inputs each output reads along three spatial axes, and their weights.
package struct ResizePlan: Sendable {
  package let inputShape: [Int]
  package let outputShape: [Int]
  package let input: [Int]
  package let output: [Int]
  /// Inputs read along each axis.
  package private(set) var taps: [Int] = []
  /// `taps` inputs for each output of axis 0, then 1, then 2.
  package private(set) var index: [Int32] = []
  package private(set) var weight: [Float] = []

  init(_ shape: [Int], to size: [Int], mode: ResizeMode) {
    let rank = size.count
    let ones = [Int](repeating: 1, count: 3 - rank)
    inputShape = shape
    outputShape = [shape[0]] + size + [shape[rank + 1]]
    input = ones + shape[1...rank]
    output = ones + size
    for axis in 0..<3 { append(axis, axis < 3 - rank ? .nearest : mode) }
  }

  private mutating func append(_ axis: Int, _ mode: ResizeMode) {
    let (inputs, outputs) = (input[axis], output[axis])
    switch mode {
    case .nearest:
      taps.append(1)
      let scale = Float(inputs) / Float(outputs)
      for place in 0..<outputs { add(Int((Float(place) * scale).rounded(.down)), 1, inputs) }
    case .bilinear(let alignCorners):
      taps.append(2)
      for place in 0..<outputs {
        let source = max(0, Self.source(place, inputs, outputs, alignCorners))
        let first = min(Int(source), inputs - 1)
        let share = first + 1 < inputs ? source - Float(first) : 0
        add(first, 1 - share, inputs)
        add(first + 1, share, inputs)
      }
    case .bicubic(let alignCorners):
      taps.append(4)
      for place in 0..<outputs {
        let source = Self.source(place, inputs, outputs, alignCorners)
        let first = source.rounded(.down)
        let share = source - first
        for tap in -1...2 {
          add(Int(first) + tap, Self.cubic(abs(share - Float(tap))), inputs)
        }
      }
    }
  }

  /// A tap; inputs beyond the border are the border's.
  private mutating func add(_ place: Int, _ share: Float, _ inputs: Int) {
    index.append(Int32(min(max(place, 0), inputs - 1)))
    weight.append(share)
  }

  private static func source(
    _ place: Int, _ inputs: Int, _ outputs: Int, _ alignCorners: Bool
  ) -> Float {
    if alignCorners {
      return outputs == 1 ? 0 : Float(place) * (Float(inputs - 1) / Float(outputs - 1))
    }
    return (Float(place) + 0.5) * (Float(inputs) / Float(outputs)) - 0.5
  }

  /// Keys' kernel at distance 0 ... 2.
  private static func cubic(_ distance: Float) -> Float {
    let a: Float = -0.75
    if distance <= 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
    return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
  }
}
