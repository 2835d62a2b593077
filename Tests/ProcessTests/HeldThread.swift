import Foundation

/// A thread of another process that is held where it is, while the process's other threads go on: as
/// if it were caught in an endless loop or in a device that does not answer.
///
/// Belongs to the thread that made it: the system lets no other release it.
final class HeldThread {
  private let id: pid_t

  /// Variadic functions cannot be called from Swift by their names.
  private typealias Trace = @convention(c) (_ request: Int, pid_t, Int, Int) -> Int
  private static let trace = dlsym(nil, "ptrace").map { unsafeBitCast($0, to: Trace.self) }
  private static let (seize, interrupt, detach) = (0x4206, 0x4207, 17)
  /// Wait for threads, too (`__WALL`).
  private static let everyKind: Int32 = 0x4000_0000

  /// Holds a thread whose name begins so; waits for one up to `seconds`.
  ///
  /// Throws: `TookTooLong` if there is none, or it cannot be held.
  init(of process: pid_t, named prefix: String, seconds: Double = 5) throws {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
      if let id = Self.threads(of: process, named: prefix).first(where: Self.hold) {
        self.id = id
        return
      }
    }
    throw TookTooLong(what: "process \(process) has no thread '\(prefix)' that can be held")
  }

  deinit { _ = Self.trace?(Self.detach, id, 0, 0) }

  private static func threads(of process: pid_t, named prefix: String) -> [pid_t] {
    let folder = "/proc/\(process)/task"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { pid_t($0) }.filter { id in
      (try? String(contentsOfFile: "\(folder)/\(id)/comm", encoding: .utf8))?
        .hasPrefix(prefix) ?? false
    }
  }

  private static func hold(_ id: pid_t) -> Bool {
    guard let trace, trace(seize, id, 0, 0) == 0 else { return false }
    guard trace(interrupt, id, 0, 0) == 0 else {
      _ = trace(detach, id, 0, 0)
      return false
    }
    var status: Int32 = 0
    guard waitpid(id, &status, everyKind) == id else { return false }
    // The low byte says whether it stopped or ended meanwhile.
    return status & 0xff == 0x7f
  }
}
