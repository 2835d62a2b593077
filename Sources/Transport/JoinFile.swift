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
  /// What the coordinator knew of the key when the file was made, for people; it decides itself.
  package var name = ""
  package var roles: [KeyRole] = []
  /// Seconds since 1970; nil for never.
  package var expiresAt: Int64?

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
    var name: String?
    var roles: [String]?
    var expiresAt: Int64?
  }

  /// Writes the file so that only its owner can read it: it holds a secret key.
  package func write(to path: String) throws(TransportError) {
    var text = Text()
    text.note = "martlet join file; keep it secret. martlet COMMAND --join FILE"
    text.protocol = protocolVersion
    text.control = control
    text.bulk = bulk
    text.relay = relay
    text.name = name.isEmpty ? nil : name
    text.roles = roles.isEmpty ? nil : roles.map(\.rawValue)
    text.expiresAt = expiresAt
    if case .curve(let own, let serverKey) = security {
      text.coordinatorKey = keyText(serverKey)
      text.publicKey = keyText(own.publicKey)
      text.secretKey = keyText(own.secretKey)
    }
    try SafeFile.write(encodedJSON(text, path), to: path)
  }

  /// Throws: `TransportError.badFile` naming the entry, also if others may read the secret in it;
  /// `.protocolMismatch`.
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
    name = text.name ?? ""
    roles = (text.roles ?? []).compactMap(KeyRole.init)
    expiresAt = text.expiresAt
    if text.coordinatorKey == nil && text.publicKey == nil && text.secretKey == nil {
      security = .insecure
    } else {
      security = .curve(
        own: KeyPair(
          publicKey: try key(text.publicKey, "publicKey"),
          secretKey: try key(text.secretKey, "secretKey")),
        serverKey: try key(text.coordinatorKey, "coordinatorKey"))
      if let exposure = SafeFile.exposure(of: path) {
        throw .badFile(path: path, reason: exposure)
      }
    }
  }
}

extension JoinFile {
  /// A refusal in the words of this file: a coordinator tells strangers nothing, but the file knows
  /// when it expires.
  package func explain(_ error: TransportError) -> TransportError {
    guard case .notAdmitted(let address, _) = error, let expiresAt, expiresAt <= Int64(time(nil))
    else { return error }
    let date = Date(timeIntervalSince1970: TimeInterval(expiresAt)).formatted(.iso8601)
    return .notAdmitted(
      address: address,
      reason: "this join file\(name.isEmpty ? "" : " ('\(name)')") expired \(date)")
  }
}

func encodedJSON(_ value: some Encodable, _ path: String) throws(TransportError) -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  do {
    return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
  } catch {
    throw .badFile(path: path, reason: "cannot be encoded: \(error)")
  }
}

func decodedJSON<Value: Decodable>(
  _ bytes: [UInt8], _ path: String, _ what: String
) throws(TransportError) -> Value {
  do {
    return try JSONDecoder().decode(Value.self, from: Data(bytes))
  } catch {
    throw .badFile(path: path, reason: "is not \(what): it must be JSON with its entries")
  }
}
