/// A stretch of floats in memory that an owner, such as a parameter arena, lets the update write.
package struct FloatRange: Sendable {
  package let storage: Storage
  /// In elements.
  package let offset: Int
  package let count: Int

  /// Precondition: the range lies inside the storage.
  package init(_ storage: Storage, offset: Int, count: Int) {
    precondition(
      offset >= 0 && count >= 0 && (offset + count) * 4 <= storage.byteCount,
      "FloatRange: \(count) floats from \(offset) in \(storage.byteCount) bytes")
    self.storage = storage
    self.offset = offset
    self.count = count
  }

  package var pointer: UnsafeMutablePointer<Float> {
    storage.pointer.assumingMemoryBound(to: Float.self) + offset
  }

  package var elements: [Float] {
    withExtendedLifetime(storage) {
      Array(UnsafeBufferPointer(start: UnsafePointer(pointer), count: count))
    }
  }
}

/// One step of stochastic gradient descent, as torch.optim.SGD computes it.
package struct SGDStep: Sendable {
  package var rate: Float
  package var momentum: Float = 0
  package var dampening: Float = 0
  package var weightDecay: Float = 0
  package var nesterov = false
  /// The momentum buffer holds nothing yet and starts as the gradient.
  package var isFirst = false

  package init(rate: Float) { self.rate = rate }
}

/// One step of Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019) where decoupled, as
/// torch.optim computes them.
package struct AdamStep: Sendable {
  package var rate: Float
  package var beta1: Float = 0.9
  package var beta2: Float = 0.999
  package var epsilon: Float = 1e-8
  package var weightDecay: Float = 0
  package var isDecoupled = false
  /// 1 for the first step; the bias corrections are 1 − βᵗ.
  package var number: Int

  package init(rate: Float, number: Int) {
    self.rate = rate
    self.number = number
  }
}

/// Updates of parameters in place, one pass each. Element i depends on element i alone, so a range
/// may be cut anywhere; sums of squares are cut every 4096 elements from their range's start.
package protocol OptimizerKernels {
  /// `momentum` may be `nil` where the step's momentum is 0.
  func sgd(
    _ step: SGDStep, _ parameters: FloatRange, gradient: FloatRange, momentum: FloatRange?)
  func adam(
    _ step: AdamStep, _ parameters: FloatRange, gradient: FloatRange, first: FloatRange,
    second: FloatRange)
  /// v = momentum · v + local (g + decay · w); w −= rate · v (You et al. 2017).
  func lars(
    rate: Float, momentum: Float, weightDecay: Float, local: Float, _ parameters: FloatRange,
    gradient: FloatRange, velocity: FloatRange)
  /// y += (1 − momentum)(x − y).
  func movingAverage(momentum: Float, of x: FloatRange, into y: FloatRange)
  /// x *= a.
  func scale(_ x: FloatRange, by a: Float)
  /// y += a x.
  func add(_ a: Float, times x: FloatRange, into y: FloatRange)
  /// Σ x² of each block of 4096 elements, in float64.
  func blockSumsOfSquares(_ x: FloatRange) -> [Double]
}

extension OptimizerKernels {
  /// Σ x² in float64: the blocks' sums added in order.
  package func sumOfSquares(_ x: FloatRange) -> Double { blockSumsOfSquares(x).reduce(0, +) }
}
