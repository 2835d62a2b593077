import Foundation
import TestSupport
import Testing

/// A cluster on a laboratory's hosts: the coordinator on host 1, workers on the others.
final class LabCluster {
  let lab: Laboratory
  let folder: String
  private var coordinator: Program
  private(set) var workers: [Int: Program] = [:]
  private var held: [Int: HeldThread] = [:]

  private init(_ lab: Laboratory, in folder: String) throws {
    (self.lab, self.folder) = (lab, folder)
    coordinator = try Self.coordinator(lab, folder)
  }

  /// A coordinator on host 1 and workers on the next ones, ready, for the duration of `body`.
  static func with(
    workers count: Int = 2, exchange: String = "direct", hiding hidden: String? = nil,
    _ body: (LabCluster) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let lab = try Laboratory(hosts: 1 + count)
      // Ends what still runs on the hosts, too.
      defer { #expect(throws: Never.self) { try lab.down() } }
      let cluster = try LabCluster(lab, in: folder)
      defer { cluster.end() }
      for host in 2...(1 + count) {
        try cluster.startWorker(on: host, exchange: exchange, hiding: hidden)
      }
      try wait(until: "all workers joined") { try cluster.status().workers.count == count }
      try body(cluster)
    }
  }

  var join: String { "\(folder)/join.json" }

  /// `hidden`: A folder that this worker does not see.
  func startWorker(
    on host: Int, exchange: String = "direct", hiding hidden: String? = nil
  ) throws {
    let blind = hidden.map { folder in
      [
        "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
        "mount -t tmpfs none '\(folder)' && exec \"$@\"", "sh",
      ]
    }
    workers[host] = try Program(
      [
        "worker", "--join", join, "--threads", "1", "--exchange", exchange, "--cache",
        "\(folder)/cache",
      ], in: folder, through: lab.host(host) + (blind ?? []))
  }

  /// As a power failure would.
  func killWorker(on host: Int) throws {
    let worker = try #require(workers[host])
    (workers[host], held[host]) = (nil, nil)
    kill(worker.id, SIGKILL)
    #expect(try worker.wait() == -SIGKILL, "\(worker.output)\(worker.errors)")
  }

  /// It lives, but does nothing; `resumeWorker` ends that.
  func suspendWorker(on host: Int) throws { try signalWorker(on: host, SIGSTOP) }

  func resumeWorker(on host: Int) throws { try signalWorker(on: host, SIGCONT) }

  /// One of its computing threads stands still; its heart goes on beating.
  func hangWorker(on host: Int) throws {
    held[host] = try HeldThread(of: try #require(workers[host]).id, named: "replica")
  }

  /// Sends a signal; the process is still one of the cluster's.
  func signalWorker(on host: Int, _ signal: Int32) throws {
    #expect(kill(try #require(workers[host]).id, signal) == 0)
  }

  /// Waits for a worker that was asked to end.
  func waitForEndOfWorker(on host: Int) throws {
    let worker = try #require(workers[host])
    workers[host] = nil
    #expect(try worker.wait() == 0, "\(worker.output)\(worker.errors)")
  }

  func killCoordinator() throws {
    kill(coordinator.id, SIGKILL)
    #expect(try coordinator.wait() == -SIGKILL, "\(coordinator.output)\(coordinator.errors)")
  }

  func startCoordinatorAgain() throws { coordinator = try Self.coordinator(lab, folder) }

  func killCoordinatorAndStartAgain() throws {
    try killCoordinator()
    try startCoordinatorAgain()
  }

  /// A command of the operator on host 1.
  ///
  /// Throws: `TookTooLong` with its words if it fails.
  @discardableResult
  func operate(_ arguments: String...) throws -> String {
    let run = try Program.run(
      arguments + ["--join", join], in: folder, through: lab.host(1))
    guard run.status == 0 else { throw TookTooLong(what: "\(arguments): \(run.errors)") }
    return run.output
  }

  struct Status: Decodable {
    struct Worker: Decodable { let host: String }
    struct Job: Decodable {
      let state: String
      let step: Int
    }
    let workers: [Worker]
    let jobs: [Job]
  }

  func status() throws -> Status {
    try JSONDecoder().decode(Status.self, from: Data(operate("status", "--json").utf8))
  }

  /// Fetches the results of the first job and returns the SHA-256 of its weights.
  func digest() throws -> String {
    try operate("fetch", "j1", "--to", "\(folder)/home")
    return try sha256(of: "\(folder)/home/model.safetensors")
  }

  private func end() {
    // Nobody who is held can follow the request to end.
    held = [:]
    for worker in workers.values {
      // A stopped one could not follow the request to end.
      kill(worker.id, SIGCONT)
      worker.end()
    }
    coordinator.end()
  }

  private static func coordinator(_ lab: Laboratory, _ folder: String) throws -> Program {
    let program = try Program(
      [
        "coordinator", "--store", "\(folder)/store", "--listen", "0.0.0.0", "--advertise",
        Laboratory.address(1), "--port", "7700", "--join-file", "\(folder)/join.json",
      ], in: folder, through: lab.host(1))
    try wait(until: "the coordinator listens") {
      if !program.isRunning { throw TookTooLong(what: program.errors) }
      return program.output.contains("--join")
    }
    return program
  }
}

/// By a program that is not ours.
func sha256(of path: String) throws -> String {
  let sum = Process()
  let output = Pipe()
  sum.executableURL = URL(filePath: "/usr/bin/sha256sum")
  sum.arguments = [path]
  sum.standardOutput = output
  try sum.run()
  let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
  sum.waitUntilExit()
  return String(decoding: bytes.prefix(64), as: UTF8.self)
}
