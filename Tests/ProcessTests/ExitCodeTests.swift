import Foundation
import TestSupport
import Testing

/// The exit codes of docs/exit-codes.md, and that the words beside them name what is wrong.
@Suite(.serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"))
struct ExitCodeTests {
  private func expect(
    _ status: Int32, saying words: [String], from arguments: [String], in folder: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let run = try Program.run(arguments, in: folder, seconds: 60)
    #expect(run.status == status, "\(run.output)\(run.errors)", sourceLocation: location)
    for word in words {
      #expect(run.errors.contains(word), "'\(word)' in: \(run.errors)", sourceLocation: location)
    }
    #expect(run.output == "", sourceLocation: location)
  }

  @Test func `a mistyped key of a job is a mistake of usage`() throws {
    try withTemporaryFolder { folder in
      let job = try write(job: tinyJob(more: "optimiser: { name: adamw }"), in: folder)
      try expect(2, saying: ["optimiser", "optimizer"], from: ["run", job], in: folder)
      try expect(2, saying: ["--wrokers"], from: ["run", job, "--wrokers", "2"], in: folder)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/runs"))
    }
  }

  @Test func `absent training data is named`() throws {
    try withTemporaryFolder { folder in
      let text = "recipe: segment\ndata: { path: nowhere/voc, format: voc }\nsteps: 1\n"
      let job = try write(job: text, in: folder)
      try expect(4, saying: ["nowhere/voc"], from: ["run", job], in: folder)
      // On workers it is the job that failed, with the same words.
      let run = try Program.run(["run", job, "--workers", "2"], in: folder)
      #expect(run.status == 1)
      #expect(run.errors.contains("nowhere/voc"), "\(run.errors)")
    }
  }

  @Test func `an absent or damaged join file is named`() throws {
    try withTemporaryFolder { folder in
      try expect(
        5, saying: ["absent.json"], from: ["status", "--join", "absent.json"], in: folder)
      try write("{ \"protocol\": 1 }\n", to: "\(folder)/bad.json")
      try expect(
        5, saying: ["bad.json", "control"], from: ["worker", "--join", "bad.json"], in: folder)
    }
  }

  @Test func `a coordinator that is gone cannot be reached`() throws {
    try withTemporaryFolder { folder in
      let join = "\(folder)/store/join.json"
      let address = try withCoordinator(in: folder, join: join) { $0 }
      try expect(3, saying: [address], from: ["status", "--join", join], in: folder)
    }
  }

  @Test func `a port in use is refused with its address`() throws {
    try withTemporaryFolder { folder in
      try withCoordinator(in: folder, join: "\(folder)/store/join.json") { address in
        let port = try #require(address.split(separator: ":").last).description
        try expect(
          3, saying: [port], from: ["coordinator", "--store", "other", "--port", port],
          in: folder)
      }
    }
  }

  @Test func `a worker of another cluster is not admitted`() throws {
    try withTemporaryFolder { folder in
      let join = "\(folder)/store/join.json"
      let keys = "\(folder)/store/keys.json"
      try withCoordinator(in: folder, join: join) { _ in }
      try FileManager.default.removeItem(atPath: keys)
      let old = try String(contentsOfFile: join, encoding: .utf8)
      try withCoordinator(in: folder, join: join) { address in
        // The address of the new coordinator, with the keys of the old one.
        let changed = old.replacing(/tcp:[^"]*/) { _ in address }
        try write(changed, to: "\(folder)/old.json")
        // As it is, others could read the secret in it.
        try expect(
          5, saying: ["old.json", "chmod 600"], from: ["status", "--join", "old.json"], in: folder)
        #expect(chmod("\(folder)/old.json", 0o600) == 0)
        try expect(3, saying: [address], from: ["status", "--join", "old.json"], in: folder)
      }
    }
  }

  /// Runs one on a free port; `body` gets its control address.
  private func withCoordinator<R>(
    in folder: String, join: String, _ body: (String) throws -> R
  ) throws -> R {
    try? FileManager.default.removeItem(atPath: join)
    let coordinator = try Program(
      ["coordinator", "--store", "\(folder)/store", "--port", "0", "--join-file", join],
      in: folder)
    defer {
      coordinator.end()
      #expect((try? coordinator.wait()) == 0, "\(coordinator.errors)")
    }
    try wait(until: "the coordinator listens") {
      if !coordinator.isRunning { throw TookTooLong(what: coordinator.errors) }
      return coordinator.output.contains("--join")
    }
    let text = try String(contentsOfFile: join, encoding: .utf8)
    let address = try #require(text.firstMatch(of: /"control" *: *"([^"]*)"/)).1
    return try body(String(address))
  }
}
