import Tensors

/// Zeroes square patches of a map in training, each channel by itself, and scales what is left so that
/// its mean stays (Ghiasi et al. 2018, as the code of few-shot ResNet-12s has it).
///
/// A patch of `size`² pixels begins at each place of the (h − size + 1) × (w − size + 1) grid with
/// probability γ = rate / size² · h² / (h − size + 1)²; the rate rises with the number of passes to
/// its full value at `rampSteps`. The scale is that of all samples of the global batch: pixels over
/// pixels kept. Draws are keyed by sample.
///
/// Shapes: [B, h, w, C] → the same, h and w at least `size`. State: `calls` [], passes so far.
/// Throws in training: `ExchangeError`.
public struct DropBlock: Layer {
  let rate: Float
  let size: Int
  let rampSteps: Int
  let callsPerStep: Int
  let calls: State
  let purpose: String

  /// - `callsPerStep`: How many passes a training step counts for; those of evaluations count in the
  ///   code this follows, and change nothing here.
  public init(
    _ rate: Float, size: Int = 5, rampSteps: Int = 40_000, callsPerStep: Int = 1,
    in scope: inout Scope
  ) {
    precondition(
      (0..<1).contains(rate) && size >= 1 && rampSteps >= 1 && callsPerStep >= 1,
      "DropBlock \(scope.prefix): rate \(rate), size \(size), ramp of \(rampSteps) steps")
    self.rate = rate
    self.size = size
    self.rampSteps = rampSteps
    self.callsPerStep = callsPerStep
    calls = scope.state("calls", [], layout: .counter)
    purpose = scope.prefix
  }

  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor {
    guard pass.isTraining, rate > 0 else { return x }
    precondition(
      x.rank == 4 && x.shape[1] >= size && x.shape[2] >= size,
      "DropBlock \(purpose): blocks of \(size) in a map \(x.shape)")
    let count = calls.value.scalar + Float(callsPerStep)
    calls.write(Tensor(count))
    let mask = mask(
      of: x.shape, dropped: rate * min(1, count / Float(rampSteps)), key: pass.key(purpose),
      rows: pass.rowNumbers(x.shape[0]))
    let kept = mask.withUnsafeElements { $0.reduce(0.0) { $0 + Double($1) } }
    let sums = try pass.exchange.sum([kept, Double(mask.count)])
    return x * (mask * Float(sums[0] > 0 ? sums[1] / sums[0] : 1))
  }

  /// 1 for what stays, 0 for what goes.
  private func mask(of shape: [Int], dropped: Float, key: RandomKey, rows: [Int]) -> Tensor {
    let grid = [shape[1] - size + 1, shape[2] - size + 1, shape[3]]
    let gamma =
      dropped / Float(size * size) * Float(shape[1] * shape[1]) / Float(grid[0] * grid[0])
    guard !rows.isEmpty else { return .zeros(shape) }
    let draws = stacked(rows.map { Tensor.uniform(grid, key: key.derived($0)) })
    let corners = select(less(draws, gamma), 1, 0)
    let border = [0, size - 1, size - 1, 0]
    let blocks = maxPool(
      corners.padded(before: border, after: border), kernel: size, stride: 1)
    return 1 - blocks
  }
}
