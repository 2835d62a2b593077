import ArgumentParser

/// What concerns data sets.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Check, pack and make data sets, and what trainings were given of them.",
    subcommands: [
      DataCheckCommand.self, DataPackCommand.self, DataMakeCommand.self, DataAuditCommand.self,
    ])
}
