import ArgumentParser
import Data
import Messages
import Training
import Transport

struct Fetch: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bring a job's results home.",
    discussion: "A fetch that was interrupted goes on where it was.")

  @OptionGroup var cluster: ClusterArguments
  @Argument(help: "The job, like j3.") var job: JobArgument
  @Option(help: "Folder to put them in; ./JOB by default.", completion: .directory)
  var to: String?

  func run(in house: House) throws {
    let connection = try cluster.connect()
    let folder = JobFile("").absolute(to ?? "\(job.job)")
    let bulk = try connection.bulk()
    for file in try connection.files(job.job) {
      let path = try Self.place(file.name, in: folder)
      try Files.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
      try bulk.download(file.name, of: job.job, to: path)
      Terminal.output.line("\(Numbers.bytes(file.size))  \(path)")
    }
  }

  /// Where a file of the store goes; a name from the network must not lead out of the folder.
  static func place(_ name: String, in folder: String) throws -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
      throw TrainingError.write(path: name, problem: "is no name for a file below \(folder)")
    }
    return "\(folder)/\(name)"
  }
}
