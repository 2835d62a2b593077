import Foundation

/// What a process of this machine uses, as the kernel counts it.
struct ProcessMeter {
  private let process: Int32

  /// Throws: `ExplainedError` where there is no /proc.
  init(of process: Int32) throws {
    self.process = process
    guard fields("stat") != nil else { throw Unreadable() }
  }

  var cpuSeconds: Double {
    guard let fields = fields("stat"), fields.count > 14 else { return 0 }
    let ticks = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
    return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  var residentBytes: UInt64 {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ UInt64($0) })
    else { return 0 }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// What follows the process's name, which may hold blanks.
  private func fields(_ file: String) -> [Substring]? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/\(file)", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return nil }
    return text[text.index(after: name)...].split(separator: " ")
  }

  private struct Unreadable: ExplainedError {
    var description: String { "this system has no /proc to measure a process by" }
  }
}
