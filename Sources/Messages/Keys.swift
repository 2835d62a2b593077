// Who holds a key and what it may do, as the command line asks the coordinator about it.

/// What a key may do in its cluster. Stands in the coordinator's list, never in a claim.
package enum KeyRole: String, CaseIterable, Codable, Sendable {
  /// Speaks as a worker and transfers the files of its jobs.
  case worker
  /// Asks for everything: submits, cancels, reads, issues and revokes keys.
  case `operator`
  /// Looks: status, jobs, logs, events and files.
  case viewer
}

/// A key that a coordinator knows. Holds nothing secret.
package struct KeyRecord: Hashable, Codable, Sendable {
  /// For people; no two keys that are neither revoked nor expired have the same.
  package var name: String
  /// 32 bytes.
  package var publicKey: [UInt8]
  /// At least one, in the order of `KeyRole`.
  package var roles: [KeyRole]
  /// Times are seconds since 1970.
  package var createdAt: Int64
  /// From then on it is refused; nil for never.
  package var expiresAt: Int64?
  package var lastSeenAt: Int64?
  package var revokedAt: Int64?

  package init(
    name: String, publicKey: [UInt8], roles: Set<KeyRole>, createdAt: Int64, expiresAt: Int64? = nil
  ) {
    self.name = name
    self.publicKey = publicKey
    self.roles = KeyRole.allCases.filter(roles.contains)
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }

  /// Whether it has neither been revoked nor expired.
  package func isValid(at time: Int64) -> Bool {
    revokedAt == nil && expiresAt.map { time < $0 } ?? true
  }
}

/// Put a key on the list. The pair is made by who asks: its secret half never travels. Answered by
/// TokenIssued. Since 1.
package struct TokenRequest: Hashable, Sendable {
  package var name: String
  package var roles: [KeyRole]
  /// How long it is valid; nil for ever.
  package var seconds: UInt64?
  /// 32 bytes.
  package var publicKey: [UInt8]

  package init(name: String, roles: [KeyRole], seconds: UInt64?, publicKey: [UInt8]) {
    self.name = name
    self.roles = roles
    self.seconds = seconds
    self.publicKey = publicKey
  }
}

extension OperatorRequest {
  /// Whether a viewer may ask this; what is not listed here is for operators.
  package var isForViewers: Bool {
    switch self {
    case .status, .show, .logs, .files, .events, .digests, .jobs: true
    default: false
    }
  }
}

extension Failure {
  /// The `field` of a failure, and of Refused, that is about the asking process's key.
  package static let keyField = "join file"
}

/// The keys that the coordinator knows. Answered by Keys. Since 1.
struct KeysRequest {}
/// Refuse a key from now on, by name or fingerprint. Answered by Keys with that one. Since 1.
struct RevokeRequest { var key: String }
/// Answer to TokenRequest: the key is durable on the list. Since 1.
struct TokenIssued { var key: KeyRecord }
/// Answer to KeysRequest and RevokeRequest. Since 1.
struct Keys { var keys: [KeyRecord] }
