import Foundation
import TestSupport
import Testing

/// Strangers, holders of the wrong key and the merely noisy, while a job runs that must not notice.
@Suite(.serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"))
struct SecurityTests {
  /// A coordinator with two workers, each with a key of its own, and a job under way.
  private struct Training {
    let folder: String
    let coordinator: Program
    let workers: [Program]
    let ports: [Int]
    var join: String { "\(folder)/store/join.json" }

    func operate(_ arguments: String..., join: String? = nil) throws -> (
      status: Int32, output: String, errors: String
    ) {
      try Program.run(arguments + ["--join", join ?? self.join], in: folder)
    }

    /// Issues a join file.
    func token(_ name: String, _ more: String...) throws -> String {
      let path = "\(folder)/\(name).json"
      let run = try Program.run(
        ["token", "create", "--name", name, "--out", path, "--join", join] + more, in: folder)
      try #require(run.status == 0, "\(run.errors)")
      return path
    }

    func residentBytes() throws -> Int {
      let text = try String(contentsOfFile: "/proc/\(coordinator.id)/status", encoding: .utf8)
      let field = try #require(text.firstMatch(of: /VmRSS:\s+(\d+)/))
      return try #require(Int(field.1)) << 10
    }

    func isRunning() throws -> Bool {
      try operate("status", "--json").output.contains("\"running\"")
    }
  }

  /// Runs `body` beside a job and expects the job's result to be as if nothing had been.
  private func besideTraining(
    steps: Int = 150, _ body: (Training) throws -> Void
  ) throws {
    let job = tinyJob(steps: steps)
    try withTemporaryFolder { folder in
      let store = "\(folder)/store"
      let coordinator = try Program(
        ["coordinator", "--store", store, "--port", "0"], in: folder)
      defer { coordinator.end() }
      try wait(until: "the coordinator listens") {
        if !coordinator.isRunning { throw TookTooLong(what: coordinator.errors) }
        return coordinator.output.contains("--join")
      }
      let text = try String(contentsOfFile: "\(store)/join.json", encoding: .utf8)
      let ports = text.matches(of: /tcp:[^"]*:(\d+)"/).compactMap { Int($0.1) }
      try #require(ports.count == 3)
      func training(_ workers: [Program]) -> Training {
        Training(folder: folder, coordinator: coordinator, workers: workers, ports: ports)
      }
      let workers = try (0..<2).map { number in
        let own = try training([]).token("worker-\(number)", "--role", "worker")
        return try Program(
          ["worker", "--join", own, "--name", "w\(number)", "--threads", "1"], in: folder)
      }
      defer { for worker in workers { worker.end() } }
      let cluster = training(workers)
      let submitted = try cluster.operate("submit", try write(job: job, in: folder))
      try #require(submitted.status == 0, "\(submitted.errors)")
      try wait(until: "the job runs") { try cluster.isRunning() }
      try body(cluster)
      let followed = try cluster.operate("logs", "j1", "--follow")
      #expect(followed.status == 0)
      let fetched = try cluster.operate("fetch", "j1", "--to", "\(folder)/home")
      #expect(fetched.status == 0, "\(fetched.errors)\(coordinator.output)")
      let (found, expected) = (
        try sha256(of: "\(folder)/home/model.safetensors"), try digestAlone(job)
      )
      #expect(found == expected)
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `the wrong key is refused with the words to help, and a job goes on`() throws {
    try besideTraining { cluster in
      let viewer = try cluster.token("viewer", "--role", "viewer")
      let worker = try cluster.token("box", "--role", "worker", "--expires", "7d")
      let brief = try cluster.token("brief", "--role", "viewer", "--expires", "1s")
      func expectRefusal(
        _ run: (status: Int32, output: String, errors: String), _ words: String...,
        location: SourceLocation = #_sourceLocation
      ) {
        #expect(run.status == 3, "\(run.errors)", sourceLocation: location)
        for word in words {
          #expect(
            run.errors.contains(word), "'\(word)' in: \(run.errors)", sourceLocation: location)
        }
      }
      let job = "\(cluster.folder)/job.yaml"
      #expect(try cluster.operate("status", join: viewer).status == 0)
      #expect(try cluster.operate("logs", "j1", join: viewer).status == 0)
      expectRefusal(
        try cluster.operate("submit", job, join: viewer), "'viewer'",
        "token create --role operator")
      expectRefusal(try cluster.operate("cancel", "j1", join: viewer), "operator")
      expectRefusal(try cluster.operate("keys", "list", join: viewer), "operator")
      expectRefusal(try cluster.operate("worker", join: viewer), "token create --role worker")
      expectRefusal(try cluster.operate("status", join: worker), "'box'", "viewer")
      expectRefusal(
        try cluster.operate("token", "create", "--role", "operator", join: worker), "'box'")
      // The other half of nobody's public key.
      let text = try String(contentsOfFile: viewer, encoding: .utf8)
      let secret = try #require(text.firstMatch(of: /"secretKey" : "([^"]*)"/)).1
      let other = try String(contentsOfFile: worker, encoding: .utf8)
      let otherSecret = try #require(other.firstMatch(of: /"secretKey" : "([^"]*)"/)).1
      let forged = "\(cluster.folder)/forged.json"
      try write(text.replacingOccurrences(of: secret, with: otherSecret), to: forged)
      #expect(chmod(forged, 0o600) == 0)
      expectRefusal(try cluster.operate("status", join: forged))
      // Expired: the coordinator's clock decides, the file has the words.
      try wait(until: "the key expires") {
        try cluster.operate("status", join: brief).status != 0
      }
      expectRefusal(try cluster.operate("status", join: brief), "'brief'", "expired")
      #expect(try cluster.operate("keys", "revoke", "viewer").status == 0)
      expectRefusal(try cluster.operate("status", join: viewer), "not on the list, or no longer")
      let list = try cluster.operate("keys", "list").output
      for words in ["first", "box", "revoked", "expired", "worker,operator"] {
        #expect(list.contains(words), "\(list)")
      }
      let events = cluster.coordinator.output
      for words in ["keyIssued: 'box'", "keyRevoked: 'viewer'", "accessRefused: key 'box'"] {
        #expect(events.contains(words), "'\(words)' in: \(events)")
      }
      for worker in cluster.workers { #expect(worker.isRunning, "\(worker.errors)") }
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `a worker whose key is revoked is put out, and its job goes on`() throws {
    try besideTraining(steps: 200) { cluster in
      #expect(try cluster.operate("keys", "revoke", "worker-0").status == 0)
      #expect(try cluster.workers[0].wait() == 3, "\(cluster.workers[0].output)")
      #expect(cluster.workers[0].errors.contains("revoked"), "\(cluster.workers[0].errors)")
      try wait(until: "the event") { cluster.coordinator.output.contains("workerExpelled") }
      // The coordinator's own key gives way to a new one.
      let old = "\(cluster.folder)/old.json"
      try FileManager.default.copyItem(atPath: cluster.join, toPath: old)
      #expect(try cluster.operate("keys", "revoke", "first").status == 0)
      #expect(try cluster.operate("status", join: old).status == 3)
      #expect(try cluster.operate("status").status == 0)
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `noise at the ports changes nothing for a job`() throws {
    try besideTraining { cluster in
      let before = try cluster.residentBytes()
      // A scan: connect and close.
      for _ in 0..<50 { for port in cluster.ports { _ = try RawConnection(port: port) } }
      // Bytes without sense, and the greeting of another protocol.
      var random = SystemRandomNumberGenerator()
      for port in cluster.ports {
        for _ in 0..<20 {
          let count = Int.random(in: 1...100_000, using: &random)
          try RawConnection(port: port).send(
            (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
          try RawConnection(port: port).send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        }
      }
      // Connect and say nothing; or one letter of a right greeting at a time.
      let greeting = [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 1]
      let silent = try cluster.ports.flatMap { port in
        try (0..<150).map { _ in try RawConnection(port: port) }
      }
      let slow = try cluster.ports.flatMap { port in
        try (0..<20).map { _ in try RawConnection(port: port) }
      }
      for letter in greeting {
        for connection in slow { connection.send([letter]) }
        #expect(try cluster.operate("status").status == 0)
      }
      for worker in cluster.workers { #expect(worker.isRunning, "\(worker.errors)") }
      let grown = try cluster.residentBytes() - before
      #expect(grown < 200 << 20)
      // Nobody may keep a connection for which no handshake comes.
      try wait(until: "silent connections are closed") {
        (silent + slow).allSatisfy(\.isClosed)
      }
      let told = cluster.coordinator.output.matches(of: /accessRefused/).count
      #expect((1...40).contains(told), "\(cluster.coordinator.output)")
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `no secret is told, shown or kept but in the files for it`() throws {
    try besideTraining { cluster in
      let token = try cluster.token("viewer", "--role", "viewer")
      var secrets: Set<String> = []
      for path in ["store/keys.json", "store/join.json", "worker-0.json", "worker-1.json"]
        .map({ "\(cluster.folder)/\($0)" }) + [token]
      {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for match in text.matches(of: /"[a-zA-Z]*[sS]ecret(Key)?" : "([^"]*)"/) {
          secrets.insert(String(match.2))
        }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600, "\(path)")
      }
      #expect(secrets.count == 5)
      let bearers: Set = [
        "keys.json", "join.json", "worker-0.json", "worker-1.json", "viewer.json",
      ]
      try wait(until: "the job is over") { try !cluster.isRunning() }
      var texts = [
        try cluster.operate("status", "--json").output, try cluster.operate("show", "j1").output,
        try cluster.operate("keys", "list").output, try cluster.operate("logs", "j1").output,
      ]
      // All that was written below the folder: the store, logs, and what the processes printed.
      let names = try FileManager.default.subpathsOfDirectory(atPath: cluster.folder)
      #expect(names.contains("store/store.sqlite"))
      for name in names where !bearers.contains(URL(filePath: name).lastPathComponent) {
        let bytes = FileManager.default.contents(atPath: "\(cluster.folder)/\(name)") ?? Data()
        texts.append(String(decoding: bytes, as: UTF8.self))
      }
      for process in [cluster.coordinator] + cluster.workers {
        for name in ["cmdline", "environ"] {
          let bytes = try Data(contentsOf: URL(filePath: "/proc/\(process.id)/\(name)"))
          #expect(!bytes.isEmpty)
          texts.append(String(decoding: bytes, as: UTF8.self))
        }
      }
      for secret in secrets { #expect(!texts.contains { $0.contains(secret) }) }
    }
  }
}
