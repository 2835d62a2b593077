import ArgumentParser

/// What concerns data sets.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Check data sets, and what trainings were given of them.",
    subcommands: [DataCheckCommand.self, DataAuditCommand.self, DataWriteCommand.self])
}
