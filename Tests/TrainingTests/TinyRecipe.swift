import Collectives
import Data
import Foundation
import Layers
import Losses
import Tensors
import TestSupport
import Training

/// Regression of a picture's brightness from a few of its pixels: small enough to train in
/// milliseconds, and with all that a step can do: two updates in a row, the second of which reads
/// what the first has changed, a collective in the loss, running state, a parameter without gradient.
struct Tiny: Recipe {
  struct Options: RecipeOptions {
    @Option("Strength of the regulariser", symbol: "λ", in: 0...10) var strength: Float = 0.1
    @Option("Width of the hidden layer", unit: "units", in: 1...64) var width: Int = 5
    @Option("Whether a step makes two updates") var alternates: Bool = true
    @Option("Fails after the first update while this file exists") var failing: String = "none"
    @Option("A loss that is not a number from this step on", in: 0...1000) var notFinite: Int = 1000
    @Option("Stages; each but the first has two hidden units more", in: 1...4) var stages: Int = 1
    @Option("What is reported besides") var probe: Probe = .none
  }

  enum Probe: String, OptionChoice { case none, values, virtual, second }

  struct Batch: Sendable {
    let pixels: Tensor  // [n, 12]
    let brightness: Tensor  // [n, 1]
  }

  struct Failure: Error {}

  static let name = "tiny"
  static let summary = "Regression for tests."
  static let defaults = JobDefaults(
    batch: 6, epochs: 2, optimizer: OptimizerSettings(.adamw, learningRate: 1e-2),
    schedule: ScheduleSettings(.constant))

  let options: Options
  let first: Parameter
  let second: Parameter
  let kernel: Parameter
  let seen: State
  let parameters: [Parameter]

  static func stages(_ options: Options) -> [Stage] {
    (0..<options.stages).map { Stage("part \($0)", epochs: $0 == 0 ? nil : 1) }
  }

  init(_ options: Options, stage: Stage, data: RecipeData, in scope: inout Scope) throws {
    self.options = options
    let width = options.width + 2 * stage.index
    first = scope.parameter("first.weight", [12, width], .normal(deviation: 0.3))
    second = scope.parameter("second.weight", [width, 1], .normal(deviation: 0.3))
    kernel = scope.parameter(
      "unused.kernel", [2, 3, 4], .normal(deviation: 0.3), layout: .convolution)
    seen = scope.state("seen", [2])
    parameters = scope.parameters
  }

  func load(_ samples: [LoadedSlot], key: RandomKey, data: RecipeData) throws -> Batch {
    try Self.batch(samples.map { ($0.sample, $0.slot.index) }, key)
  }

  private static func batch(_ samples: [(Sample, Int)], _ key: RandomKey?) throws -> Batch {
    var pixels: [Float] = []
    var brightness: [Float] = []
    for (sample, slot) in samples {
      let picture = try sample.image?.pixels() ?? ByteTensor([0], shape: [1])
      let values = picture.elements.map { Float($0) / 255 }
      let noise = key.map { $0.derived("noise").derived(slot) }
      for place in 0..<12 {
        pixels.append(
          values[place * (values.count - 1) / 11] + 0.01 * (noise?.uniform(place) ?? 0))
      }
      brightness.append(values.reduce(0, +) / Float(values.count))
    }
    return Batch(
      pixels: Tensor(pixels, shape: [samples.count, 12]),
      brightness: Tensor(brightness, shape: [samples.count, 1]))
  }

  private func hidden(_ pixels: Tensor) -> Tensor { tanh(matmul(pixels, first.value)) }

  private func loss(_ batch: Batch, _ exchange: any Exchange) throws -> GlobalLoss {
    let hidden = hidden(batch.pixels)
    let error = matmul(hidden, second.value) - batch.brightness
    let fit = try GlobalLoss.mean(
      of: square(error).sum(), count: batch.pixels.shape[0], over: exchange)
    let rows = try exchange.gather(hidden).rows
    let spread = GlobalLoss.replicated(square(rows).mean(), over: exchange)
    return fit + spread * options.strength
  }

  func step(_ batch: Batch, _ context: StepContext) throws {
    let exchange = context.exchange
    let isFirst: Double = exchange.replica == 0 ? 1 : 0
    func report(_ name: String, _ parameter: Parameter) {
      context.report(name, sum: Double(parameter.value.elements[0]) * isFirst, count: isFirst)
    }
    if options.probe == .values { report("before", second) }
    let old = second.value
    let held = old.elements
    var total = try loss(batch, exchange)
    if context.step >= options.notFinite { total = total * .nan }
    if !options.alternates { return try context.minimize(total, over: parameters) }
    try context.minimize(total, over: [second, kernel])
    // Reads the second layer, and so its update.
    let again = try loss(batch, exchange)
    if options.probe == .values {
      precondition(old.elements == held, "a value read before changed under its reader")
      report("after", second)
      report("kernel", kernel)
    }
    if exchange.replica == 0, FileManager.default.fileExists(atPath: options.failing) {
      throw Failure()
    }
    switch options.probe {
    case .virtual:
      let other = withValues([(second, second.value.detached * 2)]) { () -> Float in
        seen.write(Tensor([-1, -1], shape: [2]))
        return second.value.elements[0]
      }
      context.report("virtual", sum: Double(other) * isFirst, count: isFirst)
      report("real", second)
    case .second:
      let slope = try context.gradients(of: again, over: [first], differentiable: true)
      let norm = GlobalLoss(share: square(slope.values[0]).sum())
      let curved = try context.gradients(of: norm, over: [first], retain: true)
      context.report(
        "curvature", sum: curved.values[0].elements.reduce(0) { $0 + Double(abs($1)) }, count: 1)
    case .none, .values: break
    }
    try context.minimize(again, over: [first], as: "again")
    let rows = try exchange.sum(batch.pixels.shape[0])
    seen.write(seen.value + Tensor([Float(rows), 1], shape: [2]))
  }

