import ArgumentParser

/// What concerns data sets and no job.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Check data sets.", subcommands: [DataCheckCommand.self])
}
