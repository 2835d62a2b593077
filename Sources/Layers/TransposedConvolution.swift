import Tensors

/// The adjoint of a convolution, which enlarges (as torch.nn.ConvTranspose1d, 2d, 3d).
///
/// Shapes: `x` [B, spatial…, in] → [B, spatial′…, out] with spatial′ = (spatial − 1)·stride −
/// 2·padding + dilation·(kernel − 1) + outputPadding + 1; `weight` [kernel…, out/groups, in], in
/// files [in, out/groups, kernel…]; `bias` [out].
public struct TransposedConvolution: PureLayer {
  public let weight: Parameter
  public let bias: Parameter?
  let stride: [Int]
  let padding: [Int]
  let outputPadding: [Int]
  let dilation: [Int]
  let groups: Int

  /// - `kernel`: The same along each of `dimensions` spatial axes, as are the other sizes.
  /// - `initial`: Of the weight; uniform in ±1/√(out/groups · kernel) by default, as torch's.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, dimensions: Int = 2, stride: Int = 1,
    padding: Int = 0, outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1,
    bias: Bool = true, initial: Initializer? = nil, in scope: inout Scope
  ) {
    precondition(
      inputs % groups == 0 && outputs % groups == 0,
      "TransposedConvolution \(scope.prefix): \(groups) groups of \(inputs) and \(outputs) channels"
    )
    let same = { (value: Int) in [Int](repeating: value, count: dimensions) }
    self.stride = same(stride)
    self.padding = same(padding)
    self.outputPadding = same(outputPadding)
    self.dilation = same(dilation)
    self.groups = groups
    let fanIn = same(kernel).reduce(outputs / groups, *)
    weight = scope.parameter(
      "weight", same(kernel) + [outputs / groups, inputs], initial ?? .uniform(fanIn: fanIn),
      layout: .transposedConvolution)
    self.bias = bias ? scope.parameter("bias", [outputs], .uniform(fanIn: fanIn)) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    transposedConvolution(
      x, weight.value, bias: bias?.value, stride: stride, padding: padding,
      outputPadding: outputPadding, dilation: dilation, groups: groups)
  }
}
