import Foundation
import Messages
import Transport

/// The keys of a cluster as people read them.
package struct KeyTable {
  /// Seconds since 1970.
  private let now: Int64

  package init(now: Int64) { self.now = now }

  package func text(_ keys: [KeyRecord]) -> String {
    var table = TextTable([
      ("name", .left), ("roles", .left), ("fingerprint", .left), ("created", .left),
      ("expires", .left), ("last seen", .left), ("state", .left),
    ])
    for key in keys {
      let state = key.revokedAt.map { "revoked \(time($0))" }
      table.add([
        key.name, Self.roles(key), fingerprint(key.publicKey), time(key.createdAt),
        key.expiresAt.map(time) ?? "never", key.lastSeenAt.map(time) ?? "never",
        state ?? (key.isValid(at: now) ? "valid" : "expired"),
      ])
    }
    return table.text()
  }

  static func roles(_ key: KeyRecord) -> String {
    key.roles.map(\.rawValue).joined(separator: ",")
  }

  /// To the minute, in universal time: keys are shared between machines.
  private func time(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds))
      .formatted(
        .verbatim(
          "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits)Z",
          timeZone: .gmt, calendar: Calendar(identifier: .gregorian)))
  }
}
