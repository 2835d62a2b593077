import Data
import Recipes
import TestSupport
import Testing
import Training

/// What every recipe of the house must refuse, and how it reads its options.
@Suite struct EveryRecipeRefusesTests {
  static let names = houseCatalog.names

  @Test(arguments: names)
  func `reads every option back as it was given`(name: String) throws {
    let type = try #require(houseCatalog.recipes.first { $0.name == name })
    func roundTrip<R: Recipe>(_: R.Type) throws {
      var (values, expected): ([String: JobValue], [String]) = ([:], [])
      for declaration in R.Options.declarations {
        let (value, shown) = try other(declaration)
        values[declaration.name] = value
        expected.append("\(declaration.name) \(shown)")
      }
      let read = try R.Options(reading: values)
      #expect(read.values.map { "\($0.name) \($0.shown)" } == expected)
      #expect(
        R.Options().values.map(\.shown) == R.Options.declarations.map(\.standard),
        "reading changed the defaults")
    }
    try roundTrip(type)
  }

  @Test(arguments: names)
  func `refuses options of another kind and out of range`(name: String) throws {
    let type = try #require(houseCatalog.recipes.first { $0.name == name })
    func refuses<R: Recipe>(_: R.Type) throws {
      for declaration in R.Options.declarations {
        var wrong: [JobValue] = [["a list"]]
        if declaration.kind != "a text" { wrong.append("nonsense") }
        if let range = bounds(declaration) {
          wrong += [.number(range.upperBound + 1), .number(range.lowerBound - 1)]
          if declaration.kind == "a whole number" {
            wrong += [.integer(Int(range.upperBound) + 1), .integer(Int(range.lowerBound) - 1)]
          }
        }
        for value in wrong {
          let error = #expect(throws: JobError.self, "\(declaration.name): \(value.shown)") {
            try R.Options(reading: [declaration.name: value])
          }
          #expect(error?.key == "options.\(declaration.name)")
        }
      }
    }
    try refuses(type)
  }

  @Test(arguments: SmallJob.all)
  func `refuses a data set without samples`(small: SmallJob) throws {
    #expect(throws: (any Error).self) { try train(small) { BareSource(base: $0, count: 0) } }
  }

  @Test(arguments: SmallJob.all)
  func `refuses samples that hold nothing`(small: SmallJob) throws {
    #expect(throws: (any Error).self) {
      try train(small) { BareSource(base: $0, count: $0.count) }
    }
  }

  /// The sample is met in the middle of an epoch, and the error names it.
  @Test(arguments: SmallJob.all)
  func `refuses a sample that holds nothing among others`(small: SmallJob) throws {
    let error = #expect(throws: DataError.self) {
      try train(small) { BareSource(base: $0, count: $0.count, every: 3) }
    }
    #expect(error?.description.contains("the-bare-one") == true, "\(String(describing: error))")
  }

  /// Trains two epochs of a job whose training split is another.
  private func train(
    _ small: SmallJob, _ changed: @escaping @Sendable (any SampleSource) -> any SampleSource
  ) throws {
    let original = try RecipeData(job: small.job())
    let data = RecipeData { split in
      let source = try original.source(split)
      return split == "train" ? changed(source) : source
    }
    let job = try small.job()
    let trainer = try Trainer(job, catalog: houseCatalog, data: data)
    _ = try firstSteps(trainer, trainer.totalSteps)
  }

  /// A legal value of an option that is not its default, and how it is shown.
  private func other(_ option: OptionDeclaration) throws -> (JobValue, String) {
    switch option.kind {
    case "true or false": return (.bool(option.standard != "true"), "\(option.standard != "true")")
    case "a text": return ("other", "other")
    case "a whole number":
      let number = bounds(option).map { Int($0.lowerBound) } ?? 7
      let own = "\(number)" == option.standard ? number + 1 : number
      return (.integer(own), "\(own)")
    case "a number":
      let range = bounds(option) ?? 0...1
      let number = Float(range.lowerBound)
      let own = "\(number)" == option.standard ? Float(range.upperBound) : number
      return (.number(Double(own)), "\(own)")
    default:
      let words = option.kind.dropFirst("one of ".count).split(separator: ", ").map { String($0) }
      let word = try #require(words.last { $0 != option.standard }, "\(option.kind)")
      return (.text(word), word)
    }
  }

  /// Of "0.1 to 10".
  private func bounds(_ option: OptionDeclaration) -> ClosedRange<Double>? {
    guard let parts = option.range?.split(separator: " "), parts.count == 3,
      let low = Double(parts[0]), let high = Double(parts[2])
    else { return nil }
    return low...high
  }
}

/// A source of whose samples some have a name and nothing else.
private struct BareSource: SampleSource {
  let base: any SampleSource
  let count: Int
  /// The last of so many.
  var every = 1

  var classNames: [String] { base.classNames }
  var labelNames: [String] { base.labelNames }
  var split: String { base.split }
  var splits: [String] { base.splits }

  func sample(at index: Int) throws -> Sample {
    guard index < count else {
      throw DataError(file: base.split, problem: "has no sample \(index)", advice: "")
    }
    return index % every == every - 1
      ? Sample(id: "the-bare-one") : try base.sample(at: index)
  }

  func name(at index: Int) -> String { base.name(at: index) }
  func manifest() throws -> DataManifest { try base.manifest() }
}
