import CSodium
import Glibc

/// SHA-256, the name of finished files.
public enum Digest {
  /// Of a file, in lower-case hexadecimal; read in pieces. Throws `FileError`.
  public static func sha256(file path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path, "open") }
    defer { close(descriptor) }
    var state = begun()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(path, "read") }
      if count == 0 { return finished(&state) }
      crypto_hash_sha256_update(&state, buffer, UInt64(count))
    }
  }

  /// Of bytes in memory, in lower-case hexadecimal.
  public static func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
    var state = begun()
    crypto_hash_sha256_update(
      &state, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
    return finished(&state)
  }

  /// Of bytes in memory, in lower-case hexadecimal.
  public static func sha256(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { sha256($0) } }

  private static func begun() -> crypto_hash_sha256_state {
    precondition(sodium_init() >= 0, "Digest: libsodium did not start")
    var state = crypto_hash_sha256_state()
    crypto_hash_sha256_init(&state)
    return state
  }

  private static func finished(_ state: inout crypto_hash_sha256_state) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    crypto_hash_sha256_final(&state, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
