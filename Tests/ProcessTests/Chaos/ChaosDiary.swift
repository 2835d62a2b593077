import Foundation
import GRDB
import Synchronization
import Testing

/// What a job's coordinator wrote, read from its store and its log.
struct ChaosDiary {
  struct Event: Decodable {
    let kind: String
    let text: String
    let unixSeconds: Double
  }

  /// A committed step as it was recorded.
  struct Step: Decodable {
    let step: Int
    /// What its worker measured from the step's first line to its commit.
    let seconds: Double
    /// 0 for a pass over a data set.
    let samples: Int
  }

  let events: [Event]
  let steps: [Step]

  /// Reads the store of a coordinator that has ended or runs.
  init(store: String) throws {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    let database = try DatabaseQueue(
      path: "\(store)/store.sqlite", configuration: configuration)
    (events, steps) = try database.read { database in
      func all<Value: Decodable>(_ type: Value.Type, _ sql: String) throws -> [Value] {
        try Data.fetchAll(database, sql: sql).map { try JSONDecoder().decode(type, from: $0) }
      }
      return (
        try all(Event.self, "SELECT value FROM event ORDER BY sequence"),
        try all(Step.self, "SELECT value FROM step WHERE job = 1 ORDER BY position")
          .filter { $0.samples > 0 }
      )
    }
  }
}

/// Follows a job's log on a thread of its own and notes when each line was seen.
final class ChaosLog: Sendable {
  struct Line {
    /// Seconds since 1970.
    let seenAt: Double
    let text: String
  }

  private struct State {
    var lines: [Line] = []
    var isClosed = false
  }

  private let state = Mutex(State())

  init(_ path: String) { Thread.detachNewThread { [self] in follow(path) } }

  func close() { state.withLock { $0.isClosed = true } }

  var all: [Line] { state.withLock { $0.lines } }

  func contains(_ word: String) -> Bool {
    state.withLock { $0.lines.contains { $0.text.contains(word) } }
  }

  private func follow(_ path: String) {
    var handle: FileHandle?
    var rest = Data()
    while !state.withLock({ $0.isClosed }) {
      poll(nil, 0, 4)  // milliseconds between two looks
      if handle == nil { handle = FileHandle(forReadingAtPath: path) }
      guard let bytes = try? handle?.readToEnd(), !bytes.isEmpty else { continue }
      let now = Date().timeIntervalSince1970
      rest += bytes
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let text = String(decoding: rest[..<end], as: UTF8.self)
        state.withLock { $0.lines.append(Line(seenAt: now, text: text)) }
        rest = Data(rest[(end + 1)...])
      }
    }
  }
}

/// Steps and generations in the order in which the coordinator heard of them.
struct ChaosHistory {
  struct Commit {
    let step: Int
    let seenAt: Double
    /// Members of the generation; 0 before the first is known.
    let workers: Int
  }

  struct Opening {
    let at: Double
    let workers: Int
    /// The step from which the generation goes on.
    let step: Int
    /// The last step on record before.
    let recorded: Int
    let text: String
  }

  private(set) var commits: [Commit] = []
  private(set) var openings: [Opening] = []

  init(_ lines: [ChaosLog.Line]) throws {
    var workers = 0
    for line in lines {
      if let match = line.text.firstMatch(of: /^step (\d+)\//), let step = Int(match.1) {
        // A pass is told with the number of the step before it.
        if step != commits.last?.step {
          commits.append(Commit(step: step, seenAt: line.seenAt, workers: workers))
        }
      } else if let match = line.text.firstMatch(of: /generationOpened: (\d+) workers, from (.*)/) {
        workers = try #require(Int(match.1))
        // Positions read "stage.epoch.serial"; a serial has 16 numbers for each step.
        let serial = match.2.firstMatch(of: /\b\d+\.\d+\.(\d+)\b/).flatMap { Int($0.1) } ?? 0
        openings.append(
          Opening(
            at: line.seenAt, workers: workers, step: serial >> 4,
            recorded: commits.last?.step ?? 0, text: String(match.2)))
      }
    }
  }
}
