import Foundation
import TestSupport
import Testing

/// A cluster whose members are on hosts of their own, with addresses of their own: what a test
/// within one host cannot show (names that are reached, keys over TCP, links that are cut).
@Suite(
  .serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"),
  .enabled(if: Laboratory.obstacle == nil, Comment(rawValue: Laboratory.obstacle ?? "")))
struct LabTests {
  @Test(.timeLimit(.minutes(5))) func `workers on hosts of their own give the digest of one`()
    throws
  {
    try withCluster(exchange: "direct") { lab, folder in
      let (found, expected) = (try digest(lab, folder), try digestAlone.get())
      #expect(found == expected)
    }
  }

  @Test(.timeLimit(.minutes(5))) func `workers that cannot reach each other go through the hub`()
    throws
  {
    try withCluster(exchange: "hub") { lab, folder in
      try lab.command("cut", "2", "3")
      // The cut is real: there is no way between the two any more.
      #expect(throws: Laboratory.Failed.self) {
        try lab.command("exec", "2", "ip", "route", "get", Laboratory.address(3))
      }
      let (found, expected) = (try digest(lab, folder), try digestAlone.get())
      #expect(found == expected)
    }
  }

  @Test(.timeLimit(.minutes(5))) func `nobody without keys is admitted`() throws {
    try withCluster(exchange: "direct") { lab, folder in
      // All addresses and no key: who holds this speaks without encryption.
      var entries = try #require(
        try JSONSerialization.jsonObject(
          with: Data(contentsOf: URL(filePath: "\(folder)/join.json"))) as? [String: Any])
      for name in ["coordinatorKey", "publicKey", "secretKey"] {
        #expect(entries.removeValue(forKey: name) != nil, "\(name)")
      }
      try JSONSerialization.data(withJSONObject: entries)
        .write(to: URL(filePath: "\(folder)/keyless.json"))
      for arguments in [["status"], ["worker", "--threads", "1"]] {
        let run = try Program.run(
          arguments + ["--join", "keyless.json"], in: folder, through: lab.host(2), seconds: 30)
        #expect(run.status == 3, "\(arguments): \(run.output)\(run.errors)")
        #expect(run.output == "")
      }
    }
  }

  /// Submits the tiny job from host 1 and follows it to its end.
  private func digest(_ lab: Laboratory, _ folder: String) throws -> String {
    let job = try write(job: tinyJob(), in: folder)
    let run = try Program.run(
      ["submit", job, "--join", "\(folder)/join.json", "--watch"], in: folder,
      through: lab.host(1))
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let fetched = try Program.run(
      ["fetch", "j1", "--join", "\(folder)/join.json", "--to", "\(folder)/home"], in: folder,
      through: lab.host(1))
    #expect(fetched.status == 0, "\(fetched.errors)")
    // Both workers had replicas: the digest of one alone would prove nothing.
    let status = try Program.run(
      ["logs", "j1", "--join", "\(folder)/join.json"], in: folder, through: lab.host(1))
    #expect(status.output.contains("2 workers"), "\(status.output)")
    return try weightsDigest(below: "\(folder)/home")
  }

  private func weightsDigest(below folder: String) throws -> String {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let weights = try #require(
      names.filter { $0.hasSuffix("/model.safetensors") }.max(), "\(names)")
    let sum = Process()
    let output = Pipe()
    sum.executableURL = URL(filePath: "/usr/bin/sha256sum")
    sum.arguments = ["\(folder)/\(weights)"]
    sum.standardOutput = output
    try sum.run()
    sum.waitUntilExit()
    return String(decoding: output.fileHandleForReading.availableData.prefix(64), as: UTF8.self)
  }

  /// Coordinator on host 1, workers on hosts 2 and 3, all of them ready.
  private func withCluster(
    exchange: String, _ body: (Laboratory, _ folder: String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let lab = try Laboratory(hosts: 3)
      // Ends what still runs on the hosts, too.
      defer { #expect(throws: Never.self) { try lab.down() } }
      let coordinator = try Program(
        [
          "coordinator", "--store", "\(folder)/store", "--listen", "0.0.0.0", "--advertise",
          Laboratory.address(1), "--port", "7700", "--join-file", "\(folder)/join.json",
        ], in: folder, through: lab.host(1))
      defer { coordinator.end() }
      try wait(until: "the coordinator listens") { coordinator.output.contains("--join") }
      let workers = try [2, 3].map { number in
        try Program(
          [
            "worker", "--join", "\(folder)/join.json", "--name", "host\(number)", "--threads", "1",
            "--exchange", exchange,
          ], in: folder, through: lab.host(number))
      }
      defer { for worker in workers { worker.end() } }
      try wait(until: "both workers joined") {
        for worker in workers where !worker.isRunning { throw TookTooLong(what: worker.errors) }
        let status = try Program.run(
          ["status", "--json", "--join", "\(folder)/join.json"], in: folder, through: lab.host(1))
        return status.output.contains("\"host2\"") && status.output.contains("\"host3\"")
      }
      try body(lab, folder)
    }
  }
}
