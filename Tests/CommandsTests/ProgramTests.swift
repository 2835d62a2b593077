import Commands
import Foundation
import Testing

/// The built program as its user meets it.
@Suite(.enabled(if: Program.isBuilt, "the martlet executable is built with the whole package"))
struct ProgramTests {
  private static let job = """
    recipe: segment
    data: { world: scenes, size: 24, imageSize: 32, validation: 8, test: 8, heldout: 8 }
    batch: 8
    replicas: 2
    steps: 2
    options: { width: 8, levels: 2 }
    """

  @Test(arguments: [
    (["version"], ExitReason.done), (["--help"], .done), (["recipes"], .done),
    (["recipes", "show", "segment"], .done), (["recipes", "show", "none"], .usage),
    (["run"], .usage), (["run", "none.yaml"], .usage), (["run", "job.yaml", "--frob"], .usage),
    (["run", "job.yaml", "--set", "batch=0"], .usage),
    (["run", "job.yaml", "--set", "data={path: none, format: voc}"], .data),
    (["evaluate", "none"], .files), (["status", "--join", "none.json"], .files),
    (["status", "--join", "nobody.json"], .unreachable), (["bench", "decode", "none"], .data),
  ])
  func `says how it ended`(arguments: [String], status: ExitReason) throws {
    let folder = try Folder([
      "job.yaml": Self.job,
      "nobody.json": """
      { "protocol": 1, "control": "ipc:///nowhere/at/all", "bulk": "ipc:///nowhere/at/all" }
      """,
    ])
    let result = try Program.run(arguments, in: folder.path)
    #expect(result.status == status.rawValue, "\(result)")
    if status != .done { #expect(!result.error.isEmpty) }
  }

  @Test func `trains, evaluates and predicts`() throws {
    let folder = try Folder(["job.yaml": Self.job])
    let run = try Program.run(
      ["run", "job.yaml", "--output", "out", "--print-digest"], in: folder.path)
    #expect(run.status == 0, "\(run)")
    #expect(run.output.wholeMatch(of: /[0-9a-f]{64}\n/) != nil, "\(run)")
    for file in ["model.safetensors", "contact-sheet.png", "loss-curve.png", "scores.json"] {
      #expect(FileManager.default.fileExists(atPath: "\(folder.path)/out/\(file)"), "\(file)")
    }
    let score = try Program.run(["evaluate", "out", "--json"], in: folder.path)
    #expect(score.status == 0 && score.output.contains("mIoU"), "\(score)")
    let prediction = try Program.run(
      ["predict", "out", "--indices", "0,2-3", "--out", "masks", "--json"], in: folder.path)
    #expect(prediction.output.split(separator: "\n").count == 3, "\(prediction)")
    let again = try Program.run(["run", "job.yaml", "--output", "out"], in: folder.path)
    #expect(again.status == ExitReason.usage.rawValue, "results are never overwritten")
  }

  @Test func `measures how fast pictures are decoded`() throws {
    let pictures = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Golden/Augmentation")
    let folder = try Folder([:])
    let result = try Program.run(
      ["bench", "decode", pictures.path, "--side", "16", "--rounds", "2", "--json"],
      in: folder.path)
    struct Row: Decodable {
      let way: String
      let secondsPerPicture: [Double]
    }
    let rows = try JSONDecoder().decode([Row].self, from: Foundation.Data(result.output.utf8))
    #expect(rows.map(\.way) == ["floor", "whole", "part", "scaled"])
    #expect(rows.allSatisfy { $0.secondsPerPicture.count == 2 && $0.secondsPerPicture[0] > 0 })
  }

  @Test func `measures how fast batches are loaded`() throws {
    let folder = try Folder(["job.yaml": Self.job])
    let result = try Program.run(
      ["bench", "loader", "job.yaml", "--epochs", "2", "--json"], in: folder.path)
    struct Row: Decodable {
      let samples: Int
      let processorSeconds: Double
      let hits: Int
    }
    let rows = try JSONDecoder().decode([Row].self, from: Foundation.Data(result.output.utf8))
    #expect(rows.count == 2 && rows[0].samples > 0 && rows[0].samples == rows[1].samples)
    // Threads that are at work at once may read a sample twice.
    #expect(rows.reduce(0) { $0 + $1.hits } > rows[0].samples / 2, "from memory")
    #expect(rows.allSatisfy { $0.processorSeconds > 0 })
  }

  @Test func `checks data sets`() throws {
    let folder = try Folder([
      "set/train.csv": "text,label\na,x\nb,y\n", "set/val.csv": "text\nc,z\n",
    ])
    let check = try Program.run(["data", "check", "set", "--out", "out"], in: folder.path)
    #expect(check.status == ExitReason.data.rawValue, "\(check)")
    #expect(check.error.contains("set/val.csv: line 2"), "\(check)")
    #expect(check.output.contains("2 of 2 can be read"), "\(check)")
    for file in ["out/train.png", "out/report.json"] {
      #expect(FileManager.default.fileExists(atPath: "\(folder.path)/\(file)"), "\(file)")
    }
    let one = try Program.run(
      ["data", "check", "set", "--format", "text", "--split", "train", "--json"], in: folder.path)
    #expect(one.status == 0 && one.output.contains("\"problemsLeftOut\" : 0"), "\(one)")
    for wrong in [["--format", "txet"], ["--split", "tran"], ["--set", "txet=a"]] {
      let result = try Program.run(["data", "check", "set"] + wrong, in: folder.path)
      #expect(result.status == ExitReason.data.rawValue && !result.error.isEmpty, "\(result)")
    }
  }

  @Test func `stops between steps with a checkpoint when it is asked to`() throws {
    let folder = try Folder(["job.yaml": Self.job])
    let result = try Program.run(
      ["run", "job.yaml", "--output", "out", "--set", "steps=100000"], in: folder.path
    ) { process in
      // The first step is in the table: the run is under way.
      let table = "\(folder.path)/out/scalars.csv"
      while process.isRunning,
        (try? String(contentsOfFile: table, encoding: .utf8))?.contains("loss") != true
      { sched_yield() }
      process.terminate()
    }
    #expect(result.status == ExitReason.terminated.rawValue, "\(result)")
    #expect(result.output.contains("--resume"), "\(result)")
    #expect(throws: Never.self) { try ResumePoint("\(folder.path)/out") }
  }

  @Test func `gives the same weights as a tree of processes`() throws {
    let folder = try Folder(["job.yaml": Self.job])
    let alone = try Program.run(
      ["run", "job.yaml", "--output", "a", "--print-digest"], in: folder.path)
    let tree = try Program.run(
      ["run", "job.yaml", "--output", "b", "--print-digest", "--workers", "2"], in: folder.path)
    #expect(alone.status == 0 && tree.status == 0, "\(tree)")
    #expect(alone.output == tree.output)
  }
}

enum Program {
  struct Result {
    let status: Int32
    let output: String
    let error: String
  }

  /// Beside the tests' own executable.
  private static let path = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "martlet").path

  static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: path) }

  static func run(
    _ arguments: [String], in folder: String, meanwhile: (Process) -> Void = { _ in }
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "MARTLET_JOIN" }
    // Files instead of pipes: a full pipe would hold the program up.
    let names = [UUID().uuidString, UUID().uuidString].map { "\(folder)/\($0).txt" }
    for name in names { _ = FileManager.default.createFile(atPath: name, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: names[0])
    process.standardError = FileHandle(forWritingAtPath: names[1])
    process.standardInput = FileHandle.nullDevice
    try process.run()
    meanwhile(process)
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      output: try String(contentsOfFile: names[0], encoding: .utf8),
      error: try String(contentsOfFile: names[1], encoding: .utf8))
  }
}
