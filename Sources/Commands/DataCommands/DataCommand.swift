import ArgumentParser

/// What concerns data sets.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Write and check data sets.",
    subcommands: [DataAuditCommand.self, DataWriteCommand.self])
}
