import Foundation

/// What a process can say of the machine and itself.
package enum HostFacts {
  package static var name: String { ProcessInfo.processInfo.hostName }

  package static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// For people who read measurements: "2 cores, AMD EPYC 9V74".
  package static var machine: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let model = line?.split(separator: ":", maxSplits: 1).last
      .map { $0.trimmingCharacters(in: .whitespaces) }
    return "\(cores) cores" + (model.map { ", \($0)" } ?? "")
  }

  /// Equal for processes that can reach each other's Unix sockets and shared memory: same kernel
  /// boot, network namespace and mount namespace.
  package static var identity: String {
    let boot =
      (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
    let spaces = ["net", "mnt", "ipc"].map {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\($0)")) ?? $0
    }
    return ([boot.trimmingCharacters(in: .whitespacesAndNewlines)] + spaces).joined(separator: "/")
  }

  /// The address this host has on the way to `endpoint` ("tcp://host:port"), as others there see it.
  package static func address(toward endpoint: String) -> String? {
    let parts = endpoint.replacingOccurrences(of: "tcp://", with: "").split(separator: ":")
    guard parts.count == 2 else { return nil }
    var hints = addrinfo()
    hints.ai_family = AF_INET
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(String(parts[0]), String(parts[1]), &hints, &found) == 0, let found else {
      return nil
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(found.pointee.ai_family, found.pointee.ai_socktype, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Connecting a datagram socket sends nothing; it only chooses the route.
    guard connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
      return nil
    }
    var own = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &own) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
    }
    var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
    guard status == 0,
      inet_ntop(AF_INET, &own.sin_addr, &text, socklen_t(INET_ADDRSTRLEN)) != nil
    else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
