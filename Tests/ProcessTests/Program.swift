import Foundation
import Testing

/// The built `martlet`, started as people start it; its output goes to files in a folder.
final class Program {
  /// Beside the tests, or where `swift build -c release` puts it; nil before it is built.
  static let path: String? = {
    let root = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let beside = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "martlet")
    let built = root.appending(path: ".build/release/martlet")
    return [beside, built].map(\.path).first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  static var isBuilt: Bool { path != nil }

  private let process = Process()
  private let ended = DispatchSemaphore(value: 0)
  private let outputPath: String
  private let errorPath: String

  /// Starts it with its output, its temporary files and its working directory in `folder`; `host` is
  /// a command that runs the rest of its arguments elsewhere, such as on a lab's host.
  init(_ arguments: [String], in folder: String, through host: [String] = []) throws {
    let line = host + [try #require(Self.path)] + arguments
    let name = "\(folder)/output-\(UUID().uuidString)"
    (outputPath, errorPath) = ("\(name).txt", "\(name)-errors.txt")
    process.executableURL = URL(filePath: line[0])
    process.arguments = Array(line.dropFirst())
    process.currentDirectoryURL = URL(filePath: folder)
    process.environment = ProcessInfo.processInfo.environment
      .merging(["TMPDIR": folder]) { _, mine in mine }
      .filter { $0.key != "MARTLET_JOIN" }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try Self.file(outputPath)
    process.standardError = try Self.file(errorPath)
    let ended = ended
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
  }

  /// Runs to the end and tells how it was.
  static func run(
    _ arguments: [String], in folder: String, through host: [String] = [], seconds: Double = 120
  ) throws -> (status: Int32, output: String, errors: String) {
    let program = try Program(arguments, in: folder, through: host)
    let status = try program.wait(seconds: seconds)
    return (status, program.output, program.errors)
  }

  var id: pid_t { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }
  var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

  /// The exit code; of a process that a signal ended, minus the signal's number.
  ///
  /// Throws: `TookTooLong` after ending it.
  func wait(seconds: Double = 120) throws -> Int32 {
    guard ended.wait(timeout: .now() + seconds) == .success else {
      kill(id, SIGKILL)
      throw TookTooLong(what: "martlet \(process.arguments ?? []): \(output)\(errors)")
    }
    ended.signal()
    let status = process.terminationStatus
    return process.terminationReason == .exit ? status : -status
  }

  /// Ends it if it still runs, and waits for that; for `defer`.
  func end() {
    if process.isRunning { kill(id, SIGTERM) }
    if (try? wait(seconds: 20)) == nil { process.waitUntilExit() }
  }

  private static func file(_ path: String) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    return try #require(FileHandle(forWritingAtPath: path))
  }
}

struct TookTooLong: Error, CustomStringConvertible {
  let what: String
  var description: String { "took too long: \(what)" }
}

/// Looks until `condition` holds; the limit only keeps a broken program from hanging the tests.
func wait(
  until what: String, seconds: Double = 60, _ condition: () throws -> Bool
) throws {
  let end = Date().addingTimeInterval(seconds)
  while try !condition() {
    guard Date() < end else { throw TookTooLong(what: what) }
    poll(nil, 0, 10)  // milliseconds between two looks
  }
}
