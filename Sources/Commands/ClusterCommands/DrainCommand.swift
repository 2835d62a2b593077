import ArgumentParser
import Foundation
import Messages

struct DrainCommand: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Let a worker hand its job over at the next step and end.",
    discussion: """
      No step is lost: the others go on from where it stopped, and a job's last worker stores the \
      state first. Stopping the worker with SIGTERM does the same.
      """)

  @OptionGroup var cluster: ClusterArguments
  @Argument(help: "The worker: its number, like w3, or its name.") var worker: String
  @Flag(help: "Return only once it is gone.") var wait = false
  @Option(help: "Why, for the log.") var reason = "drained by an operator"

  func run(in house: House) throws {
    let connection = try cluster.connect()
    let id = try connection.drain(worker, reason: reason)
    Terminal.output.line("\(id) leaves")
    guard wait else { return }
    while let status = try connection.status().workers.first(where: { $0.worker == id }) {
      switch status.state {
      case .drained: return Terminal.output.line("\(id) drained")
      case .dead: throw DrainFailed(worker: id, reason: status.reason)
      case .idle, .preparing, .running, .unfit, .quarantined, .leaving:
        Thread.sleep(forTimeInterval: 0.1)
      }
    }
    Terminal.output.line("\(id) is gone")
  }
}

/// A worker ended before it had handed its job over.
struct DrainFailed: ExplainedError {
  let worker: WorkerID
  let reason: String

  var description: String {
    "\(worker) ended before it had handed over: \(reason); its job goes on from the last step that "
      + "another worker has, or from the newest checkpoint"
  }
}
