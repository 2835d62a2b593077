import Tensors

/// A residual network (He et al. 2016) under torchvision's names: conv1, bn1, layer1 … layer4, fc.
///
/// Shapes: images [B, height, width, channels] → [B, classes], or pooled [B, channels[3]] without
/// classes.
public struct ResNet: Layer {
  /// How many blocks of which kind.
  public struct Depth: Sendable, Hashable {
    /// Of the four stages.
    public let blocks: [Int]
    /// Whether a block is 1×1, 3×3, 1×1 rather than two of 3×3.
    public let isBottleneck: Bool

    public static let resNet10 = Depth([1, 1, 1, 1], isBottleneck: false)
    public static let resNet18 = Depth([2, 2, 2, 2], isBottleneck: false)
    public static let resNet34 = Depth([3, 4, 6, 3], isBottleneck: false)
    public static let resNet50 = Depth([3, 4, 6, 3], isBottleneck: true)
    public static let resNet101 = Depth([3, 4, 23, 3], isBottleneck: true)
    public static let resNet152 = Depth([3, 8, 36, 3], isBottleneck: true)
    public static let resNet200 = Depth([3, 24, 36, 3], isBottleneck: true)

    /// Precondition: four stages of at least one block.
    public init(_ blocks: [Int], isBottleneck: Bool) {
      precondition(blocks.count == 4 && blocks.allSatisfy { $0 >= 1 }, "ResNet: blocks \(blocks)")
      self.blocks = blocks
      self.isBottleneck = isBottleneck
    }
  }

  /// What stands before the first stage.
  public enum Stem: Sendable {
    /// 7×7 with stride 2, then max pooling: a quarter of the size.
    case large
    /// 3×3 with stride 1, for images of 32 or 64 pixels: the whole size.
    case small
  }

  let firstConvolution: Convolution
  let firstNorm: any Layer
  let stages: [[ResidualBlock]]
  public let head: Linear?
  /// Channels of each stage's map.
  public let channels: [Int]
  let stem: Stem

  /// - `classes`: Outputs of `fc`; `nil` for none.
  /// - `width`: Channels of the first stage before expansion.
  /// - `outputStride`: 32, 16 or 8 (with the small stem 8, 4 or 2): strides of the last stages are
  ///   replaced by dilation, as segmentation wants it.
  public init(
    _ depth: Depth, inputs: Int = 3, classes: Int? = nil, width: Int = 64, stem: Stem = .large,
    outputStride: Int? = nil, normalization: Normalization = .batch, in scope: inout Scope
  ) {
    let whole = stem == .large ? 32 : 8
    let wanted = outputStride ?? whole
    precondition(
      [whole, whole / 2, whole / 4].contains(wanted),
      "ResNet \(scope.prefix): output stride \(wanted) with this stem")
    self.stem = stem
    let kernel = stem == .large ? 7 : 3
    firstConvolution = Convolution(
      inputs, width, kernel: kernel, stride: stem == .large ? 2 : 1, padding: kernel / 2,
      bias: false, initial: .heNormal(fan: kernel * kernel * width), in: &scope["conv1"])
    firstNorm = normalization.layer(width, in: &scope["bn1"])
    var (stages, channels): ([[ResidualBlock]], [Int]) = ([], [])
    var (reached, dilation, current) = (stem == .large ? 4 : 1, 1, width)
    for stage in 0..<4 {
      var stride = stage == 0 ? 1 : 2
      let before = dilation
      if stride == 2 && reached == wanted {
        dilation *= 2
        stride = 1
      }
      reached *= stride
      var blocks: [ResidualBlock] = []
      for index in 0..<depth.blocks[stage] {
        let block = ResidualBlock(
          current, width << stage, isBottleneck: depth.isBottleneck,
          stride: index == 0 ? stride : 1, dilation: index == 0 ? before : dilation,
          normalization: normalization, in: &scope["layer\(stage + 1)", index])
        current = block.channels
        blocks.append(block)
      }
      stages.append(blocks)
      channels.append(current)
    }
    self.stages = stages
    self.channels = channels
    head = classes.map { Linear(current, $0, in: &scope["fc"]) }
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    let row = try pooled(x, pass)
    return head?(row) ?? row
  }

  /// The mean over space of the last stage: [B, channels[3]].
  public func pooled(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    globalAveragePool(try features(x, pass)[3])
  }

  /// The map of each stage: [B, height/4 … height/32, …, channels[stage]] with the large stem.
  public func features(_ x: Tensor, _ pass: Forward) throws -> [Tensor] {
    var y = relu(try firstNorm(firstConvolution(x), pass))
    if stem == .large { y = maxPool(y, kernel: 3, stride: 2, padding: 1) }
    return try stages.map { blocks in
      for block in blocks { y = try block(y, pass) }
      return y
    }
  }
}

/// Two 3×3 convolutions, or 1×1, 3×3, 1×1, around which the input is added back.
struct ResidualBlock: Layer {
  private let convolutions: [Convolution]
  private let norms: [any Layer]
  private let shortcut: (Convolution, any Layer)?
  let channels: Int

  init(
    _ inputs: Int, _ width: Int, isBottleneck: Bool, stride: Int, dilation: Int,
    normalization: Normalization, in scope: inout Scope
  ) {
    // torchvision puts the stride of a bottleneck on its 3×3 ("v1.5").
    let kernels = isBottleneck ? [1, 3, 1] : [3, 3]
    let outputs = isBottleneck ? [width, width, 4 * width] : [width, width]
    let strided = isBottleneck ? 1 : 0
    channels = outputs[outputs.count - 1]
    var (convolutions, norms): ([Convolution], [any Layer]) = ([], [])
    for (index, kernel) in kernels.enumerated() {
      convolutions.append(
        Self.convolution(
          index == 0 ? inputs : outputs[index - 1], outputs[index], kernel: kernel,
          stride: index == strided ? stride : 1, dilation: kernel == 3 ? dilation : 1,
          in: &scope["conv\(index + 1)"]))
      norms.append(normalization.layer(outputs[index], in: &scope["bn\(index + 1)"]))
    }
    self.convolutions = convolutions
    self.norms = norms
    guard stride != 1 || inputs != channels else {
      shortcut = nil
      return
    }
    shortcut = (
      Self.convolution(
        inputs, channels, kernel: 1, stride: stride, dilation: 1, in: &scope["downsample.0"]),
      normalization.layer(channels, in: &scope["downsample.1"])
    )
  }

  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    var y = x
    for (index, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      y = try norm(convolution(y), pass)
      if index < norms.count - 1 { y = relu(y) }
    }
    guard let (convolution, norm) = shortcut else { return relu(y + x) }
    return relu(y + (try norm(convolution(x), pass)))
  }

  private static func convolution(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, dilation: Int, in scope: inout Scope
  ) -> Convolution {
    Convolution(
      inputs, outputs, kernel: kernel, stride: stride, padding: dilation * (kernel / 2),
      dilation: dilation, bias: false, initial: .heNormal(fan: kernel * kernel * outputs),
      in: &scope)
  }
}
