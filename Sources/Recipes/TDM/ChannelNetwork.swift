import Layers
import Tensors

/// Channel weights from channel scores (eq. 4): b(R) = 1 + tanh(W₂ ReLU(BN(W₁ R))), in 0 … 2.
///
/// Shapes: [n, d] → [n, d]; the hidden layer has 2d units. Names: 0, 1 and 3, as in a sequence.
struct ChannelNetwork: Layer {
  private let first: Linear
  private let norm: BatchNorm
  private let second: Linear

  init(_ channels: Int, in scope: inout Scope) {
    let hidden = 2 * channels
    let initial = Initializer.xavierUniform(fanIn: channels, fanOut: hidden)
    first = Linear(channels, hidden, bias: false, initial: initial, in: &scope["0"])
    norm = BatchNorm(hidden, in: &scope["1"])
    second = Linear(hidden, channels, bias: false, initial: initial, in: &scope["3"])
  }

  func callAsFunction(_ scores: Tensor, _ pass: Forward) throws -> Tensor {
    1 + tanh(second(relu(try norm(first(scores), pass))))
  }
}
