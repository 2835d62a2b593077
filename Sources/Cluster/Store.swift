import Coordination
import Foundation
import GRDB
import Messages
import class Training.DeliveryTable

/// What survives the coordinator: machine records, events and step reports in SQLite; keys, job
/// folders and the lock beside it.
///
/// Write-ahead log with full synchronisation: what `persist` returned from is on the disk. One
/// process owns a store; a second one is refused.
package final class Store: Sendable {
  package enum Problem: Error, CustomStringConvertible {
    /// Another coordinator runs on this folder. Stop it or choose another `--store`.
    case inUse(path: String)
    /// The folder cannot be used as a store.
    case unusable(path: String, reason: String)
    /// The disk has no room for a record. Nothing is lost; make room and start again.
    case full(path: String)

    package var description: String {
      switch self {
      case .inUse(let path):
        "store \(path) is in use by another coordinator; stop that one or choose another --store"
      case .unusable(let path, let reason): "store \(path) cannot be used: \(reason)"
      case .full(let path):
        "the disk of store \(path) is full: nothing that must last can be decided; make room on it"
      }
    }
  }

  package let path: String
  /// For what must not be lost.
  private let database: DatabaseQueue
  /// For what may lose its last moments with the machine's power: a step must not wait for a disk.
  private let diary: DatabaseQueue
  private let lock: Int32

  /// Opens or makes the store in a folder.
  ///
  /// Throws: `Problem`.
  package init(path: String) throws {
    self.path = path
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch { throw Problem.unusable(path: path, reason: "\(error)") }
    lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else {
      throw Problem.unusable(path: path, reason: String(cString: strerror(errno)))
    }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw Problem.inUse(path: path)
    }
    do {
      database = try Self.connect(path, synchronous: "FULL")
      try Self.migrator.migrate(database)
      diary = try Self.connect(path, synchronous: "NORMAL")
    } catch {
      close(lock)
      throw Problem.unusable(path: path, reason: "\(error)")
    }
  }

  deinit { close(lock) }

  private static func connect(_ path: String, synchronous: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { database in
      try database.execute(
        sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = \(synchronous)")
    }
    return try DatabaseQueue(path: "\(path)/store.sqlite", configuration: configuration)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL);
          CREATE TABLE event (sequence INTEGER PRIMARY KEY, job INTEGER, value BLOB NOT NULL);
          CREATE INDEX eventOfJob ON event (job, sequence);
          CREATE TABLE step (
            job INTEGER NOT NULL, position INTEGER NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY (job, position)) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("keys") { database in
      try database.execute(
        sql: "CREATE TABLE key (publicKey BLOB PRIMARY KEY, value BLOB NOT NULL)")
    }
    return migrator
  }

  /// The machine's records of earlier lives.
  ///
  /// Throws: `Problem`.
  package func records() throws -> [Coordination.Record] {
    do {
      return try database.read { database in
        try Foundation.Data.fetchAll(database, sql: "SELECT value FROM record ORDER BY key")
          .map { try RecordCoding.record($0) }
      }
    } catch { throw Problem.unusable(path: path, reason: "store.sqlite: \(error)") }
  }

  /// The record of a job; nil if there is none.
  ///
  /// Throws: `Problem`.
  package func job(_ id: JobID) throws -> JobRecord? {
    try jobs("key = ?", ["job/\(id)"]).first
  }

  /// The records of jobs with numbers above `after`, in order.
  ///
  /// Throws: `Problem`.
  package func jobs(after: UInt64, countMax: Int) throws -> [JobRecord] {
    // The key is "job/j" and the number.
    try jobs(
      """
      key LIKE 'job/j%' AND CAST(substr(key, 6) AS INTEGER) > ?
      ORDER BY CAST(substr(key, 6) AS INTEGER) LIMIT ?
      """, [Int64(clamping: after), countMax])
  }

  private func jobs(_ condition: String, _ arguments: StatementArguments) throws -> [JobRecord] {
    do {
      return try database.read { database in
        try Foundation.Data.fetchAll(
          database, sql: "SELECT value FROM record WHERE " + condition, arguments: arguments
        ).compactMap {
          guard case .job(let job) = try RecordCoding.record($0) as Coordination.Record else {
            return nil
          }
          return job
        }
      }
    } catch { throw Problem.unusable(path: path, reason: "store.sqlite: \(error)") }
  }

  /// Makes a record durable; it replaces the older one of the same thing.
  ///
  /// Throws: `Problem`.
  package func persist(_ record: Coordination.Record) throws {
    let key =
      switch record {
      case .job(let job): "job/\(job.job)"
      case .workersIssued: "workersIssued"
      }
    let value = try RecordCoding.bytes(of: record)
    do {
      try database.write { database in
        try database.execute(
          sql: "INSERT OR REPLACE INTO record (key, value) VALUES (?, ?)",
          arguments: [key, value])
      }
    } catch let error as DatabaseError {
      if error.resultCode == .SQLITE_FULL { throw Problem.full(path: path) }
      throw Problem.unusable(path: path, reason: "\(error)")
    }
  }

  /// The keys that were ever issued and not forgotten; nothing secret.
  package func keys() throws -> [KeyRecord] {
    try database.read { database in
      try Foundation.Data.fetchAll(database, sql: "SELECT value FROM key")
        .map { try JSONDecoder().decode(KeyRecord.self, from: $0) }
    }
  }

  /// Makes what is known of a key durable.
  package func keep(_ key: KeyRecord) throws {
    let value = try JSONEncoder().encode(key)
    try database.write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO key (publicKey, value) VALUES (?, ?)",
        arguments: [Foundation.Data(key.publicKey), value])
    }
  }

  package func forget(_ key: KeyRecord) throws {
    try database.write { database in
      try database.execute(
        sql: "DELETE FROM key WHERE publicKey = ?", arguments: [Foundation.Data(key.publicKey)])
    }
  }

  /// How many events are kept.
  private static let eventsMax: UInt64 = 100_000

  /// Numbers and keeps an event.
  package func append(_ event: ClusterEvent) throws -> ClusterEvent {
    var stamped = event
    stamped.unixSeconds = Date().timeIntervalSince1970
    return try diary.write { database in
      let last = try UInt64.fetchOne(database, sql: "SELECT MAX(sequence) FROM event") ?? 0
      stamped.sequence = last + 1
      try database.execute(
        sql: "INSERT INTO event (sequence, job, value) VALUES (?, ?, ?)",
        arguments: [
          Int64(stamped.sequence), stamped.job.map { Int64(clamping: $0.number) },
          try RecordCoding.bytes(of: stamped),
        ])
      if stamped.sequence > Self.eventsMax {
        try database.execute(
          sql: "DELETE FROM event WHERE sequence <= ?",
          arguments: [Int64(stamped.sequence - Self.eventsMax)])
      }
      return stamped
    }
  }

  /// Events after a number, of one job or of all.
  package func events(after: UInt64, job: JobID?, countMax: Int) throws -> Events {
    try diary.read { database in
      let rows =
        if let job {
          try Foundation.Data.fetchAll(
            database,
            sql: "SELECT value FROM event WHERE job = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            arguments: [Int64(clamping: job.number), Int64(clamping: after), countMax])
        } else {
          try Foundation.Data.fetchAll(
            database, sql: "SELECT value FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?",
            arguments: [Int64(clamping: after), countMax])
        }
      return Events(
        events: try rows.map { try RecordCoding.record($0) },
        last: try UInt64.fetchOne(database, sql: "SELECT MAX(sequence) FROM event") ?? 0)
    }
  }

  /// Keeps step reports; of a step that is known only another digest is taken over.
  ///
  /// Returns: The reports of steps that were not known, and those whose digest took the place of
  /// another.
  package func record(
    _ reports: [StepReport], of job: JobID
  ) throws -> (new: [StepReport], corrected: [StepReport]) {
    try diary.write { database in
      var (new, corrected): ([StepReport], [StepReport]) = ([], [])
      for report in reports {
        let place = [Int64(clamping: job.number), Int64(clamping: report.position.step)]
        if let known = try Foundation.Data.fetchOne(
          database, sql: "SELECT value FROM step WHERE job = ? AND position = ?",
          arguments: StatementArguments(place))
        {
          var value = try RecordCoding.record(known) as StepReport
          guard value.digest != report.digest else { continue }
          value.digest = report.digest
          try database.execute(
            sql: "UPDATE step SET value = ? WHERE job = ? AND position = ?",
            arguments: [try RecordCoding.bytes(of: value)] + StatementArguments(place))
          corrected.append(report)
          continue
        }
        try database.execute(
          sql: "INSERT INTO step (job, position, value) VALUES (?, ?, ?)",
          arguments: StatementArguments(place) + [try RecordCoding.bytes(of: report)])
        new.append(report)
      }
      return (new, corrected)
    }
  }

  /// The digests of a job's commits after a position number, in order.
  package func digests(
    after: UInt64, job: JobID, countMax: Int
  ) throws -> (commits: [CommitDigest], isComplete: Bool) {
    let rows = try diary.read { database in
      try Foundation.Data.fetchAll(
        database,
        sql: """
          SELECT value FROM step WHERE job = ? AND position > ? ORDER BY position LIMIT ?
          """,
        arguments: [Int64(clamping: job.number), Int64(clamping: after), countMax])
    }
    let commits = try rows.map { row in
      let report = try RecordCoding.record(row) as StepReport
      return CommitDigest(position: report.position, digest: report.digest)
    }
    return (commits, rows.count < countMax)
  }

  /// What the recorded steps of an audited job were made of, in order; empty for others.
  package func deliveries(of job: JobID) throws -> [DeliveryTable.Row] {
    try diary.read { database in
      try Foundation.Data.fetchCursor(
        database, sql: "SELECT value FROM step WHERE job = ? ORDER BY position",
        arguments: [Int64(clamping: job.number)]
      ).compactMap { value in
        let report = try RecordCoding.record(value) as StepReport
        return report.delivery.map { delivery in
          DeliveryTable.Row(
            step: Int(clamping: report.step), stage: Int(delivery.stage),
            epoch: Int(clamping: delivery.epoch), count: Int(clamping: delivery.count),
            samples: delivery.samples.map { Int($0) })
        }
      }.reduce(into: []) { $0.append($1) }
    }
  }

  /// A job's folder; `output` is absolute, or below the store.
  package func folder(of output: String) -> String {
    output.hasPrefix("/") ? output : "\(path)/jobs/\(output)"
  }
}
