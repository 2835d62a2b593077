import CSodium
import Glibc

/// SHA-256, fed piece by piece.
package struct FileHash {
  private var state = crypto_hash_sha256_state()

  package init() { crypto_hash_sha256_init(&state) }

  package mutating func add(_ bytes: some Collection<UInt8>) {
    let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { bytes in
      _ = crypto_hash_sha256_update(&state, bytes.baseAddress, UInt64(bytes.count))
    }
    if isContiguous == nil {
      let copy = Array(bytes)
      crypto_hash_sha256_update(&state, copy, UInt64(copy.count))
    }
  }

  /// 32 bytes; nothing can be added after it.
  package mutating func finish() -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: 32)
    crypto_hash_sha256_final(&state, &hash)
    return hash
  }

  /// The 32 bytes of what is in memory.
  package static func of(_ bytes: [UInt8]) -> [UInt8] {
    var hash = FileHash()
    hash.add(bytes)
    return hash.finish()
  }

  /// The size and hash of a file's first `countMax` bytes.
  package static func of(
    _ path: String, countMax: UInt64 = .max
  ) throws(TransportError) -> (size: UInt64, sha256: [UInt8]) {
    var state = try resumable(path, countMax: countMax)
    return (state.size, state.hash.finish())
  }

  static func resumable(
    _ path: String, countMax: UInt64 = .max
  ) throws(TransportError) -> (size: UInt64, hash: FileHash) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw SafeFile.problem(path, "cannot be read") }
    defer { close(file) }
    var hash = FileHash()
    var size: UInt64 = 0
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while size < countMax {
      let count = read(file, &piece, Int(min(UInt64(piece.count), countMax - size)))
      guard count >= 0 else { throw SafeFile.problem(path, "cannot be read") }
      if count == 0 { break }
      hash.add(piece[..<count])
      size += UInt64(count)
    }
    return (size, hash)
  }
}

package func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
  }.joined()
}
