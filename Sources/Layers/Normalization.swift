import Tensors

/// Which normalisation a convolutional model uses.
public enum Normalization: Sendable, Hashable {
  case none
  /// Over the batch of all replicas.
  case batch
  case group(Int)
  case instance

  func layer(_ channels: Int, in scope: inout Scope) -> any Layer {
    switch self {
    case .none: Activation.identity
    case .batch: BatchNorm(channels, in: &scope)
    case .group(let groups): GroupNorm(groups, channels, in: &scope)
    case .instance: InstanceNorm(channels, affine: true, in: &scope)
    }
  }
}
