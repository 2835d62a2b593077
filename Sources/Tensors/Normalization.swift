/// Normalisation by channel and by row. By channel, `x` is [groups, rows, C] and all statistics are
/// [groups, C]; x̂ = (x − mean) · inverse.
package protocol NormalizationKernels {
  func channelMoments(
    _ x: Tensor, groups: Int
  ) -> (mean: [Double], squaredDeviations: [Double])
  /// y = (x − mean) · scale + shift.
  func channelApply(
    _ x: Tensor, groups: Int, mean: Tensor, scale: Tensor, shift: Tensor, into y: Tensor)
  /// Σ dy and Σ dy·x̂ over rows.
  func channelGradientSums(
    _ dy: Tensor, _ x: Tensor, groups: Int, mean: Tensor, inverse: Tensor
  ) -> (sums: [Double], products: [Double])
  /// dx = inverse · (weight·dy − a − x̂·b).
  func channelInputGradient(
    _ dy: Tensor, _ x: Tensor, groups: Int, mean: Tensor, inverse: Tensor, weight: Tensor,
    a: Tensor, b: Tensor, into dx: Tensor)
  /// Over the last axis; mean and inverse get one value a row.
  func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into y: Tensor, mean: Tensor,
    inverse: Tensor)
  /// dx, and adds to dweight and dbias.
  func layerNormGradient(
    _ dy: Tensor, _ x: Tensor, weight: Tensor?, mean: Tensor, inverse: Tensor, into dx: Tensor,
    dweight: Tensor, dbias: Tensor)
}

/// Each row (the last axis) shifted and scaled to mean 0 and variance 1, then weighted (Ba et al.
/// 2016), as torch.nn.functional.layer_norm.
///
/// Shapes: `x` [..., C], `weight` and `bias` [C].
public func layerNorm(
  _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  checkAffine("layerNorm", x, weight, bias)
  let channels = x.shape[x.rank - 1]
  let rows = x.shape.dropLast().reduce(1, *)
  let plain = x.contiguous().detached
  let scale = weight?.contiguous().detached
  let y = Tensor(uninitialized: x.shape, on: x.storage.device)
  let mean = Tensor(uninitialized: [rows], on: x.storage.device)
  let inverse = Tensor(uninitialized: [rows], on: x.storage.device)
  x.backend.layerNorm(
    plain, weight: scale, bias: bias?.contiguous().detached, epsilon: epsilon, into: y, mean: mean,
    inverse: inverse)
  let inputs = [x] + [weight, bias].compactMap(\.self)
  let (hasWeight, hasBias) = (weight != nil, bias != nil)
  return y.recorded(
    from: inputs, fused: "layerNorm",
    composite: { inputs in
      let unit = standardized(inputs[0], over: [inputs[0].rank - 1], epsilon: epsilon)
      let weighted = hasWeight ? unit * inputs[1] : unit
      return hasBias ? weighted + inputs[inputs.count - 1] : weighted
    },
    pullback: { dy in
      let dx = Tensor(uninitialized: plain.shape, on: plain.storage.device)
      let dweight = Tensor.accumulator([channels], on: plain.storage.device)
      let dbias = Tensor.accumulator([channels], on: plain.storage.device)
      plain.backend.layerNormGradient(
        dy.contiguous().detached, plain, weight: scale, mean: mean, inverse: inverse, into: dx,
        dweight: dweight, dbias: dbias)
      return [dx] + (hasWeight ? [dweight] : []) + (hasBias ? [dbias] : [])
    })
}

/// Each sample's groups of channels shifted and scaled to mean 0 and variance 1 over space (Wu, He
/// 2018), as torch.nn.functional.group_norm.
///
/// Shapes: `x` [B, ..., C], `weight` and `bias` [C]; `groups` divides C.
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  checkAffine("groupNorm", x, weight, bias)
  let channels = x.shape[x.rank - 1]
  precondition(
    x.rank >= 2 && groups >= 1 && channels % groups == 0,
    "groupNorm: \(groups) groups of shape \(x.shape)")
  let w = weight ?? .ones([channels])
  let b = bias ?? .zeros([channels])
  let normalization = GroupNormalization(x.contiguous().detached, groups, epsilon)
  let shape = x.shape
  let value = normalization.applied(w.contiguous().detached, b.contiguous().detached)
  return value.recorded(
    from: [x, w, b], fused: "groupNorm",
    composite: { inputs in
      let split = inputs[0].reshaped([shape[0], -1, groups, channels / groups])
      let unit = standardized(split, over: [1, 3], epsilon: epsilon).reshaped(shape)
      return unit * inputs[1] + inputs[2]
    },
    pullback: { normalization.gradients($0.contiguous().detached, w.contiguous().detached) })
}

