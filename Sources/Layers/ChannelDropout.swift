import Tensors

/// Zeroes whole channels of a sample with probability `rate` in training and scales the rest by
/// 1/(1 − rate) (Tompson et al. 2015), as torch.nn.Dropout3d. Keyed by sample, as `Dropout`.
///
/// Shapes: [B, ..., channels] → the same.
public struct ChannelDropout: Layer {
  public let rate: Float
  let purpose: String

  /// Declares nothing; `scope` names the random stream.
  public init(_ rate: Float, in scope: inout Scope) {
    precondition(
      (0..<1).contains(rate), "ChannelDropout \(scope.prefix): rate \(rate) is not in 0 ..< 1")
    self.rate = rate
    purpose = scope.prefix
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    guard pass.isTraining, rate > 0 else { return x }
    return channelDropout(
      x, rate: rate, key: pass.key(purpose), rows: pass.rowNumbers(x.shape[0]))
  }
}
