import CSodium

/// SHA-256, fed piece by piece.
public struct SHA256 {
  private var state = crypto_hash_sha256_state()

  public init() {
    precondition(sodium_init() >= 0, "SHA256: libsodium did not start")
    crypto_hash_sha256_init(&state)
  }

  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    crypto_hash_sha256_update(
      &state, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
  }

  public mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

  /// In lower-case hexadecimal; nothing can be added after it.
  public mutating func hexadecimal() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    crypto_hash_sha256_final(&state, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
