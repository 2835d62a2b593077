// Who may connect and speak: the coordinator's list of keys, asked for every connection and every
// message.

import Glibc
import Messages
import Synchronization

/// The keys that a coordinator admits, and which process showed which.
///
/// A connection's key is what libzmq proved in the CURVE handshake and hands on with each message
/// (`User-Id`). What a message claims (role, incarnation) must fit that key: a role that the key
/// has, and an incarnation that no other key has spoken for.
package final class Admission: Sendable {
  /// A message or connection that is not admitted.
  package struct Refusal: Error, Equatable, Sendable {
    /// What happened, for the coordinator's log.
    package var event: String
    /// What the one at the other end is told.
    package var reason: String
    /// Whether the key was this process's own but is no longer valid: the process is to be put out.
    package var isOver: Bool
  }

  private struct State {
    var keys: [String: KeyRecord] = [:]  // by text
    /// Keys by incarnation. What was not heard of for two fillings of `recent` is forgotten.
    var recent: [Incarnation: String] = [:]
    var older: [Incarnation: String] = [:]

    mutating func owner(of incarnation: Incarnation) -> String? {
      if let key = recent[incarnation] { return key }
      guard let key = older[incarnation] else { return nil }
      keep(incarnation, key)
      return key
    }

    mutating func keep(_ incarnation: Incarnation, _ key: String) {
      if recent.count >= Admission.recentMax { (older, recent) = (recent, [:]) }
      recent[incarnation] = key
    }
  }

  private static let recentMax = 32_768

  private let state = Mutex(State())
  /// Whether there are no keys to ask for.
  private let isOpen: Bool
  private let clock: @Sendable () -> Int64

  /// `clock`: Seconds since 1970.
  package init(
    _ keys: [KeyRecord], clock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
  ) {
    isOpen = false
    self.clock = clock
    for key in keys { know(key) }
  }

  private init() {
    isOpen = true
    clock = { 0 }
  }

  /// Asks nobody for anything: for clusters without keys.
  package static let everybody = Admission()

  /// Adds a key or replaces what is known of it; counts from the next message on.
  package func know(_ key: KeyRecord) {
    state.withLock { $0.keys[keyText(key.publicKey) ?? ""] = key }
  }

  package func forget(_ key: KeyRecord) {
    state.withLock { $0.keys[keyText(key.publicKey) ?? ""] = nil }
  }

  /// All keys in the order of their making, with the time each was last seen.
  package var keys: [KeyRecord] {
    let all = state.withLock { Array($0.keys.values) }
    return all.sorted { ($0.createdAt, $0.name) < ($1.createdAt, $1.name) }
  }

  /// Throws: `Refusal` for a connection's key that is not on the list, revoked or expired.
  package func check(publicKey: [UInt8], from address: String) throws(Refusal) {
    if isOpen { return }
    let now = clock()
    let key = state.withLock { $0.keys[keyText(publicKey) ?? ""] }
    let reason = "its key is not on the coordinator's list, or no longer"
    guard let key else {
      throw Refusal(
        event: "a process at \(address) with an unknown key (\(fingerprint(publicKey)))",
        reason: reason, isOver: false)
    }
    if !key.isValid(at: now) {
      throw Refusal(
        event: "a process at \(address) with the \(key.standing(at: now)) key \(key.title)",
        reason: reason, isOver: false)
    }
  }

  /// Checks a message by its connection's key and by what it claims.
  ///
  /// `user`: The key as libzmq hands it on; nil for a connection without.
  ///
  /// `binds`: Whether an incarnation of which nobody has heard belongs to this key from now on.
  ///
  /// Throws: `Refusal`.
  package func check(
    _ user: String?, as role: Role, _ incarnation: Incarnation, binds: Bool = false
  ) throws(Refusal) {
    if isOpen { return }
    let now = clock()
    let (key, owner) = state.withLock { state -> (KeyRecord?, String?) in
      guard let user, var key = state.keys[user] else { return (nil, nil) }
      let owner = state.owner(of: incarnation)
      if key.isValid(at: now) {
        if owner == nil, binds { state.keep(incarnation, user) }
        key.lastSeenAt = now
        state.keys[user] = key
      }
      return (key, owner)
    }
    guard let key else {
      throw Refusal(
        event: "a \(role) whose key is not on the list",
        reason: "this join file's key is not on the coordinator's list; ask for a new join file",
        isOver: false)
    }
    if let owner, owner != user {
      throw Refusal(
        event: "the holder of key \(key.title) spoke in the name of another process",
        reason: "another process with another key has this incarnation; start this one again",
        isOver: false)
    }
    guard key.isValid(at: now) else {
      let standing = key.standing(at: now)
      throw Refusal(
        event: "a \(role) with the \(standing) key \(key.title)",
        reason: "the key '\(key.name)' of this join file is \(standing); "
          + "ask an operator for a new one: martlet token create", isOver: owner != nil)
    }
    try check(key, mayActAs: role)
  }

  private func check(_ key: KeyRecord, mayActAs role: Role) throws(Refusal) {
    let (needed, isAllowed) =
      switch role {
      case .worker: (KeyRole.worker, key.roles.contains(.worker))
      case .operator: (.viewer, key.roles.contains(.viewer) || key.roles.contains(.operator))
      // Only the coordinator itself is one, and it does not ask itself.
      case .coordinator: (.operator, false)
      }
    if !isAllowed {
      throw key.refusal(
        needing: needed, for: role == .worker ? "training" : "asking the coordinator")
    }
  }

  /// Whether the process's key lets it ask this.
  ///
  /// Throws: `Refusal`.
  package func check(_ request: OperatorRequest, from asker: Incarnation) throws(Refusal) {
    if isOpen { return }
    let key = state.withLock { state in state.owner(of: asker).flatMap { state.keys[$0] } }
    // It was there when the message came in; only a flood of others can have displaced it.
    guard let key else {
      throw Refusal(
        event: "a forgotten process asked for \(request.title)",
        reason: "the coordinator no longer knows this process; try again", isOver: false)
    }
    if key.roles.contains(.operator) || request.isForViewers && key.roles.contains(.viewer) {
      return
    }
    throw key.refusal(
      needing: request.isForViewers ? .viewer : .operator, for: request.title)
  }
}

extension KeyRecord {
  /// "laptop (3f2a…)": name and fingerprint.
  package var title: String { "'\(name)' (\(fingerprint(publicKey)))" }

  fileprivate func standing(at time: Int64) -> String {
    revokedAt != nil ? "revoked" : isValid(at: time) ? "valid" : "expired"
  }

  fileprivate func refusal(needing role: KeyRole, for what: String) -> Admission.Refusal {
    let mine = roles.map { "\($0.rawValue)s" }.joined(separator: " and ")
    return Admission.Refusal(
      event: "key \(title), for \(mine), was used for \(what)",
      reason: "this join file ('\(name)') is for \(mine); \(what) needs one for \(role.rawValue)s: "
        + "ask for martlet token create --role \(role.rawValue)", isOver: false)
  }
}

extension OperatorRequest {
  /// As people call it.
  fileprivate var title: String {
    switch self {
    case .submit: "submit"
    case .cancel: "cancel"
    case .issue: "token create"
    case .keys: "keys list"
    case .revoke: "keys revoke"
    default: isForViewers ? "looking" : "this request"
    }
  }
}

/// The first 16 hexadecimal digits of a public key's SHA-256: enough to tell keys apart and to name one.
package func fingerprint(_ publicKey: [UInt8]) -> String {
  hexadecimal(Array(FileHash.of(publicKey).prefix(8)))
}
