import ArgumentParser
import Training

/// `martlet`: starts the processes of a cluster, hands jobs to it, and runs jobs without one.
///
/// A package with recipes of its own calls `main(catalog:)` with the house's and its own.
public struct MartletCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "martlet",
    abstract: "Trains segmentation and embedding models across processes and machines.",
    discussion: """
      One machine:       martlet run job.yaml
      A cluster:         martlet coordinator, then martlet worker --join FILE, then
                         martlet submit job.yaml --watch
      What can be run:   martlet recipes

      Exit codes are listed in docs/exit-codes.md.
      """,
    version: Version.current,
    groupedSubcommands: [
      CommandGroup(
        name: "Training",
        subcommands: [Run.self, Predict.self, Evaluate.self, Verify.self, Prove.self]),
      CommandGroup(
        name: "Cluster",
        subcommands: [
          Coordinator.self, Worker.self, DrainCommand.self, Token.self, KeysCommand.self,
        ]),
      CommandGroup(
        name: "Jobs of a cluster",
        subcommands: [
          SubmitCommand.self, Status.self, Jobs.self, Show.self, LogsCommand.self, Cancel.self,
          Fetch.self,
        ]),
      CommandGroup(
        name: "Weights of other libraries", subcommands: [ImportCommand.self, ExportCommand.self]),
      CommandGroup(
        name: "Looking up", subcommands: [Recipes.self, DataCommand.self, VersionCommand.self]),
      CommandGroup(name: "Testing", subcommands: [Simulate.self, Bench.self]),
    ])

  public init() {}

  /// Parses the process's arguments, does what they say, and ends the process.
  public static func main(catalog: Catalog) -> Never {
    Heap.keepFreedMemory()
    do {
      let command = try parseAsRoot()
      if let command = command as? any HouseCommand {
        try command.run(in: House(catalog: catalog))
      } else {
        var command = command
        try command.run()
      }
      ExitReason.done.end()
    } catch {
      end(with: error)
    }
  }

  private static func end(with error: any Error) -> Never {
    if let status = error as? ExitReason { status.end() }
    if let status = ExitReason(explaining: error) {
      Terminal.error.line("martlet: \(error)")
      status.end()
    }
    // What is left comes from the parser: help, version, or arguments that do not fit.
    let isAnswer = exitCode(for: error).isSuccess
    (isAnswer ? Terminal.output : Terminal.error).line(fullMessage(for: error))
    (isAnswer ? ExitReason.done : .usage).end()
  }
}

/// What a command needs besides its arguments.
struct House {
  let catalog: Catalog
}

/// A command that works with the recipes of this program.
protocol HouseCommand: ParsableCommand {
  func run(in house: House) throws
}

/// `Training` has a property wrapper of this name too; in commands it is the parser's.
typealias Option<Value> = ArgumentParser.Option<Value>
