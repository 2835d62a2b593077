import Tensors

/// Which voxels of a volume become the result: axes swapped and mirrored, then cropped or padded.
///
/// Nothing is interpolated, so images and labels move alike and exactly. Axes are those of the
/// arrays, whatever they mean.
public struct VolumeTransform: Hashable, Sendable {
  /// Sides of the volume and of the result: three each.
  public let source: [Int]
  public let size: [Int]
  /// Axis a of the result runs along axis `axes[a]` of the volume.
  public let axes: [Int]
  /// Whether it runs backwards.
  public let flipped: [Bool]
  /// Where it begins, in voxels from the first it would meet; what is outside is filled.
  public let offset: [Int]

  /// Preconditions: three of each, `axes` is an order of 0, 1, 2, no side is negative.
  public init(source: [Int], size: [Int], axes: [Int], flipped: [Bool], offset: [Int]) {
    precondition(
      source.count == 3 && size.count == 3 && axes.sorted() == [0, 1, 2] && flipped.count == 3
        && offset.count == 3 && (source + size).allSatisfy { $0 >= 0 },
      "VolumeTransform: \(source) to \(size), axes \(axes), \(flipped), offset \(offset)")
    self.source = source
    self.size = size
    self.axes = axes
    self.flipped = flipped
    self.offset = offset
  }

  /// Shapes: [a, b, c] or [a, b, c, channels] → [size, …]; outside the volume `fill`.
  public func callAsFunction(_ volume: Tensor, fill: Float = 0) -> Tensor {
    let channels = channelCount(volume.shape)
    return Tensor(shape: size + volume.shape.dropFirst(3)) { out in
      volume.withUnsafeElements { moved($0, channels, fill, into: out) }
    }
  }

  /// The same for labels.
  public func callAsFunction(_ labels: ByteTensor, fill: UInt8 = 0) -> ByteTensor {
    let channels = channelCount(labels.shape)
    return ByteTensor(shape: size + labels.shape.dropFirst(3)) { out in
      labels.withUnsafeElements { moved($0, channels, fill, into: out) }
    }
  }

  private func channelCount(_ shape: [Int]) -> Int {
    precondition(
      (3...4).contains(shape.count) && Array(shape.prefix(3)) == source,
      "VolumeTransform: a volume \(shape), expected \(source), perhaps with channels")
    return shape.count == 4 ? shape[3] : 1
  }

  private func moved<Element>(
    _ volume: UnsafeBufferPointer<Element>, _ channels: Int, _ fill: Element,
    into out: UnsafeMutableBufferPointer<Element>
  ) {
    let strides = [source[1] * source[2] * channels, source[2] * channels, channels]
    var start = 0
    // Each axis of the result: the volume's index where it begins, and what a step adds to it.
    var steps = [0, 0, 0]
    var inside: [Range<Int>] = []
    for axis in 0..<3 {
      let (length, stride) = (source[axes[axis]], strides[axes[axis]])
      steps[axis] = flipped[axis] ? -stride : stride
      start += (flipped[axis] ? length - 1 - offset[axis] : offset[axis]) * stride
      let low = min(max(0, -offset[axis]), size[axis])
      inside.append(low..<max(low, min(size[axis], length - offset[axis])))
    }
    out.update(repeating: fill)
    for i in inside[0] {
      for j in inside[1] {
        let line = start + i * steps[0] + j * steps[1]
        let target = (i * size[1] + j) * size[2] * channels
        for k in inside[2] {
          for c in 0..<channels {
            out[target + k * channels + c] = volume[line + k * steps[2] + c]
          }
        }
      }
    }
  }
}
