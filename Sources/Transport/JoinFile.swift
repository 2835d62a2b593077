import Foundation
import Messages

/// What a process needs to join a cluster, as the coordinator writes it for people to copy.
package struct JoinFile: Hashable, Sendable {
  /// ZeroMQ addresses other hosts can reach.
  package var control: String
  package var bulk: String
  /// Where exchange frames are relayed; empty if the coordinator does not.
  package var relay: String
  package var security: ClientSecurity

  package init(control: String, bulk: String, relay: String, security: ClientSecurity) {
    self.control = control
    self.bulk = bulk
    self.relay = relay
    self.security = security
  }

  private struct Text: Codable {
    var note: String?
    var `protocol`: UInt32?
    var control: String?
    var bulk: String?
    var relay: String?
    var coordinatorKey: String?
    var publicKey: String?
    var secretKey: String?
  }

  /// Writes the file so that only its owner can read it: it holds a secret key.
  package func write(to path: String) throws(TransportError) {
    var text = Text()
    text.note = "martlet join file; keep it secret. martlet worker --join FILE"
    text.protocol = protocolVersion
    text.control = control
    text.bulk = bulk
    text.relay = relay
    if case .curve(let own, let serverKey) = security {
      text.coordinatorKey = keyText(serverKey)
      text.publicKey = keyText(own.publicKey)
      text.secretKey = keyText(own.secretKey)
    }
    try SafeFile.write(encodedJSON(text, path), to: path)
  }

  /// Throws: `TransportError.badFile` naming the entry, or `.protocolMismatch`.
  package init(contentsOf path: String) throws(TransportError) {
    let bytes = try SafeFile.read(path, bytesMax: 64 * 1024)
    let text: Text = try decodedJSON(bytes, path, "a martlet join file")
    guard let version = text.protocol else {
      throw .badFile(path: path, reason: "has no 'protocol'; is it a martlet join file?")
    }
    guard version == protocolVersion else {
      throw .protocolMismatch(ours: protocolVersion, theirs: version)
    }
    func address(_ value: String?, _ name: String) throws(TransportError) -> String {
      guard let value, value.hasPrefix("tcp://") || value.hasPrefix("ipc://"), value.count > 6
      else {
        throw .badFile(
          path: path,
          reason: "'\(name)' is \(value.map { "'\($0)'" } ?? "absent"), expected tcp://…")
      }
      return value
    }
    func key(_ value: String?, _ name: String) throws(TransportError) -> [UInt8] {
      guard let key = value.flatMap(keyBytes) else {
        throw .badFile(
          path: path, reason: "'\(name)' is no key of 40 letters; copy the whole file again")
      }
      return key
    }
    control = try address(text.control, "control")
    bulk = try address(text.bulk, "bulk")
    relay = text.relay ?? ""
    if text.coordinatorKey == nil && text.publicKey == nil && text.secretKey == nil {
      security = .insecure
    } else {
      security = .curve(
        own: KeyPair(
          publicKey: try key(text.publicKey, "publicKey"),
          secretKey: try key(text.secretKey, "secretKey")),
        serverKey: try key(text.coordinatorKey, "coordinatorKey"))
    }
  }
}

/// The keys of one cluster, made at the coordinator's first start and kept in its store.
package struct ClusterKeys: Hashable, Sendable {
  package var coordinator: KeyPair
  /// Whoever holds this pair may join; it goes into the join file.
  package var member: KeyPair

  package var serverSecurity: ServerSecurity { .curve(coordinator) }
  package var clientSecurity: ClientSecurity {
    .curve(own: member, serverKey: coordinator.publicKey)
  }

  private struct Text: Codable {
    var coordinatorPublic: String
    var coordinatorSecret: String
    var memberPublic: String
    var memberSecret: String
  }

  /// Reads `keys.json` of the folder, or makes and writes it.
  package init(keptIn folder: String) throws(TransportError) {
    let path = "\(folder)/keys.json"
    guard access(path, F_OK) == 0 else {
      coordinator = try .generate()
      member = try .generate()
      let text = Text(
        coordinatorPublic: keyText(coordinator.publicKey) ?? "",
        coordinatorSecret: keyText(coordinator.secretKey) ?? "",
        memberPublic: keyText(member.publicKey) ?? "", memberSecret: keyText(member.secretKey) ?? ""
      )
      try SafeFile.makeFolders(above: path)
      try SafeFile.write(encodedJSON(text, path), to: path)
      return
    }
    guard ZeroMQContext.hasCurve else { throw .curveUnavailable }
    let text: Text = try decodedJSON(
      SafeFile.read(path, bytesMax: 64 * 1024), path, "a martlet key file")
    func pair(_ publicText: String, _ secretText: String) throws(TransportError) -> KeyPair {
      guard let publicKey = keyBytes(publicText), let secretKey = keyBytes(secretText) else {
        throw .badFile(
          path: path,
          reason: "holds a damaged key; remove it to make new ones, then copy join files")
      }
      return KeyPair(publicKey: publicKey, secretKey: secretKey)
    }
    coordinator = try pair(text.coordinatorPublic, text.coordinatorSecret)
    member = try pair(text.memberPublic, text.memberSecret)
  }
}

private func encodedJSON(_ value: some Encodable, _ path: String) throws(TransportError) -> [UInt8]
{
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  do {
    return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
  } catch {
    throw .badFile(path: path, reason: "cannot be encoded: \(error)")
  }
}

private func decodedJSON<Value: Decodable>(
  _ bytes: [UInt8], _ path: String, _ what: String
) throws(TransportError) -> Value {
  do {
    return try JSONDecoder().decode(Value.self, from: Data(bytes))
  } catch {
    throw .badFile(path: path, reason: "is not \(what): it must be JSON with its entries")
  }
}
