import CKernels

extension CPUBackend {
  package func channelMoments(
    _ x: Tensor, groups: Int
  ) -> (mean: [Double], squaredDeviations: [Double]) {
    let sizes = ChannelSizes(x, groups)
    return pair(sizes.statistics) { mean, deviations in
      mk_channel_moments_f64(
        x.pointer, sizes.groups, sizes.rows, sizes.channels, mean, deviations)
    }
  }

  package func channelApply(
    _ x: Tensor, groups: Int, mean: Tensor, scale: Tensor, shift: Tensor, into y: Tensor
  ) {
    let sizes = ChannelSizes(x, groups)
    mk_channel_apply_f32(
      x.pointer, mean.pointer, scale.pointer, shift.pointer, sizes.groups, sizes.rows,
      sizes.channels, y.pointer)
  }

  package func channelGradientSums(
    _ dy: Tensor, _ x: Tensor, groups: Int, mean: Tensor, inverse: Tensor
  ) -> (sums: [Double], products: [Double]) {
    let sizes = ChannelSizes(x, groups)
    return pair(sizes.statistics) { sums, products in
      mk_channel_gradient_sums_f64(
        dy.pointer, x.pointer, mean.pointer, inverse.pointer, sizes.groups, sizes.rows,
        sizes.channels, sums, products)
    }
  }

  package func channelInputGradient(
    _ dy: Tensor, _ x: Tensor, groups: Int, mean: Tensor, inverse: Tensor, weight: Tensor,
    a: Tensor, b: Tensor, into dx: Tensor
  ) {
    let sizes = ChannelSizes(x, groups)
    mk_channel_input_gradient_f32(
      dy.pointer, x.pointer, mean.pointer, inverse.pointer, weight.pointer, a.pointer, b.pointer,
      sizes.groups, sizes.rows, sizes.channels, dx.pointer)
  }

  package func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into y: Tensor, mean: Tensor,
    inverse: Tensor
  ) {
    mk_layer_norm_f32(
      x.pointer, weight?.pointer, bias?.pointer, epsilon, Int64(mean.count),
      Int64(x.shape[x.rank - 1]), y.pointer, mean.pointer, inverse.pointer)
  }

  package func layerNormGradient(
    _ dy: Tensor, _ x: Tensor, weight: Tensor?, mean: Tensor, inverse: Tensor, into dx: Tensor,
    dweight: Tensor, dbias: Tensor
  ) {
    withScratch(2 * dweight.count) { scratch in
      mk_layer_norm_gradient_f32(
        dy.pointer, x.pointer, weight?.pointer, mean.pointer, inverse.pointer, Int64(mean.count),
        Int64(dweight.count), scratch, dx.pointer, dweight.pointer, dbias.pointer)
    }
  }

  /// Two lists of statistics that a kernel fills.
  private func pair(
    _ count: Int, _ fill: (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) -> Void
  ) -> ([Double], [Double]) {
    withScratch(2 * count, of: Double.self) { values in
      fill(values, values + count)
      return (
        Array(UnsafeBufferPointer(start: values, count: count)),
        Array(UnsafeBufferPointer(start: values + count, count: count))
      )
    }
  }
}

/// A tensor seen as (groups, rows, channels).
private struct ChannelSizes {
  let groups: Int64
  let rows: Int64
  let channels: Int64

  init(_ x: Tensor, _ groups: Int) {
    self.groups = Int64(groups)
    channels = Int64(x.shape[x.rank - 1])
    rows = Int64(x.count) / max(1, self.groups * channels)
  }

  var statistics: Int { Int(groups * channels) }
}
