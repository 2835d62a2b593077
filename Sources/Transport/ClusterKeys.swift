import Foundation

/// The keys of one cluster, made at the coordinator's first start and kept in its store.
package struct ClusterKeys: Hashable, Sendable {
  package var coordinator: KeyPair
  /// The pair of the join file that the coordinator writes itself, for operators and workers.
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
      try write(to: folder)
      return
    }
    // Mounting a volume may have widened the rights (Kubernetes' fsGroup does).
    if SafeFile.exposure(of: path) != nil, chmod(path, 0o600) != 0 {
      throw SafeFile.problem(path, "holds secret keys that others may read, and cannot be closed")
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

  /// Writes `keys.json` so that only its owner can read it.
  package func write(to folder: String) throws(TransportError) {
    let path = "\(folder)/keys.json"
    let text = Text(
      coordinatorPublic: keyText(coordinator.publicKey) ?? "",
      coordinatorSecret: keyText(coordinator.secretKey) ?? "",
      memberPublic: keyText(member.publicKey) ?? "", memberSecret: keyText(member.secretKey) ?? "")
    try SafeFile.makeFolders(above: path)
    try SafeFile.write(encodedJSON(text, path), to: path)
  }
}
