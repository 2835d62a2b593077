import ArgumentParser

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure parts of the program on this machine.",
    subcommands: [
      BenchExchange.self, BenchCoordinator.self, BenchReliability.self, BenchDecode.self,
      BenchLoader.self, BenchTokenize.self, BenchData.self,
    ])
}
