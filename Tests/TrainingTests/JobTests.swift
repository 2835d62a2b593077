import Data
import Foundation
import TestSupport
import Testing
import Training

@Suite struct JobTests {
  /// Key, value, and what the error must name.
  static let faults: [(String, JobValue, key: String, contains: String)] = [
    ("recip", .text("tiny"), "recip", "did you mean 'recipe'"),
    ("replica", .integer(2), "replica", "did you mean 'replicas'"),
    ("optimiser", .map([:]), "optimiser", "did you mean 'optimizer'"),
    ("optimizer.learningrate", .number(1), "optimizer.learningrate", "'learningRate'"),
    ("schedule.warmup", .integer(3), "schedule.warmup", "unknown key"),
    ("checkpoint.everyStep", .integer(3), "checkpoint.everyStep", "'everySteps'"),
    ("validate.bets", .text("a"), "validate.bets", "'best'"),
    ("options.strenght", .number(1), "options.strenght", "'strength'"),
    (
      "optimizer.groups", .list([.map(["mtch": .text("*")])]), "optimizer.groups.0.match", "missing"
    ),
    (
      "optimizer.groups", .list([.map(["match": .text("*"), "weightdecay": .integer(1)])]),
      "optimizer.groups.0.weightdecay", "'weightDecay'"
    ),
    ("recipe", .text("tiyn"), "recipe", "did you mean 'tiny'"),
    ("optimizer.name", .text("adamv"), "optimizer.name", "'adam"),
    ("schedule.name", .text("cosin"), "schedule.name", "'cosine'"),
    ("onBadSample", .text("skp"), "onBadSample", "'skip'"),
    ("recipe", .integer(3), "recipe", "expected a text"),
    ("data", .text("scenes"), "data", "expected a map"),
    ("data", .null, "data", "missing"),
    ("recipe", .null, "recipe", "missing; known recipes: tiny"),
    ("batch", .number(1.5), "batch", "a whole number, 1 to"),
    ("batch", .integer(0), "batch", "1 to 1048576"),
    ("batch", .text("8"), "batch", "found '8'"),
    ("replicas", .integer(1025), "replicas", "1 to 1024"),
    ("epochs", .integer(0), "epochs", "1 to"),
    ("steps", .integer(5), "steps", "given together with epochs"),
    ("seed", .integer(-1), "seed", "0 or more"),
    ("options", .list([]), "options", "expected a map"),
    ("optimizer", .text("adam"), "optimizer", "expected a map"),
    ("optimizer.learningRate", .number(-1), "optimizer.learningRate", "0.0 to"),
    ("optimizer.learningRate", .number(.nan), "optimizer.learningRate", "expected a number"),
    ("optimizer.nesterov", .integer(1), "optimizer.nesterov", "true or false"),
    ("optimizer.groups", .text("x"), "optimizer.groups", "expected a list"),
    ("optimizer.trust", .number(0.1), "optimizer.trust", "no meaning for adamw"),
    ("schedule.milestones", .list([.number(2)]), "schedule.milestones", "0 to 1"),
    ("schedule.warmupFraction", .number(2), "schedule.warmupFraction", "0.0 to 1.0"),
    (
      "schedule", .map(["warmupSteps": .integer(2), "warmupEpochs": .integer(1)]),
      "schedule.warmupEpochs", "given together with warmupSteps"
    ),
    ("schedule.power", .number(2), "schedule.power", "no meaning for constant"),
    ("checkpoint.keep", .integer(0), "checkpoint.keep", "1 to"),
    ("average", .number(1), "average", "0.0 to 0.999999"),
    ("evaluationBatch", .integer(0), "evaluationBatch", "1 to"),
    ("options.strength", .number(11), "options.strength", "0.0 to 10.0"),
    ("options.strength", .text("a"), "options.strength", "expected a number"),
    ("options.strength", .number(.infinity), "options.strength", "expected a number"),
    ("options.width", .number(2), "options.width", "expected a whole number"),
    ("options.alternates", .integer(1), "options.alternates", "true or false"),
    ("options.probe", .text("value"), "options.probe", "one of none, values, virtual, second"),
  ]

  @Test(arguments: faults)
  func `refuses`(path: String, value: JobValue, key: String, contains: String) throws {
    let error = #expect(throws: JobError.self) { try tinyJob([path: value]) }
    #expect(error?.key == key)
    #expect(error?.problem.contains(contains) == true, "\(error?.problem ?? "")")
    #expect(error?.description.contains(key) == true)
  }

  @Test func `finds a mistyped required key`() throws {
    let job = JobValue.map(["recipie": .text("tiny"), "data": .map([:])])
    let error = #expect(throws: JobError.self) { try Job(job, catalog: tinyCatalog) }
    #expect(error == JobError("recipie", "unknown key; did you mean 'recipe'?"))
  }

  @Test func `fills in defaults`() throws {
    let job = try Job(
      .map(["recipe": .text("tiny"), "data": .map(["world": .text("scenes")])]),
      catalog: tinyCatalog)
    #expect(job.batch == 6)
    #expect(job.replicas == 6)
    #expect(job.length == .epochs(2))
    #expect(job.seed == 0)
    #expect(job.optimizer == Tiny.defaults.optimizer)
    #expect(job.schedule == Tiny.defaults.schedule)
    #expect(job.checkpoint.everySteps == 0 && job.checkpoint.keep == 3)
    #expect(job.validation.split == "val" && job.validation.best == nil)
    #expect(job.onBadSample == .fail)
    #expect(!job.rebalances)
    #expect(try tinyJob(["rebalance": .bool(true)]).rebalances)
    #expect(job.average == 0 && job.workersMax == 0 && job.initialWeights == nil)
    #expect(try tinyJob(["batch": .integer(100), "replicas": .null]).replicas == 8)
    #expect(try tinyJob(["epochs": .null, "steps": .integer(9)]).length == .steps(9))
  }

