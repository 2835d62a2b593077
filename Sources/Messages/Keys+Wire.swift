// How requests about keys and their replies stand on the wire.

internal import CMessages

extension Fields {
  fileprivate func key(_ data: ProtobufCBinaryData) throws(WireError) -> [UInt8] {
    let key = try bytes(data, "public_key", countMax: 32)
    guard key.count == 32 else { throw malformed("public_key", "\(key.count) bytes", "32") }
    return key
  }

  fileprivate func roles(_ pointer: UnsafeMutablePointer<CChar>?) throws(WireError) -> [KeyRole] {
    let text = try text(pointer, "roles", bytesMax: 64)
    let roles = text.split(separator: ",").map { KeyRole(rawValue: String($0)) }
    guard !roles.isEmpty, !roles.contains(nil) else {
      throw malformed(
        "roles", "'\(text)'",
        "some of \(KeyRole.allCases.map(\.rawValue).joined(separator: ","))")
    }
    return KeyRole.allCases.filter(roles.contains)
  }
}

private func text(_ roles: [KeyRole]) -> String {
  roles.map(\.rawValue).joined(separator: ",")
}

extension TokenRequest: WireValue {
  init(_ wire: Martlet__TokenRequest, _ fields: Fields) throws(WireError) {
    name = try fields.text(wire.name, "name", bytesMax: 64)
    roles = try fields.roles(wire.roles)
    seconds = wire.seconds == 0 ? nil : wire.seconds
    publicKey = try fields.key(wire.public_key)
  }

  func fill(_ wire: inout Martlet__TokenRequest, _ scratch: Scratch) {
    wire.name = scratch.text(name)
    wire.roles = scratch.text(text(roles))
    wire.seconds = seconds ?? 0
    wire.public_key = scratch.bytes(publicKey)
  }
}

extension KeysRequest: WireValue {
  init(_ wire: Martlet__KeysRequest, _ fields: Fields) throws(WireError) {}
  func fill(_ wire: inout Martlet__KeysRequest, _ scratch: Scratch) {}
}

extension RevokeRequest: WireValue {
  init(_ wire: Martlet__RevokeRequest, _ fields: Fields) throws(WireError) {
    key = try fields.text(wire.key, "key", bytesMax: 64)
  }

  func fill(_ wire: inout Martlet__RevokeRequest, _ scratch: Scratch) {
    wire.key = scratch.text(key)
  }
}

extension KeyRecord: WireValue {
  init(_ wire: Martlet__KeyRecord, _ fields: Fields) throws(WireError) {
    func time(_ seconds: Int64) -> Int64? { seconds == 0 ? nil : seconds }
    name = try fields.text(wire.name, "name", bytesMax: 64)
    publicKey = try fields.key(wire.public_key)
    roles = try fields.roles(wire.roles)
    createdAt = wire.created_at
    expiresAt = time(wire.expires_at)
    lastSeenAt = time(wire.last_seen_at)
    revokedAt = time(wire.revoked_at)
  }

  func fill(_ wire: inout Martlet__KeyRecord, _ scratch: Scratch) {
    wire.name = scratch.text(name)
    wire.public_key = scratch.bytes(publicKey)
    wire.roles = scratch.text(text(roles))
    wire.created_at = createdAt
    wire.expires_at = expiresAt ?? 0
    wire.last_seen_at = lastSeenAt ?? 0
    wire.revoked_at = revokedAt ?? 0
  }
}

extension TokenIssued: WireValue {
  init(_ wire: Martlet__TokenIssued, _ fields: Fields) throws(WireError) {
    key = try fields.required(wire.key, "key", of: KeyRecord.self)
  }

  func fill(_ wire: inout Martlet__TokenIssued, _ scratch: Scratch) {
    wire.key = scratch.one(key)
  }
}

extension Keys: WireValue {
  init(_ wire: Martlet__Keys, _ fields: Fields) throws(WireError) {
    keys = try fields.list(wire.n_keys, wire.keys, "keys", of: KeyRecord.self)
  }

  func fill(_ wire: inout Martlet__Keys, _ scratch: Scratch) {
    wire.n_keys = keys.count
    wire.keys = scratch.list(keys)
  }
}
