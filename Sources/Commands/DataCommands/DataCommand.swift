import ArgumentParser

/// What concerns data sets and no job.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Check, pack and make data sets.",
    subcommands: [DataCheckCommand.self, DataPackCommand.self, DataMakeCommand.self])
}
