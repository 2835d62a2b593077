import Coordination
import Foundation
import Messages
import Training

/// What the coordinator writes of one job: scalars, log, scores and the loss curve, in the job's
/// folder.
final class JobRecorder {
  static let logFile = "log.txt"
  private let path: String
  private let folder: RunFolder?
  private let job: Job?
  private var log: FileHandle?
  private var hasStart = false

  init(folder path: String, specification: String, catalog: Catalog) {
    self.path = path
    let job = (try? JSONDecoder().decode(JobValue.self, from: Foundation.Data(specification.utf8)))
      .flatMap { try? Job($0, catalog: catalog) }
    self.job = job
    folder = job.flatMap { try? RunFolder(path: path, job: $0, continuing: true) }
    let file = "\(path)/\(Self.logFile)"
    if !FileManager.default.fileExists(atPath: file) {
      _ = FileManager.default.createFile(atPath: file, contents: nil)
    }
    log = FileHandle(forWritingAtPath: file)
    _ = try? log?.seekToEnd()
  }

  deinit { try? log?.close() }

  func log(_ line: String) { try? log?.write(contentsOf: Foundation.Data((line + "\n").utf8)) }

  /// Writes down what the job's digests come from, once that is known.
  func add(_ record: JobRecord) {
    guard !hasStart, !record.fingerprint.isEmpty, let job, let folder else { return }
    hasStart = true
    let start = RunStart(
      step: Int(clamping: (record.request.checkpoint?.position.step ?? 0) >> 4),
      fingerprint: Fingerprint.values(of: record.fingerprint), job: job.value)
    do { try folder.add(start) } catch { log("\(error)") }
  }

  /// Reports seen for the first time. A full disk costs scalars, never the training.
  func add(_ reports: [Messages.StepReport]) {
    for report in reports {
      let scalars = report.scalars.map { NamedValue($0.name, $0.value) }
      do { try folder?.add(scalars, step: Int(clamping: report.step)) } catch { log("\(error)") }
      addDigest(of: report)
      let numbers = report.scalars.map { "\($0.name) \(String(format: "%.5g", $0.value))" }
      log("step \(report.step)/\(report.stepsTotal) " + numbers.joined(separator: " "))
    }
  }

  /// Reports whose digests were wrong before; of two lines for one commit the later one counts.
  func correct(_ reports: [Messages.StepReport]) {
    for report in reports {
      addDigest(of: report)
      log("step \(report.step): its digest was recorded wrongly and is \(report.digest)")
    }
  }

  private func addDigest(of report: Messages.StepReport) {
    do {
      try folder?.add(
        report.digest, step: Int(clamping: report.step), passes: Int(report.position.step & 15))
    } catch { log("\(error)") }
  }

  private static let ending = "job "

  /// Whether the log in a job's folder says how the job ended.
  static func hasEnding(in folder: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: "\(folder)/\(logFile)") else { return false }
    defer { try? handle.close() }
    let size = (try? handle.seekToEnd()) ?? 0
    try? handle.seek(toOffset: size - min(size, 16 << 10))
    let tail = (try? handle.readToEnd()) ?? Foundation.Data()
    return tail.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: ending.utf8) }
  }

  func end(_ state: JobStatus.State, _ status: JobStatus?) {
    log(
      Self.ending + state.rawValue
        + (status.map { $0.reason.isEmpty ? "" : ": \($0.reason)" } ?? ""))
    guard state == .finished,
      let checkpoint = CheckpointShelf(folder: "\(path)/checkpoints", keep: 1).newestValid().0
    else { return }
    do { try folder?.finish(checkpoint) } catch { log("\(error)") }
  }

  /// A piece of a job's log, cut at a line's end.
  static func logs(in folder: String, _ request: LogsRequest, isOver: Bool) -> Logs {
    guard request.offset <= UInt64(Int64.max),
      let handle = FileHandle(forReadingAtPath: "\(folder)/\(logFile)")
    else {
      return Logs(text: "", nextOffset: 0, ended: isOver)
    }
    defer { try? handle.close() }
    // At least a line must fit, or whoever follows would stand still.
    let count = Int(min(max(request.bytesMax, 64 << 10), 1 << 20))
    let bytes: Foundation.Data?
    do {
      try handle.seek(toOffset: request.offset)
      bytes = try handle.read(upToCount: count)
    } catch { return Logs(text: "", nextOffset: request.offset, ended: isOver) }
    guard let bytes, let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
      return Logs(text: "", nextOffset: request.offset, ended: isOver)
    }
    let piece = bytes[...end]
    return Logs(
      text: String(decoding: piece, as: UTF8.self),
      nextOffset: request.offset + UInt64(piece.count), ended: false)
  }
}
