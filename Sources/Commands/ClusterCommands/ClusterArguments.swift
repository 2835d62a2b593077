import ArgumentParser
import Foundation
import Messages
import Transport

/// Which cluster a command speaks to.
struct ClusterArguments: ParsableArguments {
  static let standardStore = "martlet-store"

  @Option(
    help: ArgumentHelp(
      "Join file of the cluster. Default: $MARTLET_JOIN, or martlet-store/join.json here.",
      valueName: "file"),
    completion: .file())
  var join: String?

  /// Throws: `TransportError`.
  func joinFile() throws -> JoinFile {
    let path =
      join ?? ProcessInfo.processInfo.environment["MARTLET_JOIN"]
      ?? "\(Self.standardStore)/join.json"
    return try JoinFile(contentsOf: path)
  }

  func connect() throws -> ClusterConnection { try ClusterConnection(joinFile()) }
}

/// A job of the cluster, as people name it: 12 or j12.
struct JobArgument: ExpressibleByArgument {
  let job: JobID

  init?(argument: String) {
    guard let job = JobID(argument) else { return nil }
    self.job = job
  }
}