  func evaluate(_ source: any SampleSource, _ context: PassContext) throws -> [Score] {
    var error = 0.0
    var count = 0
    for range in context.batches(source.count) {
      let batch = try Self.batch(range.map { (try source.sample(at: $0), $0) }, nil)
      let difference = matmul(hidden(batch.pixels), second.value) - batch.brightness
      error += difference.elements.reduce(0) { $0 + Double($1 * $1) }
      count += range.count
    }
    let sums = try context.exchange.sum([error, Double(count)])
    return [
      Score("closeness", 1 / (1 + sums[0] / max(1, sums[1]))), Score("samples", sums[1]),
    ]
  }

  func predict(_ source: any SampleSource, _ context: PredictContext) throws -> [Prediction] {
    try context.indices.map { index in
      let batch = try Self.batch([(try source.sample(at: index), index)], nil)
      let value = matmul(hidden(batch.pixels), second.value).scalar
      return Prediction(sample: source.name(at: index), fields: [("brightness", "\(value)")])
    }
  }

  func contactSheet(_ source: any SampleSource, _ context: PredictContext) throws -> ByteTensor {
    ByteTensor(repeating: 7, shape: [8, 8, 3])
  }
}

let tinyCatalog = Catalog([Tiny.self])

/// A job of the tiny recipe with some keys changed; dotted paths.
func tinyJob(_ changes: [String: JobValue] = [:]) throws -> Job {
  var value = JobValue.map([
    "recipe": .text("tiny"), "seed": .integer(3), "replicas": .integer(3), "batch": .integer(6),
    "epochs": .integer(2),
    "data": .map([
      "world": .text("scenes"), "size": .integer(16), "validation": .integer(5),
      "test": .integer(7), "heldout": .integer(2), "imageSize": .integer(16),
    ]),
  ])
  for (path, change) in changes {
    value.set(path.split(separator: ".").map(String.init), to: change)
  }
  return try Job(value, catalog: tinyCatalog)
}

/// All replicas of a job in this process.
func wholeGroup(_ job: Job, threads: Int = 2) -> ReplicaGroup {
  ReplicaGroup(
    replicas: job.replicas, hosted: 0..<job.replicas, permits: ComputePermits(count: threads),
    link: nil)
}

extension Trainer {
  var stateDigest: String { Digest.sha256(UnsafeRawBufferPointer(arena.bytes)) }

  /// Runs steps and passes in order until `step` steps are committed, or to the end.
  func train(_ group: ReplicaGroup, until end: Int = .max) throws -> [Training.StepReport] {
    try prepare(hosted: group.hosted)
    defer { stop() }
    var reports: [Training.StepReport] = []
    while true {
      switch next {
      case .step(let step):
        if step >= end { return reports }
        reports.append(try runStep(group))
      case .pass(let split, let decidesBest):
        _ = try runPass(split: split, decidesBest: decidesBest, group)
      case .beginStage:
        try beginStage()
        try prepare(hosted: group.hosted)
      case .finished: return reports
      }
    }
  }
}

func trainedTiny(_ changes: [String: JobValue] = [:], threads: Int = 2) throws -> Trainer {
  let job = try tinyJob(changes)
  let trainer = try Trainer(job, catalog: tinyCatalog)
  _ = try trainer.train(wholeGroup(job, threads: threads))
  return trainer
}

/// The final digests of the workers that host the replicas between `borders`.
func digests(
  of changes: [String: JobValue], borders: [Int], threads: Int = 2
) throws -> [String] {
  let job = try tinyJob(changes)
  let ranges = TestCluster.ranges(job.replicas, borders)
  let links = MemoryNetwork().links(ranges)
  let results = ReplicaThreads.run(
    0..<ranges.count, permits: ComputePermits(count: ranges.count)
  ) { worker in
    let trainer = try Trainer(job, catalog: tinyCatalog)
    let group = ReplicaGroup(
      replicas: job.replicas, hosted: ranges[worker], permits: ComputePermits(count: threads),
      link: ranges.count == 1 ? nil : links[worker])
    _ = try trainer.train(group)
    return trainer.stateDigest
  }
  return try results.map { try $0.get() }
}

/// Whether two lists of values agree to a relative error.
func agree(_ a: [Float], _ b: [Float], _ tolerance: Float) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($0)) }
}
