/// The sizes of a convolution: three spatial axes, of which those it lacks have size 1.
package struct ConvolutionGeometry: Sendable, Equatable {
  package var batch: Int
  package var spatialRank: Int
  package var inputChannels: Int
  package var outputChannels: Int
  package var groups: Int
  package var input: [Int]
  package var output: [Int]
  package var kernel: [Int]
  package var stride: [Int]
  package var padding: [Int]
  package var dilation: [Int]

  package var inputShape: [Int] { [batch] + input.suffix(spatialRank) + [inputChannels] }
  package var outputShape: [Int] { [batch] + output.suffix(spatialRank) + [outputChannels] }
  package var weightShape: [Int] {
    kernel.suffix(spatialRank) + [inputChannels / groups, outputChannels]
  }

  package var taps: Int { kernel.reduce(1, *) }
  package var positions: Int { output.reduce(batch, *) }
  package var hasUnitStride: Bool { stride.allSatisfy { $0 == 1 } }
  package var isDepthwise: Bool { groups == inputChannels && groups > 1 }

  /// Every output position reads the one input position of the same number.
  package var isPointwise: Bool {
    taps == 1 && hasUnitStride && padding.allSatisfy { $0 == 0 } && input == output && groups == 1
  }

  /// Whether the input's gradient is itself computed as a convolution.
  package var gathersForInput: Bool { hasUnitStride && inputChannels / groups >= 16 }

  /// The geometry of the convolution that a stride-1 convolution has as its adjoint.
  package var flipped: Self {
    var other = self
    swap(&other.input, &other.output)
    swap(&other.inputChannels, &other.outputChannels)
    other.padding = (0..<3).map { dilation[$0] * (kernel[$0] - 1) - padding[$0] }
    return other
  }

  /// Of the convolution of `x` [B, spatial..., in] with `weight` [kernel..., in/groups, out].
  init(
    of x: Tensor, weight: Tensor, stride: [Int], padding: [Int], dilation: [Int], groups: Int
  ) {
    self.init(
      "convolution", rank: x.rank, kernel: weight, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
    batch = x.shape[0]
    input = Self.spatial(x.shape[1..<(x.rank - 1)])
    inputChannels = x.shape[x.rank - 1]
    outputChannels = weight.shape[weight.rank - 1]
    precondition(
      groups >= 1 && inputChannels % groups == 0 && outputChannels % groups == 0
        && weight.shape[weight.rank - 2] == inputChannels / groups,
      "convolution: input \(x.shape), weight \(weight.shape), \(groups) groups")
    output = (0..<3).map { axis in
      let room = input[axis] + 2 * self.padding[axis]
      let reach = self.dilation[axis] * (kernel[axis] - 1) + 1
      precondition(
        room >= reach, "convolution: weight \(weight.shape) reaches beyond input \(x.shape)")
      return (room - reach) / self.stride[axis] + 1
    }
  }

  /// Of the convolution whose adjoint takes `y` [B, spatial..., in], `weight` being [kernel...,
  /// out/groups, in]: its *output* is y.
  init(
    transposed y: Tensor, weight: Tensor, stride: [Int], padding: [Int], outputPadding: [Int],
    dilation: [Int], groups: Int
  ) {
    self.init(
      "transposedConvolution", rank: y.rank, kernel: weight, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
    batch = y.shape[0]
    output = Self.spatial(y.shape[1..<(y.rank - 1)])
    outputChannels = y.shape[y.rank - 1]
    inputChannels = weight.shape[weight.rank - 2] * groups
    precondition(
      groups >= 1 && outputChannels % groups == 0
        && weight.shape[weight.rank - 1] == outputChannels,
      "transposedConvolution: input \(y.shape), weight \(weight.shape), \(groups) groups")
    let extra = [Int](repeating: 0, count: 3 - spatialRank) + outputPadding
    input = (0..<3).map { axis in
      let size =
        (output[axis] - 1) * self.stride[axis] - 2 * self.padding[axis]
        + self.dilation[axis] * (kernel[axis] - 1) + extra[axis] + 1
      precondition(
        extra[axis] >= 0 && extra[axis] < max(self.stride[axis], self.dilation[axis]) && size >= 0,
        "transposedConvolution: input \(y.shape), weight \(weight.shape), output size \(size), "
          + "output padding \(outputPadding)")
      return size
    }
  }

  private init(
    _ operation: String, rank: Int, kernel weight: Tensor, stride: [Int], padding: [Int],
    dilation: [Int], groups: Int
  ) {
    spatialRank = rank - 2
    precondition(
      (1...3).contains(spatialRank) && weight.rank == rank && stride.count == spatialRank
        && padding.count == spatialRank && dilation.count == spatialRank
        && weight.shape.dropLast(2).allSatisfy { $0 >= 1 } && stride.allSatisfy { $0 >= 1 }
        && dilation.allSatisfy { $0 >= 1 } && padding.allSatisfy { $0 >= 0 },
      "\(operation): weight \(weight.shape), stride \(stride), padding \(padding), dilation "
        + "\(dilation) for rank \(rank)")
    (batch, inputChannels, outputChannels) = (0, 0, 0)
    (input, output) = ([], [])
    self.groups = groups
    kernel = Self.spatial(weight.shape.dropLast(2))
    self.stride = Self.spatial(stride[...])
    self.padding = [Int](repeating: 0, count: 3 - spatialRank) + padding
    self.dilation = Self.spatial(dilation[...])
  }

  private static func spatial(_ sizes: ArraySlice<Int>) -> [Int] {
    [Int](repeating: 1, count: 3 - sizes.count) + sizes
  }
}
