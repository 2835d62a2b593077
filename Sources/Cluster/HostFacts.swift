import Foundation

/// What a process can say of the machine and itself.
package enum HostFacts {
  package static var name: String { ProcessInfo.processInfo.hostName }

  package static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// Equal for processes that can reach each other's Unix sockets and shared memory: same kernel
  /// boot, network namespace and mount namespace.
  package static var identity: String {
    let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
    let spaces = ["net", "mnt", "ipc"].map {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\($0)")) ?? $0
    }
    return ([boot.trimmingCharacters(in: .whitespacesAndNewlines)] + spaces).joined(separator: "/")
  }

  /// Bytes of this process in memory.
  package static var residentBytes: UInt64 { statusBytes("VmRSS:") }
  /// The most there ever were.
  package static var peakBytes: UInt64 { statusBytes("VmHWM:") }

  private static func statusBytes(_ field: String) -> UInt64 {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field) }),
      let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
    else { return 0 }
    return (UInt64(kilobytes) ?? 0) * 1024
  }
}
