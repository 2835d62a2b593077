import Foundation
import TestSupport
import Testing

/// Disks that are full, read-only or damaged below a coordinator: the job waits or somebody is told,
/// and nothing that was good is lost.
@Suite(.serialized, .enabled(if: Program.isBuilt, "needs the program: swift build -c release"))
struct StorageTests {
  static let job = tinyJob(steps: 150, more: "checkpoint: { everySteps: 10, keep: 3 }")

  @Test func `a damaged store is named and left as it is`() throws {
    try withTemporaryFolder { folder in
      let file = "\(folder)/store/store.sqlite"
      let bytes = [UInt8](repeating: 0x5a, count: 8_192)
      try write(bytes, to: file)
      let run = try Program.run(["coordinator", "--store", "store", "--port", "0"], in: folder)
      #expect(run.status == 5, "\(run)")
      #expect(run.errors.contains("\(folder)/store"), "\(run.errors)")
      #expect(run.errors.contains("not a database"), "\(run.errors)")
      #expect(try Data(contentsOf: URL(filePath: file)) == Data(bytes))
    }
  }

  @Test func `a second coordinator on a store is refused`() throws {
    try withTemporaryFolder { folder in
      let first = try coordinator(in: folder)
      defer { first.end() }
      let run = try Program.run(["coordinator", "--store", "store", "--port", "0"], in: folder)
      #expect(run.status == 5, "\(run)")
      #expect(run.errors.contains("in use by another coordinator"), "\(run.errors)")
      #expect(first.isRunning)
    }
  }

