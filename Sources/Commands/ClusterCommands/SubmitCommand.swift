import ArgumentParser
import Data
import Foundation
import Messages
import Training

struct SubmitCommand: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit", abstract: "Queue a training job.",
    discussion: "It starts when a worker is free; more workers join while it runs.")

  @OptionGroup var job: JobArguments
  @OptionGroup var cluster: ClusterArguments
  @Option(
    help: ArgumentHelp(
      "Go on from a job of the cluster, or from a checkpoint's folder.",
      valueName: "job|checkpoint"))
  var resume: String?
  @Option(help: "A name for people; the job file's by default.") var name: String?
  @Flag(help: "Follow the job until it is over.") var watch = false

  func run(in house: House) throws {
    let connection = try cluster.connect()
    let value = try job.value(stored: try stored(connection))
    // Checked here too: a mistake is answered without a coordinator's help.
    let read = try Job(value, catalog: house.catalog)
    let resume = resume.map { JobID($0) == nil ? JobFile("").absolute($0) : $0 } ?? ""
    let submitted = try connection.submit(
      Messages.Submit(
        specification: try jsonLine(value),
        name: name ?? job.file.map { JobFile.stem($0) } ?? read.recipe,
        initialWeights: read.initialWeights ?? "", resume: resume))
    Terminal.output.line("\(submitted.job) submitted; results in \(submitted.output)")
    guard watch else { return }
    // Ctrl-C here ends the watching; the job is the cluster's.
    try JobFollower(connection, submitted.job, Terminal.output).follow()
  }

  /// The job that is resumed, if none was given.
  private func stored(_ connection: ClusterConnection) throws -> JobValue? {
    guard let resume, job.file == nil else { return nil }
    guard let id = JobID(resume) else { return try ResumePoint(resume).checkpoint.job }
    let text = try connection.show(id).specification
    return try JSONDecoder().decode(JobValue.self, from: Foundation.Data(text.utf8))
  }
}
