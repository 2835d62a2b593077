import ArgumentParser
import Data
import Worlds

struct DataWriteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write",
    abstract: "Write a world as files, in the layout of a real data set (voc).")

  @Argument(help: "The world, like scenes.") var world: String
  @Option(
    name: .customLong("set"), help: ArgumentHelp("An option of the world.", valueName: "key=value"))
  var options: [String] = []
  @Option(help: "The folder to put them in.", completion: .directory) var to: String

  func run() throws {
    var fields: [String: OptionValue] = ["world": .text(world)]
    for option in options {
      let parts = option.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let number = Int(parts[1]) else {
        throw ValidationError("--set \(option): write key=number, like --set size=200.")
      }
      fields[String(parts[0])] = .integer(number)
    }
    let folder = JobFile("").absolute(to)
    guard try !Files.isFolder(folder) || Files.names(in: folder).isEmpty else {
      throw DataError(
        file: folder, problem: "holds files already", advice: "Choose an empty or a new folder")
    }
    let specification = try DataSpecification(fields: fields)
    let splits = try specification.open(split: "train").splits
    let sources = try splits.map { try specification.open(split: $0) }
    try VOCWriter.write(sources, to: folder)
    for source in sources { Terminal.output.line("\(source.split): \(source.count) samples") }
  }
}
