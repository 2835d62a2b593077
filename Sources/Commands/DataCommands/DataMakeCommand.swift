import ArgumentParser
import Data
import Worlds

struct DataMakeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make",
    abstract: "Write a procedural world to disk, in the real data set's layout.",
    discussion: "Worlds are \(worldCatalog.map { $0.name }.joined(separator: ", ")).")

  @Argument(help: "The world's name.") var world: String
  @Option(help: "Folder for it; it must be empty or new.") var out: String
  @Option(help: "An option of the world, KEY=VALUE, as in the job's data.") var set: [String] = []

  func run() throws {
    let options = try formatOptions(set).mapValues { OptionValue(text: $0) }
    let made = try makeWorld(named: world, options: options)
    if Files.isFolder(out), try !Files.names(in: out).isEmpty {
      throw DataError(
        file: out, problem: "is not empty", advice: "Choose another folder, or remove what is there"
      )
    }
    try made.write(to: out)
    Terminal.output.line("\(world) written to \(out)")
  }
}
