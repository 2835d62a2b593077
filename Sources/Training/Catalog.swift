import Data
import Layers
import Tensors

/// The recipes that a program knows; the house's own plus a user's.
public struct Catalog: Sendable {
  public let recipes: [any Recipe.Type]

  public init(_ recipes: [any Recipe.Type]) { self.recipes = recipes }

  public var names: [String] { recipes.map { $0.name } }

  public func recipe(named name: String) throws(JobError) -> RecipeEntry {
    guard let type = recipes.first(where: { $0.name == name }) else {
      throw JobError("recipe", JobReader.unknown(name, among: names))
    }
    return RecipeEntry(type)
  }
}

/// A recipe's type with its associated types hidden.
public struct RecipeEntry: Sendable {
  public let name: String
  public let summary: String
  public let defaults: JobDefaults
  public let options: [OptionDeclaration]
  public let proof: Proof?
  private let checkJob: @Sendable (Job) -> JobError?
  private let listStages: @Sendable (Job) throws -> [Stage]
  private let buildProgram: @Sendable (Job, Stage, RecipeData, Arena) throws -> any Program

  public init<R: Recipe>(_ type: R.Type) {
    name = R.name
    summary = R.summary
    defaults = R.defaults
    options = R.Options.declarations
    proof = R.proof
    checkJob = { job in
      do throws(JobError) {
        try R.check(job, options: R.Options(reading: job.options))
        return nil
      } catch { return error }
    }
    listStages = { job in
      try R.stages(R.Options(reading: job.options)).enumerated().map { index, stage in
        var stage = stage
        stage.index = index
        return stage
      }
    }
    buildProgram = { job, stage, data, arena in
      var scope = Scope(arena)
      return RecipeProgram(
        try R(R.Options(reading: job.options), stage: stage, data: data, in: &scope), job: job,
        data: data)
    }
  }

  /// Whether the job's options are known, in range and fit together.
  func check(_ job: Job) throws(JobError) {
    if let error = checkJob(job) { throw error }
  }

  /// The job's stages in order, never empty.
  func stages(_ job: Job) throws -> [Stage] {
    let stages = try listStages(job)
    precondition(!stages.isEmpty, "\(name): a recipe has at least one stage")
    return stages
  }

  /// Builds the model of a stage into an arena that is not sealed yet.
  func build(
    _ job: Job, stage: Stage, data: RecipeData, in arena: Arena
  ) throws -> any Program {
    try buildProgram(job, stage, data, arena)
  }
}
