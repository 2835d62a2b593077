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
  private let stepsPerEpoch: Int
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
    parameters: [Parameter], totalSteps: Int, stepsPerEpoch: Int = 1
  ) {
    self.arena = arena
    self.settings = settings
    self.schedule = schedule
    self.totalSteps = totalSteps
    self.stepsPerEpoch = stepsPerEpoch
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
    settings.learningRate
      * schedule.factor(at: step, of: totalSteps, stepsPerEpoch: stepsPerEpoch)
  }

  /// ‖g‖₂ over all parameters of the update, in float64 and bucket order.
  func norm(of update: ReducedGradients) -> Double {
    update.sums.reduce(0) { $0 + kernels.sumOfSquares(FloatRange($1)) }.squareRoot()
  }

  /// Changes one of the update's parameters where it lies in the arena.
  ///
  /// `norm`: Of the whole gradient, for clipping.
  func apply(_ update: ReducedGradients, at index: Int, norm: Double, step: Int) {
    let parameter = update.buckets.parameters[index]
    let segment = segment(of: parameter)
    let numbers = arena.value(at: counts.index).mutableElements
    numbers[segment.position] += 1
    markChanged(parameter)
    change(
      Place(
        values: FloatRange(arena.value(at: parameter.index)),
        moments: (0..<settings.moments).map { FloatRange(moment($0, ofEntry: parameter.index)) },
        number: Int(numbers[segment.position])),
      of: parameter, segment, gradient: clipped(update.value(at: index), norm: norm), step: step)
  }

  /// One of the update's parameters after it, in memory apart from the arena.
  ///
  /// `latest`: The parameter after the step's earlier updates, if they touched it.
  func draft(
    _ update: ReducedGradients, at index: Int, norm: Double, step: Int, after latest: Draft?
  ) -> Draft {
    let parameter = update.buckets.parameters[index]
    let segment = segment(of: parameter)
    let number =
      latest?.number ?? Int(arena.value(at: counts.index).mutableElements[segment.position])
    let draft = Draft(
      copying: latest?.tensors
        ?? [arena.value(at: parameter.index)]
        + (0..<settings.moments).map { moment($0, ofEntry: parameter.index) },
      number: number + 1)
    change(
      Place(
        values: FloatRange(draft.tensors[0]),
        moments: draft.tensors.dropFirst().map(FloatRange.init),
        number: draft.number),
      of: parameter, segment, gradient: clipped(update.value(at: index), norm: norm), step: step)
    return draft
  }

  /// Puts a draft of a parameter into the arena.
  func write(_ draft: Draft, to parameter: Parameter) {
    arena.write(draft.tensors[0], at: parameter.index)
    for (number, values) in draft.tensors.dropFirst().enumerated() {
      let place = moment(number, ofEntry: parameter.index)
      place.storage.copyBytes(
        from: values.storage, values.byteRange, to: place.byteRange.lowerBound)
    }
    arena.value(at: counts.index).mutableElements[segment(of: parameter).position] =
      Float(draft.number)
    markChanged(parameter)
  }

  /// The parameter, its moments and its count have new values.
  private func markChanged(_ parameter: Parameter) {
    let entry = arena.entries[parameter.index]
    arena.markChanged(entry.offset..<entry.offset + entry.count)
    for moment in 0..<settings.moments {
      let offset = momentOffset(moment, parameter.index)
      arena.markChanged(offset..<offset + entry.count)
    }
    let numbers = arena.entries[counts.index]
    arena.markChanged(numbers.offset..<numbers.offset + numbers.count)
  }

  /// A parameter and its moments after an update that has not been committed.
  struct Draft: Sendable {
    /// The value, then the moments.
    let tensors: [Tensor]
    /// Updates that the parameter has had, this one included.
    let number: Int

    init(copying tensors: [Tensor], number: Int) {
      self.tensors = tensors.map { Tensor($0.elements, shape: $0.shape) }
      self.number = number
    }
  }

  /// What one update writes.
  private struct Place {
    let values: FloatRange
    let moments: [FloatRange]
    let number: Int
  }

  private func segment(of parameter: Parameter) -> Segment {
    guard let segment = segments[parameter.index] else {
      preconditionFailure("Optimizer: \(parameter.name) is not among the recipe's parameters")
    }
    return segment
  }

  /// The gradient scaled to the largest norm allowed; the sums themselves stay as the recipe sees
  /// them.
  private func clipped(_ gradient: Tensor, norm: Double) -> FloatRange {
    let clip = settings.clipNorm
    guard clip > 0, norm > clip else { return FloatRange(gradient) }
    return withoutRecording { FloatRange(gradient * Float(clip / (norm + 1e-6))) }
  }

  private func change(
    _ place: Place, of parameter: Parameter, _ segment: Segment, gradient: FloatRange, step: Int
  ) {
    let rate = learningRate(at: step) * segment.rateScale
    switch settings.rule {
    case .sgd:
      var step = SGDStep(rate: Float(rate))
      step.momentum = Float(settings.momentum)
      step.weightDecay = Float(segment.weightDecay)
      step.nesterov = settings.nesterov
      step.isFirst = place.number == 1
      kernels.sgd(step, place.values, gradient: gradient, momentum: place.moments[0])
    case .adam, .adamw:
      var step = AdamStep(rate: Float(rate), number: place.number)
      step.beta1 = Float(settings.beta1)
      step.beta2 = Float(settings.beta2)
      step.epsilon = Float(settings.epsilon)
      step.weightDecay = Float(segment.weightDecay)
      step.isDecoupled = settings.rule == .adamw
      kernels.adam(
        step, place.values, gradient: gradient, first: place.moments[0], second: place.moments[1])
    case .lars:
      kernels.lars(
        rate: Float(rate), momentum: Float(settings.momentum),
        weightDecay: Float(segment.weightDecay),
        local: Float(localRate(place.values, gradient, segment)), place.values,
        gradient: gradient, velocity: place.moments[0])
    }
    if let range = arena.entries[parameter.index].range { clamp(place.values, to: range) }
  }

  private func clamp(_ values: FloatRange, to range: ClosedRange<Float>) {
    let elements = Tensor(
      viewing: values.storage, byteOffset: values.offset * 4, shape: [values.count]
    ).mutableElements
    for place in elements.indices {
      elements[place] = min(max(elements[place], range.lowerBound), range.upperBound)
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

  /// Takes over the moments and counts of parameters of the same name and shape.
  func adoptMoments(of old: Optimizer) {
    for (index, segment) in segments.sorted(by: { $0.key < $1.key }) {
      let entry = arena.entries[index]
      guard let source = old.arena.index(named: entry.name), let before = old.segments[source],
        old.arena.entries[source].shape == entry.shape
      else { continue }
      for moment in 0..<settings.moments {
        let values = old.moment(moment, ofEntry: source)
        values.withUnsafeElements {
          _ = self.moment(moment, ofEntry: index).mutableElements.update(from: $0)
        }
      }
      arena.value(at: counts.index).mutableElements[segment.position] =
        old.arena.value(at: old.counts.index).mutableElements[before.position]
    }
  }

  /// A moment array of a parameter, a view of the arena.
  func moment(_ moment: Int, ofEntry entry: Int) -> Tensor {
    arena.view(offset: momentOffset(moment, entry), shape: arena.entries[entry].shape)
  }

  private func momentOffset(_ moment: Int, _ entry: Int) -> Int {
    (moment + 1) * arena.parameterFloats + arena.entries[entry].offset
  }

  private var kernels: any Backend { arena.value(at: 0).backend }
}

extension FloatRange {
  fileprivate init(_ x: Tensor) { self.init(x.storage, offset: x.offset, count: x.count) }
}