/// `groupNorm` with every channel by itself (Ulyanov et al. 2016).
public func instanceNorm(
  _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  groupNorm(x, groups: x.shape[x.rank - 1], weight: weight, bias: bias, epsilon: epsilon)
}

func checkAffine(_ operation: String, _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?) {
  precondition(x.rank >= 1, "\(operation): shape \(x.shape) has no channels")
  for part in [weight, bias].compactMap(\.self) {
    precondition(
      part.shape == [x.shape[x.rank - 1]],
      "\(operation): weight or bias \(part.shape) for input \(x.shape)")
  }
}

/// (x − mean) / √(variance + epsilon) over `axes`, from operations that differentiate again.
func standardized(_ x: Tensor, over axes: [Int], epsilon: Float) -> Tensor {
  let share = 1 / Float(max(1, axes.reduce(1) { $0 * x.shape[$1] }))
  let distance = x - x.sum(axes: axes, keep: true) * share
  let variance = (distance * distance).sum(axes: axes, keep: true) * share
  return distance * inverseRoot(variance + epsilon)
}

/// 1 / √x. Gradient: −ȳ / (2 x √x).
func inverseRoot(_ x: Tensor) -> Tensor {
  x.mapped(.reciprocalSqrt).recorded(from: x) { dy in
    let y = inverseRoot(x)
    return dy * (y * y * y) * -0.5
  }
}

/// The statistics of one `groupNorm`, spread to [B, C].
private struct GroupNormalization {
  let x: Tensor
  let groups: Int
  let mean: Tensor
  let inverse: Tensor
  private let width: Int  // channels of a group
  private let count: Double  // values a group

  init(_ x: Tensor, _ groups: Int, _ epsilon: Float) {
    let (batch, channels) = (x.shape[0], x.shape[x.rank - 1])
    let rows = x.shape[1..<(x.rank - 1)].reduce(1, *)
    let width = channels / groups
    let (means, deviations) = x.backend.channelMoments(x, groups: batch)
    var (mean, inverse): ([Float], [Float]) = ([], [])
    for start in stride(from: 0, to: batch * channels, by: width) {
      let range = start..<(start + width)
      let center = means[range].reduce(0, +) / Double(width)
      let spread = range.reduce(0) { sum, place in
        let distance = means[place] - center
        return sum + deviations[place] + distance * distance * Double(rows)
      }
      let root = (spread / Double(max(1, rows * width)) + Double(epsilon)).squareRoot()
      mean += repeatElement(Float(center), count: width)
      inverse += repeatElement(Float(1 / root), count: width)
    }
    self.x = x
    self.groups = groups
    self.mean = Tensor(mean, shape: [batch, channels])
    self.inverse = Tensor(inverse, shape: [batch, channels])
    self.width = width
    count = Double(max(1, rows * width))
  }

  func applied(_ weight: Tensor, _ bias: Tensor) -> Tensor {
    let y = Tensor(uninitialized: x.shape, on: x.storage.device)
    x.backend.channelApply(
      x, groups: x.shape[0], mean: mean, scale: inverse.combined(.multiply, weight),
      shift: bias.broadcast(to: mean.shape).contiguous(), into: y)
    return y
  }

  /// Of x, weight and bias.
  func gradients(_ dy: Tensor, _ weight: Tensor) -> [Tensor] {
    let channels = weight.count
    let (sums, products) = x.backend.channelGradientSums(
      dy, x, groups: x.shape[0], mean: mean, inverse: inverse)
    let weights = weight.elements
    var (dweight, dbias) = (
      [Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels)
    )
    var (a, b): ([Float], [Float]) = ([], [])
    for start in stride(from: 0, to: sums.count, by: width) {
      var (sum, product) = (0.0, 0.0)
      for place in start..<(start + width) {
        let channel = place % channels
        sum += Double(weights[channel]) * sums[place]
        product += Double(weights[channel]) * products[place]
        dweight[channel] += products[place]
        dbias[channel] += sums[place]
      }
      a += repeatElement(Float(sum / count), count: width)
      b += repeatElement(Float(product / count), count: width)
    }
    let dx = Tensor(uninitialized: x.shape, on: x.storage.device)
    x.backend.channelInputGradient(
      dy, x, groups: x.shape[0], mean: mean, inverse: inverse,
      weight: weight.broadcast(to: mean.shape).contiguous(), a: Tensor(a, shape: mean.shape),
      b: Tensor(b, shape: mean.shape), into: dx)
    return [dx, Tensor(dweight.map(Float.init)), Tensor(dbias.map(Float.init))]
  }
}
