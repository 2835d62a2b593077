import Collectives
import Layers
import Tensors
import TestSupport

/// A model of its own arena, sealed.
func built<Model>(
  seed: UInt64 = 1, _ make: (inout Scope) throws -> Model
) rethrows -> (Model, Arena) {
  let arena = Arena()
  var scope = Scope(arena)
  let model = try make(&scope)
  arena.seal(moments: 0, key: RandomKey(seed: seed))
  return (model, arena)
}

/// The pass of a job with one replica.
func alone(training: Bool = false, samples: Int = 2, seed: UInt64 = 5) -> Forward {
  Forward(
    isTraining: training, exchange: soloExchange(), key: RandomKey(seed: seed),
    slots: Array(0..<samples))
}

func normal(_ shape: [Int], _ seed: UInt64) -> Tensor { .normal(shape, key: RandomKey(seed: seed)) }

/// Checks the gradients over `x` and over every parameter of `arena` against differences.
func checkGradients(
  _ arena: Arena, at x: Tensor, step: Float = 1e-2, within tolerance: Float = 2e-2,
  second: Bool = false, of f: (Tensor) throws -> Tensor
) throws {
  let parameters = Scope(arena).parameters
  let values = parameters.map { Tensor($0.value.elements, shape: $0.shape) }
  try checkGradient(at: [x] + values, step: step, within: tolerance, second: second) { inputs in
    try withValues(Array(zip(parameters, inputs.dropFirst()))) { try f(inputs[0]) }
  }
}

extension Arena {
  /// Name and shape of every entry as a file has them, sorted by name.
  var exportedShapes: [String] { exported().map { "\($0.name) \($0.tensor.shape)" } }

  var parameterCount: Int {
    entries.filter { $0.kind == .parameter }.map(\.count).reduce(0, +)
  }

  /// Puts small recognisable values in place of the initial ones: sin of a running number.
  func fillWithWaves() {
    var number = 0
    for index in entries.indices where entries[index].kind == .parameter {
      let values = (0..<entries[index].count).map { _ -> Float in
        number += 1
        return Float(number % 97) / 97 - 0.5
      }
      write(Tensor(values, shape: entries[index].shape), at: index)
    }
  }
}
