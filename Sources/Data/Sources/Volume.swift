import Tensors

/// A picture in space: values and, where somebody has drawn them, labels.
public struct Volume: Sendable {
  public var values: Tensor  // [d, h, w]
  public var labels: ByteTensor?  // [d, h, w], class indices
  /// Millimetres from one value to the next along each axis of `values`; 1 where nothing is said.
  public var spacing: [Float]

  /// Precondition: labels, if any, are as large as the values; three spacings.
  public init(values: Tensor, labels: ByteTensor? = nil, spacing: [Float] = [1, 1, 1]) {
    precondition(
      values.shape.count == 3 && spacing.count == 3
        && (labels.map { $0.shape == values.shape } ?? true),
      "Volume: \(values.shape) with labels \(labels?.shape ?? []), spacing \(spacing)")
    self.values = values
    self.labels = labels
    self.spacing = spacing
  }

  /// More is refused before memory is taken: 1 GiB of float32.
  public static let countMax = 256 << 20
}
