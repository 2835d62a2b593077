import Messages
import Transport

/// How workers protect what they send to other hosts (`--exchange-protection`).
package enum ProtectionMode: String, Sendable, CaseIterable {
  /// Encrypted and authenticated, with a key for each generation.
  case sealed
  /// Neither, for networks one trusts.
  case plain
}

/// Says how the members of each generation protect their frames.
struct GenerationProtections: Sendable {
  private let keys: GenerationKeys?

  /// Without keys, in an insecure cluster, nothing is sealed: the key would travel in the open.
  init(_ mode: ProtectionMode, keys: GenerationKeys?) {
    self.keys = mode == .sealed ? keys : nil
  }

  /// A message of the machine with what the machine does not know.
  func completed(_ message: CoordinatorMessage) -> CoordinatorMessage {
    guard let keys, case .prepare(var prepare) = message else { return message }
    let haveAES = prepare.members.allSatisfy(\.exchange.hasAES)
    prepare.protection = .sealed(
      ExchangeCipher(haveAES: haveAES), key: keys.key(of: prepare.job, prepare.generation))
    return .prepare(prepare)
  }
}
