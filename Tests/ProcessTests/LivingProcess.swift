import Foundation

/// A process of the system, told from a later one with the same number by its start time.
struct LivingProcess: Hashable {
  let id: pid_t
  private let started: String

  /// The children of a process now.
  static func children(of parent: pid_t) -> [LivingProcess] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.compactMap { id in
      guard let fields = fields(of: id), fields.parent == parent else { return nil }
      return LivingProcess(id: id, started: fields.started)
    }
  }

  /// False also for one that ended and was not yet waited for by its parent.
  var isAlive: Bool {
    guard let now = Self.fields(of: id) else { return false }
    return now.started == started && now.state != "Z"
  }

  private static func fields(
    of id: pid_t
  ) -> (state: String, parent: pid_t, started: String)? {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
      // The name, in brackets, may itself hold blanks and brackets.
      let name = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[name...].split(separator: " ").map(String.init)
    guard fields.count > 20, let parent = pid_t(fields[2]) else { return nil }
    return (fields[1], parent, fields[20])
  }
}
