import CKernels

/// The share of one group of channels in a strip.
struct ConvolutionGroup {
  let input: Range<Int>
  let output: Range<Int>
  /// Values in one row of columns: taps × input channels of the group.
  let width: Int
  private let rowStride: Int

  init(_ index: Int, of geometry: ConvolutionGeometry) {
    let (ins, outs) = (
      geometry.inputChannels / geometry.groups, geometry.outputChannels / geometry.groups
    )
    input = index * ins..<(index + 1) * ins
    output = index * outs..<(index + 1) * outs
    width = geometry.taps * ins
    rowStride = geometry.outputChannels
  }

  /// The group's columns of the weight or of a strip of outputs, whose rows hold all groups.
  func output(_ pointer: UnsafePointer<Float>) -> BLAS.Operand {
    .init(pointer: pointer + output.lowerBound, rowStride: rowStride)
  }
}

/// Values in a strip's columns: they are written and read again while they stay in the second-level
/// cache. Part of the arithmetic, since it cuts the weight's sums; hence no function of the machine.
private let stripValues = 128 * 1024

extension ConvolutionGeometry {
  /// Calls `body` with (first position, positions, memory for their columns) for each strip.
  func forStrips(_ body: (Int, Int, UnsafeMutablePointer<Float>) -> Void) {
    let width = taps * (inputChannels / groups)
    let rows =
      isPointwise ? positions : min(positions, max(16, stripValues / max(1, width) / 16 * 16))
    guard rows > 0 else { return }
    withScratch(isPointwise ? 0 : rows * width) { columns in
      for first in Swift.stride(from: 0, to: positions, by: rows) {
        body(first, min(rows, positions - first), columns)
      }
    }
  }

  func forGroups(_ body: (ConvolutionGroup) -> Void) {
    for group in 0..<groups { body(ConvolutionGroup(group, of: self)) }
  }

  /// What the output positions of a strip read, one row each: `x` itself where that is so already.
  func pack(
    _ x: UnsafePointer<Float>, _ group: ConvolutionGroup, _ first: Int, _ rows: Int,
    _ columns: UnsafeMutablePointer<Float>
  ) -> BLAS.Operand {
    if isPointwise { return .init(pointer: x + first * inputChannels, rowStride: inputChannels) }
    var window = mk_window(self)
    mk_im2col_f32(
      x, &window, Int64(group.input.lowerBound), Int64(group.input.count), Int64(first),
      Int64(rows), columns)
    return .init(pointer: columns, rowStride: group.width)
  }
}

extension mk_window {
  init(_ geometry: ConvolutionGeometry) {
    self.init(
      batch: geometry.batch, channels: geometry.inputChannels, input: geometry.input,
      output: geometry.output, kernel: geometry.kernel, stride: geometry.stride,
      padding: geometry.padding, dilation: geometry.dilation)
  }

  /// Three entries an axis list.
  init(
    batch: Int, channels: Int, input: [Int], output: [Int], kernel: [Int], stride: [Int],
    padding: [Int], dilation: [Int]
  ) {
    let three = { (v: [Int]) in (Int64(v[0]), Int64(v[1]), Int64(v[2])) }
    self.init(
      batch: Int64(batch), channels: Int64(channels), in: three(input), out: three(output),
      kernel: three(kernel), stride: three(stride), padding: three(padding),
      dilation: three(dilation))
  }
}
