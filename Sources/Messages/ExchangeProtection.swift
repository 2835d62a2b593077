/// How the members of a generation protect the frames that they send to other hosts; the
/// coordinator decides, for all alike. Frames within a host stay on Unix sockets and need none.
package enum ExchangeProtection: Hashable, Sendable {
  /// Readable on the way, and altered unnoticed: for networks one trusts.
  case plain
  /// Encrypted and authenticated; the key has 32 bytes and is this generation's alone.
  case sealed(ExchangeCipher, key: [UInt8])
}

/// An authenticated encryption; raw values are what stands in messages.
package enum ExchangeCipher: String, CaseIterable, Hashable, Sendable {
  case aes256GCM = "aes-256-gcm"
  /// Where a member's processor has no AES instructions.
  case chaCha20Poly1305 = "chacha20-poly1305"
}