  @Test func `when all were killed and the newest checkpoint is torn, the one before goes on`()
    throws
  {
    let expected = try digestAlone(Self.job)
    try withTemporaryFolder { folder in
      let processes = [try coordinator(in: folder), try worker(in: folder)]
      defer { for process in processes { process.end() } }
      try submit(Self.job, in: folder)
      let shelf = "\(folder)/store/jobs/j1/checkpoints"
      try wait(until: "three checkpoints are stored") { try checkpoints(in: shelf).count >= 3 }
      for process in processes.reversed() {
        kill(process.id, SIGKILL)
        #expect(try process.wait() == -SIGKILL, "the job was over too soon")
      }
      let newest = try #require(try checkpoints(in: shelf).last)
      let file = "\(shelf)/\(newest)/model.safetensors"
      let bytes = try Data(contentsOf: URL(filePath: file))
      try write(Array(bytes.prefix(bytes.count / 2)), to: file)

      let again = [try coordinator(in: folder), try worker(in: folder)]
      defer { for process in again { process.end() } }
      #expect(try digest(in: folder) == expected, "\(again[0].output)\(again[0].errors)")
      let output = again[0].output
      #expect(output.contains("checkpointDamaged"), "\(output)")
      #expect(output.contains("model.safetensors"), "\(output)")
    }
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
  func `a training goes on over a full disk, and only its end waits for room`() throws {
    let expected = try digestAlone(Self.job)
    try withDisk(megabytes: 16) { folder in
      let coordinator = try coordinator(in: folder, on: "\(folder)/disk/store")
      defer { coordinator.end() }
      let worker = try worker(in: folder)
      defer { worker.end() }
      try submit(Self.job, in: folder)
      try wait(until: "a checkpoint is stored") {
        try !checkpoints(in: "\(folder)/disk/store/jobs/j1/checkpoints").isEmpty
      }
      let filling = "\(folder)/disk/filling"
      fill(filling)
      try wait(until: "a checkpoint is left out") {
        worker.output.contains("training on without a checkpoint")
      }
      try wait(until: "the last one waits for room") {
        worker.output.contains("the finished training is not stored yet")
      }
      #expect(worker.output.contains("No space left"), "\(worker.output)")
      #expect(coordinator.isRunning, "\(coordinator.output)\(coordinator.errors)")
      try FileManager.default.removeItem(atPath: filling)
      #expect(
        try digest(in: folder) == expected,
        "\(coordinator.output)\(coordinator.errors)\(worker.output)\(worker.errors)")
    }
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
  func `a full cache disk costs a warning and the caching, and no step`() throws {
    try withDisk(megabytes: 1) { folder in
      let path = "\(folder)/data"
      let made = try Program.run(
        ["data", "make", "scenes", "--out", path, "--set", "size=400", "--set", "imageSize=32"],
        in: folder)
      #expect(made.status == 0, "\(made.errors)")
      let job = """
        recipe: segment
        data: { path: \(path), format: voc, served: true }
        batch: 16
        replicas: 4
        epochs: 2
        options: { width: 8, levels: 2 }

        """
      let coordinator = try coordinator(in: folder)
      defer { coordinator.end() }
      let worker = try worker(in: folder, cache: "\(folder)/disk/cache")
      defer { worker.end() }
      try submit(job, in: folder)
      #expect(try digest(in: folder) == digestAlone(job), "\(worker.output)\(worker.errors)")
      let warning = "the cache \(folder)/disk/cache takes no more, data is read without it"
      #expect(worker.output.contains(warning), "\(worker.output)")
      #expect(worker.output.contains("No space left"), "\(worker.output)")
      #expect(worker.output.contains("data: through the coordinator"), "\(worker.output)")
    }
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a read-only disk needs root"))
  func `a read-only store and a read-only output are refused`() throws {
    try withDisk(megabytes: 4, isReadOnly: true) { folder in
      let run = try Program.run(
        ["coordinator", "--store", "\(folder)/disk/store", "--port", "0"], in: folder)
      #expect(run.status == 5, "\(run)")
      #expect(run.errors.contains("disk/store"), "\(run.errors)")
      let coordinator = try coordinator(in: folder)
      defer { coordinator.end() }
      let path = try write(job: Self.job + "output: \(folder)/disk/run\n", in: folder)
      let refused = try Program.run(
        ["submit", path, "--join", "\(folder)/join.json"], in: folder)
      #expect(refused.status != 0)
      #expect(refused.errors.contains("cannot write to \(folder)/disk/run"), "\(refused.errors)")
    }
  }

  private func coordinator(in folder: String, on store: String? = nil) throws -> Program {
    let join = "\(folder)/join.json"
    try? FileManager.default.removeItem(atPath: join)
    let program = try Program(
      [
        "coordinator", "--store", store ?? "\(folder)/store", "--port", "0", "--join-file", join,
      ], in: folder)
    try wait(until: "the coordinator listens") {
      if !program.isRunning { throw TookTooLong(what: program.errors) }
      return program.output.contains("--join")
    }
    return program
  }

  private func worker(in folder: String, cache: String? = nil) throws -> Program {
    try Program(
      ["worker", "--join", "\(folder)/join.json", "--threads", "1"]
        + (cache.map { ["--cache", $0] } ?? []), in: folder)
  }

  private func submit(_ job: String, in folder: String) throws {
    let path = try write(job: job, in: folder)
    let run = try Program.run(["submit", path, "--join", "\(folder)/join.json"], in: folder)
    guard run.status == 0 else { throw TookTooLong(what: run.errors) }
  }

  /// Of the first job's weights, once it is finished.
  private func digest(in folder: String) throws -> String {
    let join = ["--join", "\(folder)/join.json"]
    try wait(until: "the job is finished", seconds: 120) {
      let show = try Program.run(["show", "j1"] + join, in: folder)
      if show.output.contains("failed") { throw TookTooLong(what: show.output) }
      return show.output.contains("finished")
    }
    _ = try Program.run(["fetch", "j1", "--to", "\(folder)/home"] + join, in: folder)
    return try sha256(of: "\(folder)/home/model.safetensors")
  }

  /// Names of the complete ones, oldest first.
  private func checkpoints(in shelf: String) throws -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: shelf)) ?? []
    return names.filter {
      FileManager.default.fileExists(atPath: "\(shelf)/\($0)/manifest.json")
    }.sorted()
  }

  /// Writes until the disk takes no more.
  private func fill(_ path: String) {
    guard let file = fopen(path, "wb") else { return }
    setvbuf(file, nil, _IONBF, 0)
    let block = [UInt8](repeating: 1, count: 4_096)
    while fwrite(block, 1, block.count, file) == block.count {}
    fclose(file)
  }

  /// A folder with a small disk of its own at `disk`.
  private func withDisk(
    megabytes: Int, isReadOnly: Bool = false, _ body: (String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: "\(folder)/disk", withIntermediateDirectories: true)
      try system(
        "mount", "-t", "tmpfs", "-o", "size=\(megabytes)m" + (isReadOnly ? ",ro" : ""), "tmpfs",
        "\(folder)/disk")
      defer { #expect(throws: Never.self) { try system("umount", "--lazy", "\(folder)/disk") } }
      try body(folder)
    }
  }

  private func system(_ command: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(command)")
  }
}
