/// Convolution and its two adjoints. `geometry` fixes every shape.
package protocol ConvolutionKernels {
  /// y = x ∗ weight + bias, then max(0, ·) if `rectified`.
  func convolve(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, rectified: Bool, _ geometry: ConvolutionGeometry,
    into y: Tensor)
  /// dx = the adjoint of the convolution in x.
  func convolveTransposed(
    _ dy: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into dx: Tensor)
  /// dweight = the adjoint of the convolution in the weight.
  func convolveForWeight(
    _ x: Tensor, _ dy: Tensor, _ geometry: ConvolutionGeometry, into dweight: Tensor)
}

/// Convolution (cross-correlation) over one, two or three spatial axes, as torch.nn.functional.conv.
///
/// Shapes: `x` [B, spatial..., in], `weight` [kernel..., in/groups, out], `bias` [out] → [B,
/// ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1 ..., out].
/// `rectified` takes max(0, ·) of the result in the same pass.
public func convolution(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: [Int], padding: [Int],
  dilation: [Int], groups: Int = 1, rectified: Bool = false
) -> Tensor {
  let geometry = ConvolutionGeometry(
    of: x, weight: weight, stride: stride, padding: padding, dilation: dilation, groups: groups)
  checkBias("convolution", bias, geometry.outputChannels)
  let value = convolved(x, weight, bias: bias, rectified: rectified, geometry)
  let inputs = [x, weight] + (bias.map { [$0] } ?? [])
  let wanted = inputs.map(\.isTracked)
  let kept = rectified ? value : nil
  return value.recorded(from: inputs) { dy in
    let dz = kept.map { dy * $0.mapped(.step) } ?? dy
    return [
      wanted[0] ? adjointInInput(dz, weight, geometry) : nil,
      wanted[1] ? adjointInWeight(x, dz, geometry) : nil,
    ] + (bias == nil ? [] : [wanted[2] ? dz.reduced(to: [geometry.outputChannels]) : nil])
  }
}

/// `convolution` with the same stride, padding and dilation along all axes.
public func convolution(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
  dilation: Int = 1, groups: Int = 1, rectified: Bool = false
) -> Tensor {
  let same = { (value: Int) in [Int](repeating: value, count: max(0, x.rank - 2)) }
  return convolution(
    x, weight, bias: bias, stride: same(stride), padding: same(padding), dilation: same(dilation),
    groups: groups, rectified: rectified)
}

/// Transposed convolution, the adjoint of `convolution`, as torch.nn.functional.conv_transpose.
///
/// Shapes: `x` [B, spatial..., in], `weight` [kernel..., out/groups, in], `bias` [out] → [B,
/// (size − 1)·stride − 2·padding + dilation·(kernel − 1) + outputPadding + 1 ..., out].
public func transposedConvolution(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: [Int], padding: [Int],
  outputPadding: [Int], dilation: [Int], groups: Int = 1
) -> Tensor {
  let geometry = ConvolutionGeometry(
    transposed: x, weight: weight, stride: stride, padding: padding, outputPadding: outputPadding,
    dilation: dilation, groups: groups)
  checkBias("transposedConvolution", bias, geometry.inputChannels)
  let y = adjointInInput(x, weight, geometry)
  return bias.map { y + $0 } ?? y
}

/// `transposedConvolution` with the same settings along all axes.
public func transposedConvolution(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
  outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1
) -> Tensor {
  let same = { (value: Int) in [Int](repeating: value, count: max(0, x.rank - 2)) }
  return transposedConvolution(
    x, weight, bias: bias, stride: same(stride), padding: same(padding),
    outputPadding: same(outputPadding), dilation: same(dilation), groups: groups)
}

private func checkBias(_ operation: String, _ bias: Tensor?, _ channels: Int) {
  guard let bias else { return }
  precondition(
    bias.shape == [channels], "\(operation): bias \(bias.shape) for \(channels) channels")
}

private func convolved(
  _ x: Tensor, _ weight: Tensor, bias: Tensor?, rectified: Bool, _ geometry: ConvolutionGeometry
) -> Tensor {
  let y = Tensor(uninitialized: geometry.outputShape, on: x.storage.device)
  x.backend.convolve(
    x.contiguous().detached, weight.contiguous().detached, bias: bias?.contiguous().detached,
    rectified: rectified, geometry, into: y)
  return y
}

/// The convolution of a given geometry without bias: what the adjoints have as theirs.
private func plain(_ x: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
  convolved(x, weight, bias: nil, rectified: false, geometry).recorded(
    from: x, { adjointInInput($0, weight, geometry) },
    weight, { adjointInWeight(x, $0, geometry) })
}

/// Σ over outputs: linear in `dy` and in the weight, so its gradients are the other two.
private func adjointInInput(
  _ dy: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry
) -> Tensor {
  let dx = Tensor(uninitialized: geometry.inputShape, on: dy.storage.device)
  dy.backend.convolveTransposed(
    dy.contiguous().detached, weight.contiguous().detached, geometry, into: dx)
  return dx.recorded(
    from: dy, { plain($0, weight, geometry) }, weight, { adjointInWeight($0, dy, geometry) })
}

private func adjointInWeight(
  _ x: Tensor, _ dy: Tensor, _ geometry: ConvolutionGeometry
) -> Tensor {
  let dweight = Tensor(uninitialized: geometry.weightShape, on: x.storage.device)
  x.backend.convolveForWeight(
    x.contiguous().detached, dy.contiguous().detached, geometry, into: dweight)
  return dweight.recorded(
    from: x, { adjointInInput(dy, $0, geometry) }, dy, { plain(x, $0, geometry) })
}
