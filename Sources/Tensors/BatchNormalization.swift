/// Batch normalisation with given statistics, as in evaluation (Ioffe, Szegedy 2015).
///
/// Shapes: `x` [..., C], everything else [C].
/// Gradient: reaches all of them.
public func batchNormalize(
  _ x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor? = nil, bias: Tensor? = nil,
  epsilon: Float = 1e-5
) -> Tensor {
  checkAffine("batchNormalize", x, weight, bias)
  checkAffine("batchNormalize", x, mean, variance)
  let channels = x.shape[x.rank - 1]
  let (w, b) = (weight ?? .ones([channels]), bias ?? .zeros([channels]))
  let composed = { (inputs: [Tensor]) in
    (inputs[0] - inputs[3]) * (inverseRoot(inputs[4] + epsilon) * inputs[1]) + inputs[2]
  }
  if mean.isTracked || variance.isTracked { return composed([x, w, b, mean, variance]) }
  let normalization = BatchNormalization(
    x.contiguous().detached, weight: w.contiguous().detached,
    mean: mean.contiguous().detached,
    inverse: variance.combined(.add, epsilon).mapped(.reciprocalSqrt))
  return normalization.applied(b.contiguous().detached).recorded(
    from: [x, w, b, mean, variance], fused: "batchNormalize", composite: composed,
    pullback: { dy in
      let dy = dy.contiguous().detached
      let (sums, products) = normalization.gradientSums(dy)
      let none = [Double](repeating: 0, count: channels)
      return [
        normalization.inputGradient(dy, sums: none, products: none, count: 1),
        Tensor(products.map(Float.init)), Tensor(sums.map(Float.init)), nil, nil,
      ]
    })
}

/// Batch normalisation with the statistics of `x` itself.
///
/// Shapes: `x` [..., C], `weight` and `bias` [C].
/// Gradient: flows through the statistics.
public func batchNormalize(
  _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> (Tensor, ChannelMoments) {
  let moments = ChannelMoments(of: x)
  let y = batchNormalize(
    x, moments: moments, weight: weight, bias: bias, epsilon: epsilon, always: false,
    composite: { x, w, b in
      standardized(x, over: Array(0..<(x.rank - 1)), epsilon: epsilon) * w + b
    },
    reduce: { $0 })
  return (y, moments)
}

/// Batch normalisation of one replica's rows with `moments`, those of the global batch.
///
/// Shapes: `x` [..., C], `weight` and `bias` [C].
/// Gradient: of this replica's share of the loss; weight and bias get this replica's summand. The
/// reverse run calls `reduce` once, which turns this replica's sums into those over all replicas;
/// say `always` where that is a collective. `composite` gives the same value from (x, weight, bias)
/// by operations that differentiate again; without it a gradient of a gradient throws.
package func batchNormalize(
  _ x: Tensor, moments: ChannelMoments, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float,
  always: Bool, composite: ((Tensor, Tensor, Tensor) throws -> Tensor)?,
  reduce: @escaping ([Double]) throws -> [Double]
) -> Tensor {
  checkAffine("batchNormalize", x, weight, bias)
  let channels = x.shape[x.rank - 1]
  precondition(
    moments.mean.count == channels,
    "batchNormalize: moments of \(moments.mean.count) channels for input \(x.shape)")
  let (w, b) = (weight ?? .ones([channels]), bias ?? .zeros([channels]))
  let normalization = BatchNormalization(
    x.contiguous().detached, weight: w.contiguous().detached,
    mean: Tensor(moments.mean.map(Float.init)),
    inverse: Tensor(moments.variance.map { Float(1 / ($0 + Double(epsilon)).squareRoot()) }))
  return normalization.applied(b.contiguous().detached).recorded(
    from: [x, w, b], always: always, fused: "batchNormalize",
    composite: composite.map { form in { try form($0[0], $0[1], $0[2]) } },
    pullback: { dy in
      let dy = dy.contiguous().detached
      let (sums, products) = normalization.gradientSums(dy)
      let global = try reduce(sums + products)
      precondition(
        global.count == 2 * channels,
        "batchNormalize: \(global.count) sums for \(channels) channels")
      return [
        normalization.inputGradient(
          dy, sums: Array(global[..<channels]), products: Array(global[channels...]),
          count: moments.count),
        Tensor(products.map(Float.init)), Tensor(sums.map(Float.init)),
      ]
    })
}

/// One normalisation: input, weight and the statistics used.
private struct BatchNormalization {
  let x: Tensor
  let weight: Tensor
  let mean: Tensor
  let inverse: Tensor

  init(_ x: Tensor, weight: Tensor, mean: Tensor, inverse: Tensor) {
    self.x = x
    self.weight = weight
    self.mean = mean
    self.inverse = inverse
  }

  func applied(_ bias: Tensor) -> Tensor {
    let y = Tensor(uninitialized: x.shape, on: x.storage.device)
    x.backend.channelApply(
      x, groups: 1, mean: mean, scale: inverse.combined(.multiply, weight), shift: bias, into: y)
    return y
  }

  func gradientSums(_ dy: Tensor) -> (sums: [Double], products: [Double]) {
    x.backend.channelGradientSums(dy, x, groups: 1, mean: mean, inverse: inverse)
  }

  /// `sums` and `products` over the `count` rows the statistics were taken from.
  func inputGradient(
    _ dy: Tensor, sums: [Double], products: [Double], count: Int
  ) -> Tensor {
    let weights = weight.elements
    let share = 1 / Double(max(1, count))
    let scaled = { (values: [Double]) in
      Tensor(zip(values, weights).map { Float($0 * share * Double($1)) })
    }
    let dx = Tensor(uninitialized: x.shape, on: x.storage.device)
    x.backend.channelInputGradient(
      dy, x, groups: 1, mean: mean, inverse: inverse, weight: weight, a: scaled(sums),
      b: scaled(products), into: dx)
    return dx
  }
}
