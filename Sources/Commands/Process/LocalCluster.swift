import Cluster
import Foundation
import Messages
import Synchronization
import Transport

/// A coordinator and workers as child processes of this one, for one job; gone with it.
final class LocalCluster: Sendable {
  private struct Child {
    let name: String
    let process: Process
    /// The child stops when this end is closed, also if this process is killed.
    let life: FileHandle
    let log: String
  }

  /// By this process so far.
  private static let made = Atomic<Int>(0)

  /// Gone with the cluster.
  let folder: String
  private let children = Mutex<[Child]>([])

  /// Starts the coordinator and waits until it listens.
  ///
  /// `coordinatorOptions`: More arguments for it; `core`: the one core it may use.
  ///
  /// Throws: `ChildFailed`.
  init(coordinatorOptions: [String] = [], core: Int? = nil) throws {
    let number = Self.made.add(1, ordering: .relaxed).newValue
    folder =
      "\(NSTemporaryDirectory())/martlet-run-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    try start(
      "coordinator", ["coordinator", "--store", folder, "--port", "0"] + coordinatorOptions,
      core: core)
    while !FileManager.default.fileExists(atPath: joinPath) { try pause() }
  }

  /// The number of the coordinator's process.
  var coordinator: Int32 { children.withLock { $0[0].process.processIdentifier } }

  /// The numbers of all its processes.
  var processes: [Int32] { children.withLock { $0.map(\.process.processIdentifier) } }

  var joinPath: String { "\(folder)/join.json" }

  /// Starts workers and waits until the coordinator knows them all.
  ///
  /// `options`: More arguments for each.
  ///
  /// Throws: `ChildFailed`, `TransportError`.
  func startWorkers(
    _ count: Int, threads: Int, exchange: ExchangeMode, isa: InstructionSet,
    options: [String] = []
  ) throws -> ClusterConnection {
    for number in 1...count {
      try start(
        "worker-\(number)",
        [
          "worker", "--join", joinPath, "--name", "worker-\(number)", "--threads", "\(threads)",
          "--exchange", exchange.rawValue, "--isa", isa.rawValue, "--scratch", folder,
        ] + options)
    }
    let connection = try ClusterConnection(JoinFile(contentsOf: joinPath))
    while try connection.status().workers.count < count { try pause() }
    return connection
  }

  /// Ends all children and waits for them; from any thread, also twice.
  func stop() {
    let children = children.withLock { children in
      defer { children = [] }
      return children
    }
    // Workers first, so that they can still say goodbye.
    for child in children.reversed() { try? child.life.close() }
    let end = Date().addingTimeInterval(5)
    for child in children.reversed() {
      while child.process.isRunning, Date() < end { Thread.sleep(forTimeInterval: 0.01) }
      if child.process.isRunning { kill(child.process.processIdentifier, SIGKILL) }
      child.process.waitUntilExit()
    }
    try? FileManager.default.removeItem(atPath: folder)
  }

  private func start(_ name: String, _ arguments: [String], core: Int? = nil) throws {
    let log = "\(folder)/\(name).log"
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    let process = Process()
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.executableURL = core == nil ? program : URL(filePath: "/usr/bin/taskset")
    process.arguments =
      (core.map { ["-c", "\($0)", program.path] } ?? []) + arguments + ["--until-input-ends"]
    let life = Pipe()
    let output = FileHandle(forWritingAtPath: log)
    process.standardInput = life
    process.standardOutput = output
    process.standardError = output
    try process.run()
    try? life.fileHandleForReading.close()
    children.withLock {
      $0.append(Child(name: name, process: process, life: life.fileHandleForWriting, log: log))
    }
  }

  /// A moment's wait, in which no child may have ended.
  private func pause() throws {
    Thread.sleep(forTimeInterval: 0.01)
    try check()
  }

  /// Throws: `ChildFailed` if a child ended by itself.
  func check() throws {
    let ended = children.withLock { $0.first { !$0.process.isRunning } }
    guard let ended else { return }
    let text = (try? String(contentsOfFile: ended.log, encoding: .utf8)) ?? ""
    throw ChildFailed(
      name: ended.name, words: text.split(separator: "\n").suffix(5).joined(separator: "\n"))
  }

  /// A coordinator or worker that this run started ended before its time.
  struct ChildFailed: ExplainedError {
    let name: String
    let words: String

    var description: String { "the \(name) of this run ended\n\(words)" }
  }
}
