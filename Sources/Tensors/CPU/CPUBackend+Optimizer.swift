import CKernels

extension CPUBackend {
  package func sgd(
    _ step: SGDStep, _ parameters: FloatRange, gradient: FloatRange, momentum: FloatRange?
  ) {
    precondition(
      momentum != nil || step.momentum == 0, "sgd: momentum \(step.momentum) without a buffer")
    agree("sgd", parameters, gradient, momentum ?? gradient)
    var constants = mk_sgd(
      rate: step.rate, momentum: step.momentum, dampening: step.dampening,
      weight_decay: step.weightDecay, nesterov: step.nesterov, first: step.isFirst)
    mk_sgd_f32(
      &constants, parameters.pointer, gradient.pointer, momentum?.pointer, Int64(parameters.count))
  }

  package func adam(
    _ step: AdamStep, _ parameters: FloatRange, gradient: FloatRange, first: FloatRange,
    second: FloatRange
  ) {
    agree("adam", parameters, gradient, first, second)
    precondition(step.number >= 1, "adam: step \(step.number) of a count from 1")
    var constants = mk_adam(
      rate: step.rate, beta1: step.beta1, beta2: step.beta2, epsilon: step.epsilon,
      weight_decay: step.weightDecay, decoupled: step.isDecoupled,
      correction1: 1 - power(Double(step.beta1), step.number),
      correction2: 1 - power(Double(step.beta2), step.number))
    mk_adam_f32(
      &constants, parameters.pointer, gradient.pointer, first.pointer, second.pointer,
      Int64(parameters.count))
  }

  package func lars(
    rate: Float, momentum: Float, weightDecay: Float, local: Float, _ parameters: FloatRange,
    gradient: FloatRange, velocity: FloatRange
  ) {
    agree("lars", parameters, gradient, velocity)
    mk_lars_f32(
      rate, momentum, weightDecay, local, parameters.pointer, gradient.pointer, velocity.pointer,
      Int64(parameters.count))
  }

  package func movingAverage(momentum: Float, of x: FloatRange, into y: FloatRange) {
    agree("movingAverage", x, y)
    mk_ema_f32(momentum, x.pointer, y.pointer, Int64(x.count))
  }

  package func scale(_ x: FloatRange, by a: Float) {
    mk_scale_f32(a, x.pointer, Int64(x.count))
  }

  package func add(_ a: Float, times x: FloatRange, into y: FloatRange) {
    agree("add", x, y)
    mk_axpy_f32(a, x.pointer, y.pointer, Int64(x.count))
  }

  package func blockSumsOfSquares(_ x: FloatRange) -> [Double] {
    var sums = [Double](repeating: 0, count: (x.count + 4095) / 4096)
    mk_sum_of_squares_f32(x.pointer, &sums, Int64(x.count))
    return sums
  }
}

private func agree(_ operation: String, _ ranges: FloatRange...) {
  precondition(
    Set(ranges.map(\.count)).count == 1, "\(operation): ranges of \(ranges.map(\.count)) floats")
}

/// By repeated squares: the same bits on every system, which a libm's pow does not promise.
private func power(_ base: Double, _ exponent: Int) -> Double {
  var (product, factor, left) = (1.0, base, exponent)
  while left > 0 {
    if left & 1 == 1 { product *= factor }
    factor *= factor
    left >>= 1
  }
  return product
}
