import Foundation
import Messages
import Transport

/// The keys of a cluster: those on record, those admitted, and the pair of the coordinator's own join
/// file. Belongs to the deciding thread; `admission` to everybody.
final class KeyRegistry {
  let admission: Admission
  private let store: Store
  /// Nil in a cluster without keys.
  private var own: ClusterKeys?
  /// The join file as it was last written.
  private var joinFile: (file: JoinFile, path: String)?
  private var lastKept = ContinuousClock.now

  private static var namePattern: Regex<Substring> { /[A-Za-z0-9][A-Za-z0-9._-]{0,63}/ }
  private static let keysMax = 1_000
  /// When a key was last seen is on record to the minute.
  private static let keepingInterval = Duration.seconds(60)

  /// Reads the keys, or makes the first ones.
  ///
  /// Throws: `TransportError`, or what the store says.
  init(_ store: Store, isInsecure: Bool) throws {
    self.store = store
    guard !isInsecure else {
      admission = .everybody
      return
    }
    let own = try ClusterKeys(keptIn: store.path)
    self.own = own
    admission = Admission(try store.keys())
    if let mine = record(of: own.member.publicKey) {
      // Stopped between revoking and replacing it.
      if mine.revokedAt != nil { try replaceOwn() }
    } else {
      try put(Self.first(own.member))
    }
  }

  var serverSecurity: ServerSecurity { own?.serverSecurity ?? .insecure }

  /// What the exchange of each generation is sealed with.
  var generationKeys: GenerationKeys? {
    own.map { GenerationKeys(secret: $0.coordinator.secretKey) }
  }

  /// Writes the join file of this coordinator's own key, and again when that key is replaced.
  ///
  /// Throws: `TransportError.badFile`.
  func writeJoinFile(
    control: String, bulk: String, relay: String, to path: String
  ) throws(TransportError) -> JoinFile {
    var file = JoinFile(
      control: control, bulk: bulk, relay: relay, security: own?.clientSecurity ?? .insecure)
    if let own, let record = record(of: own.member.publicKey) {
      (file.name, file.roles) = (record.name, record.roles)
    }
    try file.write(to: path)
    joinFile = (file, path)
    return file
  }

  /// Answers what operators ask about keys, with the event to tell of.
  func answer(_ request: OperatorRequest) -> (OperatorReply, ClusterEvent?) {
    do {
      switch request {
      case .issue(let token):
        let key = try issue(token)
        let roles = key.roles.map(\.rawValue).joined(separator: ", ")
        return (.issued(key), ClusterEvent(.keyIssued, "\(key.title): \(roles)"))
      case .revoke(let name):
        let (key, replacement) = try revoke(name)
        return (
          .keys([key]),
          ClusterEvent(
            .keyRevoked, key.title + (replacement.map { "; a new one is in \($0)" } ?? ""))
        )
      default: return (.keys(try list()), nil)
      }
    } catch let failure as Failure {
      return (.failure(failure), nil)
    } catch { return (.failure(Failure(reason: "\(error)")), nil) }
  }

  /// Puts a key on the list.
  private func issue(_ request: TokenRequest) throws -> KeyRecord {
    try needKeys()
    guard request.name.wholeMatch(of: Self.namePattern) != nil else {
      throw Failure(
        reason: "'\(request.name)' is no name for a key",
        advice: "use up to 64 letters, digits, dots, underscores and hyphens")
    }
    guard !request.roles.isEmpty else { throw Failure(reason: "a key needs a role") }
    let keys = admission.keys
    guard !keys.contains(where: { $0.publicKey == request.publicKey }) else {
      throw Failure(reason: "this key is on the list already")
    }
    guard !keys.contains(where: { $0.name == request.name && $0.isValid(at: now) }) else {
      throw Failure(
        reason: "there is a valid key named '\(request.name)'",
        advice: "choose another --name, or revoke that one first")
    }
    if keys.count >= Self.keysMax {
      guard let dead = keys.first(where: { !$0.isValid(at: now) }) else {
        throw Failure(
          reason: "there are \(keys.count) valid keys, as many as can be",
          advice: "revoke some with martlet keys revoke")
      }
      try store.forget(dead)
      admission.forget(dead)
    }
    // A hundred years are for ever, and no sum of seconds overflows.
    let lifetime = request.seconds.map { Int64(min($0, 3_155_760_000)) }
    let key = KeyRecord(
      name: request.name, publicKey: request.publicKey, roles: Set(request.roles), createdAt: now,
      expiresAt: lifetime.map { now + $0 })
    try put(key)
    return key
  }

  private func list() throws -> [KeyRecord] {
    try needKeys()
    return admission.keys
  }

  /// Refuses a key from now on. The coordinator's own is replaced, so that there is always a join
  /// file by which somebody may operate.
  ///
  /// `key`: A name or a fingerprint.
  ///
  /// Returns: The key, and the path of the new join file if it was the coordinator's own.
  private func revoke(_ key: String) throws -> (KeyRecord, replacement: String?) {
    try needKeys()
    let named = admission.keys.filter { $0.name == key || fingerprint($0.publicKey) == key }
    guard !named.isEmpty else {
      throw Failure(
        reason: "there is no key '\(key)'", advice: "martlet keys list shows those there are")
    }
    guard var revoked = named.first(where: { $0.revokedAt == nil }) else {
      throw Failure(reason: "the key '\(key)' is revoked already")
    }
    // Of several with one name all but one are over; that one is meant.
    if let valid = named.first(where: { $0.isValid(at: now) }) { revoked = valid }
    revoked.revokedAt = now
    try put(revoked)
    guard revoked.publicKey == own?.member.publicKey, let (file, path) = joinFile else {
      return (revoked, nil)
    }
    try replaceOwn()
    _ = try writeJoinFile(control: file.control, bulk: file.bulk, relay: file.relay, to: path)
    return (revoked, path)
  }

  /// Keeps now and then when each key was last seen.
  func keepUp() throws {
    guard own != nil, ContinuousClock.now - lastKept > Self.keepingInterval else { return }
    try keepSeen()
  }

  /// Makes durable when each key was last seen.
  func keepSeen() throws {
    lastKept = .now
    let kept = Dictionary(uniqueKeysWithValues: try store.keys().map { ($0.publicKey, $0) })
    for key in admission.keys where kept[key.publicKey] != key { try store.keep(key) }
  }

  private var now: Int64 { Int64(Date().timeIntervalSince1970) }

  private func needKeys() throws {
    guard own == nil else { return }
    throw Failure(
      reason: "this coordinator was started with --insecure and asks nobody for a key",
      advice: "start it without --insecure")
  }

  private func record(of publicKey: [UInt8]) -> KeyRecord? {
    admission.keys.first { $0.publicKey == publicKey }
  }

  private func put(_ key: KeyRecord) throws {
    try store.keep(key)
    admission.know(key)
  }

  private func replaceOwn() throws {
    guard var keys = own else { return }
    keys.member = try .generate()
    try put(Self.first(keys.member))
    try keys.write(to: store.path)
    own = keys
  }

  private static func first(_ pair: KeyPair) -> KeyRecord {
    KeyRecord(
      name: "first", publicKey: pair.publicKey, roles: [.operator, .worker],
      createdAt: Int64(Date().timeIntervalSince1970))
  }
}
