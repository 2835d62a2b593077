import Tensors

/// Convolution over one to three spatial axes, channels last (as torch.nn.Conv1d, Conv2d, Conv3d).
///
/// Shapes: `x` [B, spatial…, in] → [B, spatial′…, out] with
/// spatial′ = ⌊(spatial + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1;
/// `weight` [kernel…, in/groups, out], in files [out, in/groups, kernel…]; `bias` [out].
public struct Convolution: PureLayer {
  public let weight: Parameter
  public let bias: Parameter?
  let stride: [Int]
  let padding: [Int]
  let dilation: [Int]
  let groups: Int

  /// - `kernel`: One size per spatial axis; so `stride` (1), `padding` (0) and `dilation` (1).
  /// - `initial`: Of the weight; uniform in ±1/√(in/groups · kernel) by default, as torch's.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil,
    dilation: [Int]? = nil, groups: Int = 1, bias: Bool = true, initial: Initializer? = nil,
    biasInitial: Initializer? = nil, in scope: inout Scope
  ) {
    precondition(
      inputs % groups == 0 && outputs % groups == 0,
      "Convolution \(scope.prefix): \(groups) groups of \(inputs) and \(outputs) channels")
    self.stride = stride ?? kernel.map { _ in 1 }
    self.padding = padding ?? kernel.map { _ in 0 }
    self.dilation = dilation ?? kernel.map { _ in 1 }
    self.groups = groups
    let fanIn = kernel.reduce(inputs / groups, *)
    weight = scope.parameter(
      "weight", kernel + [inputs / groups, outputs], initial ?? .uniform(fanIn: fanIn),
      layout: .convolution)
    self.bias =
      bias ? scope.parameter("bias", [outputs], biasInitial ?? .uniform(fanIn: fanIn)) : nil
  }

  /// The same size along each of `dimensions` spatial axes.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, dimensions: Int = 2, stride: Int = 1,
    padding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    initial: Initializer? = nil, biasInitial: Initializer? = nil, in scope: inout Scope
  ) {
    let same = { (value: Int) in [Int](repeating: value, count: dimensions) }
    self.init(
      inputs, outputs, kernel: same(kernel), stride: same(stride), padding: same(padding),
      dilation: same(dilation), groups: groups, bias: bias, initial: initial,
      biasInitial: biasInitial, in: &scope)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    convolution(
      x, weight.value, bias: bias?.value, stride: stride, padding: padding, dilation: dilation,
      groups: groups)
  }
}
