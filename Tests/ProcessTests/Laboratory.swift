import Foundation
import Testing

/// Hosts in network namespaces for the duration of a test (`cluster/lab`).
final class Laboratory {
  /// What keeps this machine from having one; nil when nothing does.
  static let obstacle: String? = {
    guard geteuid() == 0 else { return "a laboratory of hosts needs root" }
    let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
    for tool in ["ip", "tc", "nsenter", "unshare"] {
      guard
        folders.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") })
      else { return "a laboratory of hosts needs '\(tool)': apt-get install iproute2 util-linux" }
    }
    return nil
  }()

  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "cluster/lab").path

  /// Tests of two checkouts may run at once on a machine. Who starts the tests may choose the name,
  /// to remove the hosts should the tests be killed.
  let name =
    ProcessInfo.processInfo.environment["MARTLET_LAB"]
    ?? "t\(ProcessInfo.processInfo.processIdentifier)"

  let hosts: ClosedRange<Int>

  /// Suites run at the same time, and all laboratories of a process have one name.
  private static let only = DispatchSemaphore(value: 1)

  /// Waits for another laboratory of this process to be gone.
  init(hosts count: Int) throws {
    hosts = 1...count
    Self.only.wait()
    do { try command("up", "\(count)") } catch {
      Self.only.signal()
      throw error
    }
  }

  func down() throws {
    defer { Self.only.signal() }
    try command("down")
  }

  /// What goes before a command that shall run on a host.
  func host(_ number: Int) -> [String] {
    ["/usr/bin/env", "MARTLET_LAB=\(name)", Self.script, "exec", "\(number)"]
  }

  static func address(_ host: Int) -> String { "10.77.0.\(host)" }

  @discardableResult
  func command(_ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: Self.script)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["MARTLET_LAB": name]) { _, mine in mine }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(
      decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(arguments: arguments, text: text) }
    return text
  }

  struct Failed: Error, CustomStringConvertible {
    let arguments: [String]
    let text: String
    var description: String { "cluster/lab \(arguments.joined(separator: " ")): \(text)" }
  }
}