  @Test func `reads what is given`() throws {
    let job = try tinyJob([
      "optimizer": .map([
        "name": .text("sgd"), "learningRate": .integer(1), "nesterov": .bool(true),
        "momentum": .number(0.5), "decay": .text("all"),
        "groups": .list([
          .map([
            "match": .text("*.bias"), "learningRateScale": .integer(2), "weightDecay": .integer(0),
          ])
        ]),
      ]),
      "schedule": .map([
        "name": .text("step"), "milestones": .list([.number(0.25), .integer(1)]),
        "gamma": .number(0.5),
      ]),
      "onBadSample": .text("skip"), "init": .text("a.safetensors"),
    ])
    #expect(job.optimizer.rule == .sgd && job.optimizer.learningRate == 1)
    #expect(job.optimizer.nesterov && job.optimizer.momentum == 0.5)
    #expect(job.optimizer.decay == .all)
    #expect(job.optimizer.groups.map(\.match) == ["*.bias"])
    #expect(job.optimizer.groups[0].learningRateScale == 2)
    #expect(job.optimizer.groups[0].weightDecay == 0)
    #expect(job.schedule.milestones == [0.25, 1])
    #expect(job.onBadSample == .skip)
    #expect(job.initialWeights == "a.safetensors")
  }

  @Test func `is the same after its way through JSON`() throws {
    let job = try tinyJob([
      "options.alternates": .bool(false), "options.width": .integer(1),
      "optimizer.learningRate": .number(1), "options.strength": .number(0.1),
    ])
    let sent = try JSONEncoder().encode(job.value)
    let read = try Job(JSONDecoder().decode(JobValue.self, from: sent), catalog: tinyCatalog)
    #expect(read.options["alternates"] == .bool(false))
    #expect(read.options["width"] == .integer(1))
    #expect(read.optimizer == job.optimizer)
    #expect(read.length == job.length)
    #expect(read.options == job.options)
  }

  @Test func `tells truth values from numbers in JSON`() throws {
    let text =
      #"{"a": true, "b": 1, "c": 0, "d": 1.5, "e": "true", "f": null, "g": [false, 2], "h": {}}"#
    let value = try JSONDecoder().decode(JobValue.self, from: Foundation.Data(text.utf8))
    #expect(
      value
        == .map([
          "a": .bool(true), "b": .integer(1), "c": .integer(0), "d": .number(1.5),
          "e": .text("true"), "f": .null, "g": .list([.bool(false), .integer(2)]), "h": .map([:]),
        ]))
    let again = try JSONDecoder().decode(JobValue.self, from: JSONEncoder().encode(value))
    #expect(again == value)
  }

  @Test func `sets, finds and merges`() {
    var value = JobValue.map(["a": .integer(1)])
    value.set(["b", "c"], to: .text("x"))
    value.set(["a", "d"], to: .bool(true))
    #expect(value == .map(["a": .map(["d": .bool(true)]), "b": .map(["c": .text("x")])]))
    #expect(value[path: "b.c"] == .text("x"))
    #expect(value[path: "b.d"] == nil)
    #expect(value[path: "b.c.d"] == nil)
    let base = JobValue.map(["b": .map(["c": .text("y"), "e": .integer(2)]), "l": .list([.null])])
    #expect(
      value.merged(over: base)
        == .map([
          "a": .map(["d": .bool(true)]), "b": .map(["c": .text("x"), "e": .integer(2)]),
          "l": .list([.null]),
        ]))
    #expect(JobValue.list([]).merged(over: base) == .list([]))
  }

  @Test func `declares options in order`() throws {
    let all = Tiny.Options.declarations
    #expect(
      all.map(\.name) == [
        "strength", "width", "alternates", "failing", "notFinite", "stages", "probe",
      ])
    #expect(all[0].symbol == "λ" && all[0].standard == "0.1" && all[0].range == "0.0 to 10.0")
    #expect(all[1].unit == "units" && all[1].kind == "a whole number")
    #expect(all[6].kind == "one of none, values, virtual, second" && all[6].standard == "none")
    let read = try Tiny.Options(reading: ["width": .integer(9), "probe": .text("second")])
    #expect(read.width == 9 && read.probe == .second && read.strength == 0.1)
    // Another value's options are its own.
    #expect(Tiny.Options().width == 5)
  }

  @Test func `names a data block that cannot be`() {
    #expect(throws: JobError.self) {
      try Trainer(tinyJob(["data.size": .list([])]), catalog: tinyCatalog)
    }
    #expect(throws: DataError.self) {
      try Trainer(tinyJob(["data.world": .text("scene")]), catalog: tinyCatalog)
    }
    let error = #expect(throws: JobError.self) {
      let groups = JobValue.list([.map(["match": .text("nothing.*")])])
      _ = try Trainer(tinyJob(["optimizer.groups": groups]), catalog: tinyCatalog)
    }
    #expect(error?.key == "optimizer.groups.0.match")
  }

  @Test func `stops where JSON is nested without end`() throws {
    func nested(_ depth: Int) throws -> JobValue {
      let text = String(repeating: #"{"a":["#, count: depth) + String(repeating: "]}", count: depth)
      return try JSONDecoder().decode(JobValue.self, from: Foundation.Data(text.utf8))
    }
    #expect(try nested(30)[path: "a"] != nil)
    #expect(throws: DecodingError.self) { try nested(40) }
    #expect(throws: DecodingError.self) { try nested(10_000) }
  }
}
