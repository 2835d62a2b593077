import Collectives
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@Suite struct OptimizerTests {
  /// Two parameters, a matrix and a vector, updated by given gradients; and the same in float64 as
  /// torch's documentation writes it.
  private struct Bench {
    let arena = Arena()
    let parameters: [Parameter]
    let optimizer: Optimizer

    init(
      _ settings: OptimizerSettings, _ schedule: ScheduleSettings = ScheduleSettings(.constant),
      steps: Int = 10
    ) {
      var scope = Scope(arena)
      parameters = [
        scope.parameter("layer.weight", [2, 2], .values([0.5, -1, 2, 0.25])),
        scope.parameter("layer.bias", [3], .values([1, -2, 3])),
      ]
      optimizer = Optimizer(
        arena, settings, schedule, parameters: parameters, totalSteps: steps)
      arena.seal(moments: settings.moments, key: RandomKey(seed: 1))
    }

    func update(_ gradients: [[Float]], step: Int) throws {
      let transaction = StepTransaction(optimizer, step: step)
      let pass = Forward(
        isTraining: true, exchange: soloExchange(), key: RandomKey(seed: 1), slots: [])
      let context = StepContext(
        pass: pass, step: step, totalSteps: 10, stage: 0, epoch: 0, transaction: transaction
      ) {}
      let local = LocalGradients(
        parameters: parameters,
        values: zip(parameters, gradients).map { Tensor($1, shape: $0.shape) })
      context.update(try context.reduce(local))
      try transaction.commit([:], losses: [])
    }

    var values: [[Double]] {
      parameters.map { arena.value(at: $0.index).elements.map(Double.init) }
    }
  }

  private static let gradients: [[[Float]]] = (0..<5).map { step in
    [
      sample([4], seed: UInt64(step) + 1).elements, sample([3], seed: UInt64(step) + 50).elements,
    ]
  }

  /// Runs five updates and compares with `rule`: (value, gradient, buffers, step, is matrix) → value.
  private func check(
    _ settings: OptimizerSettings, buffers: Int,
    _ rule: ([Double], [Double], inout [[Double]], Int, Bool) -> [Double]
  ) throws {
    let bench = Bench(settings)
    var expected = bench.values
    var state = expected.map { value in
      Array(repeating: Array(repeating: 0.0, count: value.count), count: buffers)
    }
    for (step, gradients) in Self.gradients.enumerated() {
      try bench.update(gradients, step: step)
      for index in expected.indices {
        expected[index] = rule(
          expected[index], gradients[index].map(Double.init), &state[index], step + 1, index == 0)
      }
      for (value, hoped) in zip(bench.values.joined(), expected.joined()) {
        #expect(abs(value - hoped) < 2e-6 * max(1, abs(hoped)), "step \(step)")
      }
    }
  }

  @Test(arguments: [(0.9, false, 0.0), (0.9, true, 0.1), (0.0, false, 0.1), (0.5, true, 0)])
  func `follows torch's SGD`(momentum: Double, nesterov: Bool, decay: Double) throws {
    var settings = OptimizerSettings(.sgd, learningRate: 0.1, weightDecay: decay)
    settings.momentum = momentum
    settings.nesterov = nesterov
    settings.decay = .all
    try check(settings, buffers: 1) { value, gradient, state, number, _ in
      value.indices.map { i in
        let g = gradient[i] + decay * value[i]
        state[0][i] = number == 1 ? g : momentum * state[0][i] + g
        return value[i] - 0.1 * (nesterov ? g + momentum * state[0][i] : state[0][i])
      }
    }
  }

  @Test(arguments: [OptimizerSettings.Rule.adam, .adamw])
  func `follows torch's Adam and AdamW`(rule: OptimizerSettings.Rule) throws {
    var settings = OptimizerSettings(rule, learningRate: 0.05, weightDecay: 0.2)
    settings.beta1 = 0.8
    settings.beta2 = 0.95
    settings.epsilon = 1e-6
    // Only the matrix decays by default.
    try check(settings, buffers: 2) { value, gradient, state, number, isMatrix in
      let decay = isMatrix ? 0.2 : 0
      return value.indices.map { i in
        let w = rule == .adamw ? value[i] * (1 - 0.05 * decay) : value[i]
        let g = gradient[i] + (rule == .adam ? decay * value[i] : 0)
        state[0][i] = 0.8 * state[0][i] + 0.2 * g
        state[1][i] = 0.95 * state[1][i] + 0.05 * g * g
        let mean = state[0][i] / (1 - pow(0.8, Double(number)))
        let square = state[1][i] / (1 - pow(0.95, Double(number)))
        return w - 0.05 * mean / (square.squareRoot() + 1e-6)
      }
    }
  }

  @Test func `scales the rate of a matrix by LARS`() throws {
    var settings = OptimizerSettings(.lars, learningRate: 2, weightDecay: 0.01)
    settings.trust = 0.02
    try check(settings, buffers: 1) { value, gradient, state, _, isMatrix in
      func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let decay = isMatrix ? 0.01 : 0
      let local =
        isMatrix ? 0.02 * norm(value) / (norm(gradient) + 0.01 * norm(value)) : 1
      return value.indices.map { i in
        state[0][i] = 0.9 * state[0][i] + local * (gradient[i] + decay * value[i])
        return value[i] - 2 * state[0][i]
      }
    }
  }

  @Test func `clips by the norm of all parameters together`() throws {
    var settings = OptimizerSettings(.sgd, learningRate: 1, clipNorm: 1)
    settings.momentum = 0
    let bench = Bench(settings)
    let before = bench.values
    let gradients: [[Float]] = [[3, 0, 0, 0], [0, 4, 0]]  // norm 5
    try bench.update(gradients, step: 0)
    let after = bench.values
    for (index, gradient) in gradients.enumerated() {
      for (place, slope) in gradient.enumerated() {
        #expect(abs(before[index][place] - after[index][place] - Double(slope) / 5) < 1e-6)
      }
    }
    // Below the bound nothing is scaled.
    try bench.update([[0.25, 0, 0, 0], [0, 0, 0.5]], step: 1)
    #expect(bench.values[0][0] == after[0][0] - 0.25)
    #expect(bench.values[1][2] == after[1][2] - 0.5)
  }

  @Test func `gives groups their own rate and decay, the first match counts`() throws {
    var settings = OptimizerSettings(.sgd, learningRate: 0.5, weightDecay: 0.1)
    settings.momentum = 0
    settings.groups = try tinyJob([
      "optimizer.groups": .list([
        .map([
          "match": .text("layer.b*"), "learningRateScale": .number(0.1), "weightDecay": .integer(1),
        ]),
        .map(["match": .text("*"), "learningRateScale": .integer(2)]),
      ])
    ]).optimizer.groups
    let bench = Bench(settings)
    try bench.update([[1, 1, 1, 1], [0, 0, 0]], step: 0)
    for (value, old) in zip(bench.values[0], [0.5, -1, 2, 0.25]) {
      #expect(abs(value - (old - 1 * (1 + 0.1 * old))) < 1e-6)
    }
    for (value, old) in zip(bench.values[1], [1.0, -2, 3]) {
      #expect(abs(value - (old - 0.05 * old)) < 1e-6)
    }
  }

  @Test func `refuses a gradient that is not finite and changes nothing`() throws {
    let bench = Bench(OptimizerSettings(.adam, learningRate: 0.1))
    let bytes = Array(bench.arena.bytes)
    let error = #expect(throws: TrainingError.self) {
      try bench.update([[1, .infinity, 0, 0], [0, 0, 0]], step: 7)
    }
    #expect(error == .notFinite(step: 7, what: "gradient norm", value: .infinity))
    #expect(Array(bench.arena.bytes) == bytes)
  }

  @Test(arguments: [
    ("layer.0.bias", "*.bias", true), ("layer.0.bias", "*bias*", true), ("abc", "a?c", true),
    ("abc", "a?", false), ("abc", "abc", true), ("abc", "ab", false), ("", "*", true),
    ("", "?", false), ("abcabc", "*abc", true), ("aXbXc", "a*b*c", true), ("aXbX", "a*b*c", false),
    ("a", "a**", true),
    (String(repeating: "a", count: 200), String(repeating: "a*", count: 60) + "b", false),
  ])
  func `matches patterns`(name: String, pattern: String, expected: Bool) {
    #expect(matches(name, pattern: pattern) == expected)
  }

  @Test func `schedules by hand`() {
    func factors(_ schedule: ScheduleSettings, _ steps: [Int], of total: Int) -> [Double] {
      steps.map { (schedule.factor(at: $0, of: total) * 1e6).rounded() / 1e6 }
    }
    #expect(factors(ScheduleSettings(.constant), [0, 5, 9], of: 10) == [1, 1, 1])
    #expect(
      factors(ScheduleSettings(.constant, warmupSteps: 4), [0, 1, 2, 3, 4], of: 10)
        == [0.25, 0.5, 0.75, 1, 1])
    var tenth = ScheduleSettings(.poly)
    (tenth.power, tenth.warmup) = (1, .fraction(0.1))
    #expect(
      factors(tenth, [0, 1, 2, 11, 15, 19], of: 20)
        == [0.5, 1, 1, 0.5, 0.277778, 0.055556])
    #expect(factors(tenth, [0, 1], of: 5) == [1, 1])
    var cosine = ScheduleSettings(.cosine, warmupSteps: 2)
    #expect(factors(cosine, [0, 1, 2, 4, 6, 10, 99], of: 10) == [0.5, 1, 1, 0.853553, 0.5, 0, 0])
    cosine.floor = 0.1
    #expect(factors(cosine, [2, 6, 10], of: 10) == [1, 0.55, 0.1])
    var poly = ScheduleSettings(.poly)
    poly.power = 2
    #expect(factors(poly, [0, 5, 9, 10], of: 10) == [1, 0.25, 0.01, 0])
    var step = ScheduleSettings(.step)
    step.milestones = [0.5, 0.75]
    step.gamma = 0.1
    #expect(factors(step, [0, 9, 10, 14, 15, 19], of: 20) == [1, 1, 0.1, 0.1, 0.01, 0.01])
    #expect(
      factors(ScheduleSettings(.cosine, warmupSteps: 9), [0, 8, 9], of: 5) == [0.111111, 1, 1])
  }

  @Test func `schedules by epochs rise from 0 and are constant within an epoch`() {
    var schedule = ScheduleSettings(.cosine)
    (schedule.warmup, schedule.isPerEpoch, schedule.floor) = (.epochs(2), true, 0.2)
    let factors = (0..<24).map { schedule.factor(at: $0, of: 24, stepsPerEpoch: 4) }
    #expect(Array(factors[..<9]) == (0..<8).map { Double($0) / 8 } + [1])
    for epoch in 2..<6 { #expect(Set(factors[4 * epoch..<4 * epoch + 4]).count == 1) }
    #expect(abs(factors[16] - 0.6) < 1e-12 && factors[23] < factors[16] && factors[23] > 0.2)
    schedule.isPerEpoch = false
    #expect(schedule.factor(at: 9, of: 24, stepsPerEpoch: 4) < 1)
  }
}
