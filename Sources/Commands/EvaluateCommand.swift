import ArgumentParser
import Collectives
import Training

struct Evaluate: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score a checkpoint on a split of its data, or of other data.",
    discussion: "The scores are those of the training itself, to the bit.")

  @OptionGroup var model: ModelArguments
  @OptionGroup var compute: ComputeOptions
  @Option(help: "The split to score.") var split = "test"
  @Flag(help: "Print JSON.") var json = false

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    let trainer = try model.trainer(house.catalog)
    let replicas = trainer.job.replicas
    let group = ReplicaGroup(
      replicas: replicas, hosted: 0..<replicas,
      permits: ComputePermits(count: compute.threadCount()), link: nil)
    _ = try trainer.runPass(split: split, decidesBest: false, group)
    let scores = trainer.progress.scores.filter { $0.split == split }
    Terminal.output.line(json ? try jsonText(scores) : scoreTable(scores))
  }
}
