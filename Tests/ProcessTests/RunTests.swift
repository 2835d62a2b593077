import Foundation
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"))
struct RunTests {
  @Test func `processes give the digest of one process alone`() throws {
    let expected = try digestAlone(tinyJob())
    #expect(expected.count == 64)
    for exchange in ["direct", "hub"] {
      try withTemporaryFolder { folder in
        let job = try write(job: tinyJob(), in: folder)
        let run = try Program.run(
          [
            "run", job, "--workers", "2", "--threads", "1", "--exchange", exchange,
            "--print-digest", "--output", "\(folder)/run",
          ], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        // The digest and nothing else, so that scripts can compare it.
        #expect(run.output == expected + "\n", "\(exchange): \(run.errors)")
      }
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `asked to stop, it leaves no process behind`(signal: Int32) throws {
    try withRunningCluster { run, children, _ in
      // A terminal sends Ctrl-C to the whole group.
      #expect(kill(signal == SIGINT ? -run.id : run.id, signal) == 0)
      #expect(try run.wait() == 128 + signal, "\(run.errors)")
      try wait(until: "no child is left") { !children.contains { $0.isAlive } }
    }
  }

  @Test func `killed, it leaves no process behind`() throws {
    try withRunningCluster { run, children, _ in
      kill(run.id, SIGKILL)
      #expect(try run.wait() == -SIGKILL)
      try wait(until: "no child is left") { !children.contains { $0.isAlive } }
    }
  }

  @Test func `interrupted, it goes on from its last checkpoint`() throws {
    try withRunningCluster { run, _, output in
      kill(run.id, SIGINT)
      #expect(try run.wait() == 128 + SIGINT, "\(run.errors)")
      #expect(run.output.contains("--resume \(output)"), "\(run.output)")
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(output)/checkpoints")
      let reached = try #require(names.compactMap { Int($0.drop { !$0.isNumber }) }.max())
      let folder = URL(filePath: output).deletingLastPathComponent().path
      let more = try Program.run(
        [
          "run", "--resume", output, "--set", "steps=\(reached + 3)", "--workers", "2",
          "--threads", "1",
        ], in: folder)
      #expect(more.status == 0, "\(more.output)\(more.errors)")
      #expect(more.output.contains("\(reached + 3)/\(reached + 3)"), "\(more.output)")
      #expect(!more.output.contains("from the beginning"), "\(more.output)")
    }
  }

  /// A run of two workers in the midst of training, with its three children.
  private func withRunningCluster(
    _ body: (Program, _ children: [LivingProcess], _ output: String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let job = try write(
        job: tinyJob(steps: 100_000, more: "checkpoint: { everySteps: 2, keep: 2 }"), in: folder)
      let output = "\(folder)/run"
      let run = try Program(
        ["run", job, "--workers", "2", "--threads", "1", "--output", output], in: folder)
      defer { run.end() }
      try wait(until: "a checkpoint is stored") {
        if !run.isRunning { throw TookTooLong(what: "it ended: \(run.output)\(run.errors)") }
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(output)/checkpoints")
        return names?.contains { !$0.contains("part") } ?? false
      }
      let children = LivingProcess.children(of: run.id)
      #expect(children.count == 3)
      #expect(children.allSatisfy { $0.isAlive })
      try body(run, children, output)
    }
  }
}
