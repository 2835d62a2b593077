import Layers
import Tensors

/// Applies reduced gradients to the arena: one pass over each parameter, with the settings of its
/// name.
///
/// SGD, Adam and AdamW as torch.optim computes them; LARS after You et al. 2017. Every worker applies
/// the same numbers to its own copy.
package final class Optimizer: Sendable {
  static let prefix = "training"
  package let arena: Arena
  private let settings: OptimizerSettings
  private let schedule: ScheduleSettings
  private let totalSteps: Int
  /// By entry index.
  private let segments: [Int: Segment]
  /// Updates that each parameter has had, by its position among the parameters.
  private let counts: State

  private struct Segment {
    let position: Int
    let rateScale: Double
    let weightDecay: Double
    /// LARS scales the rate of matrices only.
    let isMatrix: Bool
  }

  /// Declares its counters in the arena, which must not be sealed yet.
  package init(
    _ arena: Arena, _ settings: OptimizerSettings, _ schedule: ScheduleSettings,
    parameters: [Parameter], totalSteps: Int
  ) {
    self.arena = arena
    self.settings = settings
    self.schedule = schedule
    self.totalSteps = totalSteps
    var segments: [Int: Segment] = [:]
    for (position, parameter) in parameters.enumerated() {
      let group = settings.groups.first { matches(parameter.name, pattern: $0.match) }
      let isMatrix = parameter.shape.count >= 2
      let standard = settings.decay == .all || isMatrix ? settings.weightDecay : 0
      segments[parameter.index] = Segment(
        position: position, rateScale: group?.learningRateScale ?? 1,
        weightDecay: group?.weightDecay ?? standard, isMatrix: isMatrix)
    }
    self.segments = segments
    var scope = Scope(arena, prefix: Self.prefix)
    counts = scope.state("updates", [parameters.count])
  }

  package func learningRate(at step: Int) -> Double {
    settings.learningRate * schedule.factor(at: step, of: totalSteps)
  }

  /// ‖g‖₂ over all parameters of the update, in float64 and bucket order.
  func norm(of update: ReducedGradients) -> Double {
    update.sums.reduce(0) { $0 + kernels.sumOfSquares(range($1)) }.squareRoot()
  }

  /// Where `apply` writes: (offset, floats) in the arena.
  func touched(by update: ReducedGradients) -> [(offset: Int, count: Int)] {
    update.buckets.parameters.flatMap { parameter -> [(offset: Int, count: Int)] in
      let offset = arena.entries[parameter.index].offset
      return [(offset, parameter.count)]
        + (0..<settings.moments).map { (momentOffset($0, parameter.index), parameter.count) }
    } + [(arena.entries[counts.index].offset, counts.shape[0])]
  }

  /// One update.
  ///
  /// - Parameter norm: Of the whole gradient, for clipping.
  func apply(_ update: ReducedGradients, norm: Double, step: Int) {
    let clip = settings.clipNorm
    if clip > 0, norm > clip {
      let factor = Float(clip / (norm + 1e-6))
      for sum in update.sums { kernels.scale(range(sum), by: factor) }
    }
    let rate = learningRate(at: step)
    let numbers = arena.value(at: counts.index).mutableElements
    for (index, parameter) in update.buckets.parameters.enumerated() {
      guard let segment = segments[parameter.index] else {
        preconditionFailure("Optimizer: \(parameter.name) is not among the recipe's parameters")
      }
      numbers[segment.position] += 1
      apply(
        to: parameter.index, gradient: range(update.value(at: index)), segment,
        rate: rate * segment.rateScale, number: Int(numbers[segment.position]))
      if let range = arena.entries[parameter.index].range {
        let values = arena.value(at: parameter.index).mutableElements
        for place in values.indices {
          values[place] = min(max(values[place], range.lowerBound), range.upperBound)
        }
      }
    }
  }

  private func apply(
    to entry: Int, gradient: FloatRange, _ segment: Segment, rate: Double, number: Int
  ) {
    let values = FloatRange(
      arena.sealedStorage, offset: arena.entries[entry].offset, count: arena.entries[entry].count)
    switch settings.rule {
    case .sgd:
      var step = SGDStep(rate: Float(rate))
      step.momentum = Float(settings.momentum)
      step.weightDecay = Float(segment.weightDecay)
      step.nesterov = settings.nesterov
      step.isFirst = number == 1
      kernels.sgd(step, values, gradient: gradient, momentum: momentRange(0, entry))
    case .adam, .adamw:
      var step = AdamStep(rate: Float(rate), number: number)
      step.beta1 = Float(settings.beta1)
      step.beta2 = Float(settings.beta2)
      step.epsilon = Float(settings.epsilon)
      step.weightDecay = Float(segment.weightDecay)
      step.isDecoupled = settings.rule == .adamw
      kernels.adam(
        step, values, gradient: gradient, first: momentRange(0, entry),
        second: momentRange(1, entry))
    case .lars:
      kernels.lars(
        rate: Float(rate), momentum: Float(settings.momentum),
        weightDecay: Float(segment.weightDecay),
        local: Float(localRate(values, gradient, segment)), values, gradient: gradient,
        velocity: momentRange(0, entry))
    }
  }

  /// η‖w‖ / (‖g‖ + λ‖w‖); 1 for biases and norms, and where a norm is 0.
  private func localRate(
    _ values: FloatRange, _ gradient: FloatRange, _ segment: Segment
  ) -> Double {
    guard segment.isMatrix else { return 1 }
    let weight = kernels.sumOfSquares(values).squareRoot()
    let slope = kernels.sumOfSquares(gradient).squareRoot()
    guard weight > 0, slope > 0 else { return 1 }
    return settings.trust * weight / (slope + segment.weightDecay * weight)
  }

  /// A moment array of a parameter, a view of the arena.
  func moment(_ moment: Int, ofEntry entry: Int) -> Tensor {
    arena.view(offset: momentOffset(moment, entry), shape: arena.entries[entry].shape)
  }

  private func momentOffset(_ moment: Int, _ entry: Int) -> Int {
    (moment + 1) * arena.parameterFloats + arena.entries[entry].offset
  }

  private func momentRange(_ moment: Int, _ entry: Int) -> FloatRange {
    FloatRange(
      arena.sealedStorage, offset: momentOffset(moment, entry), count: arena.entries[entry].count)
  }

  private func range(_ x: Tensor) -> FloatRange {
    FloatRange(x.storage, offset: x.offset, count: x.count)
  }

  private var kernels: any Backend { arena.value(at: 0).backend }
}
