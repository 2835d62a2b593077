import Layers
import Tensors

/// An exponential moving average of parameters, kept beside them: a ← decay·a + (1 − decay)·θ after
/// every step. Scores and predictions use it; training does not.
final class ParameterAverage {
  static let prefix = "average"
  var count: Int { pairs.count }
  private let pairs: [(parameter: Parameter, copy: State)]
  private let decay: Float

  init(of parameters: [Parameter], decay: Float, in arena: Arena) {
    var scope = Scope(arena, prefix: Self.prefix)
    // The layout goes along, so that averages are exported in the ecosystem's order of axes.
    pairs = parameters.map {
      ($0, scope.state($0.name, $0.shape, layout: arena.entries[$0.index].layout))
    }
    self.decay = decay
  }

  /// The averages in place of the parameters, for `withValues`.
  var values: [(Parameter, Tensor)] { pairs.map { ($0.parameter, $0.copy.value) } }

  /// Starts at the parameters' values.
  func reset() {
    for (parameter, copy) in pairs { copy.write(parameter.value) }
  }

  func update() {
    for (parameter, copy) in pairs {
      let (average, value) = (copy.value, parameter.value)
      value.backend.movingAverage(
        momentum: decay, of: FloatRange(value.storage, offset: value.offset, count: value.count),
        into: FloatRange(average.storage, offset: average.offset, count: average.count))
      copy.arena.markChanged(average.offset..<average.offset + average.count)
    }
  }
}
