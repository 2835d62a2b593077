import Foundation
import TestSupport
import Testing

/// `martlet verify`: what was trained elsewhere is repeated here and compared.
@Suite(.serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"))
struct VerifyTests {
  private static let more =
    "checkpoint: { everySteps: 4, keep: 3 }\nvalidate: { everySteps: 3 }"

  private func verify(
    _ arguments: [String], in folder: String
  ) throws -> (status: Int32, output: String, errors: String) {
    try Program.run(["verify"] + arguments, in: folder)
  }

  /// A finished run of 12 steps in `run`.
  private func withRun(more: String = more, _ body: (_ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let job = try write(job: tinyJob(steps: 12, more: more), in: folder)
      let run = try Program.run(["run", job, "--output", "run"], in: folder)
      try #require(run.status == 0, "\(run.output)\(run.errors)")
      try body(folder)
    }
  }

  private func contents(of folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
  }

  @Test func `a run agrees with itself, whole and in part, and nothing is written`() throws {
    try withRun { folder in
      let before = try contents(of: "\(folder)/run")
      let whole = try verify(["run"], in: folder)
      #expect(whole.status == 0, "\(whole.errors)")
      // 12 steps, validations after 3, 6, 9 and 12, and two splits at the end.
      #expect(whole.output.contains("steps 1..12: 18 of 18 digests agree"), "\(whole.output)")
      #expect(whole.output.contains("repeated from the beginning"), "\(whole.output)")
      let part = try verify(["run", "--steps", "6..10"], in: folder)
      #expect(part.status == 0, "\(part.errors)")
      #expect(part.output.contains("from the checkpoint of step 4"), "\(part.output)")
      #expect(!part.output.contains("step 1/"), "\(part.output)")
      #expect(part.output.contains("steps 6..10: 7 of 7 digests agree"), "\(part.output)")
      #expect(try contents(of: "\(folder)/run") == before)
      #expect(try !contents(of: folder).contains { $0.hasPrefix("martlet-verify") })
    }
  }

  @Test func `an altered digest is found and named`() throws {
    try withRun { folder in
      let path = "\(folder)/run/digests.csv"
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      let altered = try #require(lines.first { $0.hasPrefix("9,1,") })
      let digest = altered.dropFirst(4)
      let wrong = String(digest.reversed())
      try write(
        lines.map { $0 == altered ? "9,1,\(wrong)" : String($0) }.joined(separator: "\n"), to: path)
      let run = try verify(["run"], in: folder)
      #expect(run.status == 6, "\(run.output)\(run.errors)")
      #expect(run.output.contains("step 9, pass 1 differs"), "\(run.output)")
      #expect(run.output.contains(wrong) && run.output.contains(digest), "\(run.output)")
      // Steps 1 to 9 and two validations.
      #expect(run.output.contains("11 of 18 digests agree before it"), "\(run.output)")
      #expect(try verify(["run", "--steps", "10..12"], in: folder).status == 0)
    }
  }

  @Test func `a run that went on as another job is verified part by part`() throws {
    try withRun { folder in
      let more = try Program.run(["run", "--resume", "run", "--set", "steps=16"], in: folder)
      try #require(more.status == 0, "\(more.errors)")
      let whole = try verify(["run"], in: folder)
      #expect(whole.status == 2)
      #expect(whole.errors.contains("--steps 1..12, --steps 13..16"), "\(whole.errors)")
      #expect(try verify(["run", "--steps", "13..16"], in: folder).status == 0)
      #expect(try verify(["run", "--steps", "2..3"], in: folder).status == 0)
    }
  }

  @Test func `what cannot be verified is said in words`() throws {
    try withRun { folder in
      let outside = try verify(["run", "--steps", "6..40"], in: folder)
      #expect(outside.status == 2)
      #expect(outside.errors.contains("1..12 are on record, 6..40 were"), "\(outside.errors)")
      let absent = try verify(["nowhere"], in: folder)
      #expect(absent.status == 5)
      #expect(absent.errors.contains("nowhere/digests.csv"), "\(absent.errors)")
      let path = "\(folder)/run/arithmetic.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try write(text.replacing(/"build" : "[^"]*"/) { _ in "\"build\" : \"another\"" }, to: path)
      let other = try verify(["run"], in: folder)
      #expect(other.status == 1)
      #expect(other.errors.contains("build was another in the training"), "\(other.errors)")
      try FileManager.default.removeItem(atPath: path)
      let bare = try verify(["run"], in: folder)
      #expect(bare.status == 5)
      #expect(bare.errors.contains("arithmetic.json"), "\(bare.errors)")
    }
    try withRun(more: "digest: false") { folder in
      let run = try verify(["run"], in: folder)
      #expect(run.status == 1)
      #expect(run.errors.contains("digest: false"), "\(run.errors)")
    }
  }

  @Test func `a job of two workers, one of them killed, agrees`() throws {
    try withTemporaryFolder { folder in
      let join = "\(folder)/store/join.json"
      let coordinator = try Program(
        ["coordinator", "--store", "\(folder)/store", "--port", "0"], in: folder)
      defer { coordinator.end() }
      try wait(until: "the coordinator listens") { coordinator.output.contains("--join") }
      let workers = try (0..<2).map { _ in
        try Program(["worker", "--join", join, "--threads", "1"], in: folder)
      }
      defer { for worker in workers { worker.end() } }
      let job = try write(job: tinyJob(steps: 40, more: Self.more), in: folder)
      func ask(_ arguments: [String]) throws -> String {
        let run = try Program.run(arguments + ["--join", join], in: folder)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        return run.output
      }
      _ = try ask(["submit", job])
      try wait(until: "a checkpoint is stored") {
        FileManager.default.fileExists(
          atPath: "\(folder)/store/jobs/j1/checkpoints/step-00000004/manifest.json")
      }
      kill(workers[1].id, SIGKILL)
      try wait(until: "the job is over") { try ask(["show", "j1"]).contains("finished") }
      let whole = try ask(["verify", "j1"])
      // 14 validations, of which the last at step 40, and two splits more.
      #expect(whole.contains("steps 1..40: 56 of 56 digests agree"), "\(whole)")
      let part = try ask(["verify", "j1", "--steps", "38..40"])
      #expect(part.contains("from the checkpoint of step 36"), "\(part)")
      #expect(part.contains("steps 38..40: 7 of 7 digests agree"), "\(part)")
      // Brought home, it is a run's folder like any other.
      _ = try ask(["fetch", "j1"])
      #expect(try verify(["./j1", "--steps", "38..40"], in: folder).status == 0)
      let absent = try verify(["j7", "--join", join], in: folder)
      #expect(absent.status == 1)
      #expect(absent.errors.contains("there is no job j7"), "\(absent.errors)")
    }
  }
}
