import Collectives
import Tensors

/// Normalises each channel over the batch of all replicas and space, then scales and shifts
/// (Ioffe and Szegedy 2015).
///
/// In training the statistics are those of the global batch: replicas merge (count, Σ/count, Σ of
/// squared deviations) in float64 by the canonical tree, and their sums again in the reverse run.
/// So results do not depend on who hosts a sample; a replica without rows takes part with zeros. In
/// evaluation the running statistics are used.
///
/// Shapes: [..., channels] → the same; `weight`, `bias`, `running_mean`, `running_var` [channels],
/// `num_batches_tracked` [], as in torch.nn.BatchNorm2d and SyncBatchNorm.
/// Throws in training, both forward and in reverse: `ExchangeError`.
public struct BatchNorm: Layer {
  public let weight: Parameter?
  public let bias: Parameter?
  public let runningMean: State
  /// Of the unbiased variance, as torch keeps it.
  public let runningVariance: State
  public let batchesTracked: State
  let momentum: Float
  let epsilon: Float

  /// - `momentum`: The share of the new batch in the running statistics.
  /// - `initial`: Of the weight; zeros make a residual branch begin as nothing.
  public init(
    _ channels: Int, momentum: Float = 0.1, epsilon: Float = 1e-5, affine: Bool = true,
    initial: Initializer = .ones, in scope: inout Scope
  ) {
    weight = affine ? scope.parameter("weight", [channels], initial) : nil
    bias = affine ? scope.parameter("bias", [channels], .zeros) : nil
    runningMean = scope.state("running_mean", [channels])
    runningVariance = scope.state("running_var", [channels], .ones)
    batchesTracked = scope.state("num_batches_tracked", [], layout: .counter)
    self.momentum = momentum
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    guard pass.isTraining else {
      return batchNormalize(
        x, mean: runningMean.value, variance: runningVariance.value, weight: weight?.value,
        bias: bias?.value, epsilon: epsilon)
    }
    let moments = try globalMoments(of: x, pass.exchange)
    if moments.count > 0 { track(moments) }
    let (epsilon, exchange) = (epsilon, pass.exchange)
    return batchNormalize(
      x, moments: moments, weight: weight?.value, bias: bias?.value, epsilon: epsilon,
      always: true,
      composite: { x, weight, bias in
        try Self.composed(x, weight, bias, count: moments.count, epsilon: epsilon, exchange)
      },
      reduce: { try exchange.sum($0) })
  }

  private func globalMoments(of x: Tensor, _ exchange: any Exchange) throws -> ChannelMoments {
    let mine = ChannelMoments(of: x)
    let merged = try exchange.merge(
      mine.mean.indices.flatMap {
        [Double(mine.count), mine.mean[$0], mine.squaredDeviations[$0]]
      }, by: .moments)
    let channels = mine.mean.indices
    return ChannelMoments(
      count: merged.first.map { Int($0) } ?? 0, mean: channels.map { merged[3 * $0 + 1] },
      squaredDeviations: channels.map { merged[3 * $0 + 2] })
  }

  private func track(_ moments: ChannelMoments) {
    func blended(_ old: Tensor, _ new: [Double]) -> Tensor {
      let share = Double(momentum)
      let values = zip(old.elements, new).map { Float((1 - share) * Double($0) + share * $1) }
      return Tensor(values, shape: old.shape)
    }
    runningMean.write(blended(runningMean.value, moments.mean))
    runningVariance.write(blended(runningVariance.value, moments.unbiasedVariance))
    batchesTracked.write(Tensor(batchesTracked.value.scalar + 1))
  }

  /// The same value from operations that differentiate again, for gradients of gradients.
  private static func composed(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor, count: Int, epsilon: Float,
    _ exchange: any Exchange
  ) throws -> Tensor {
    let axes = Array(0..<x.rank - 1)
    let share = 1 / Float(max(1, count))
    let mean = try exchange.sum(x.sum(axes: axes)) * share
    let centered = x - mean
    let variance = try exchange.sum((centered * centered).sum(axes: axes)) * share
    return centered * (rsqrt(variance + epsilon) * weight) + bias
  }
}
