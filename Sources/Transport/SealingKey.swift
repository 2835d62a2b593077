import CSodium
import Messages

/// The key of one direction between two processes in one generation.
///
/// Derived with BLAKE2b from the generation's key, the numbers of job and generation and both
/// incarnations: no two directions and no two starts of a process share one.
final class SealingKey: @unchecked Sendable {  // immutable after init
  static let tagBytes = 16

  /// Head and piece of a message have the same counter and different nonces.
  enum Part: UInt32 {
    case head, piece
  }

  private let cipher: ExchangeCipher
  private let key: [UInt8]
  /// AES: the expanded key, aligned as its instructions want.
  private let schedule: UnsafeMutablePointer<crypto_aead_aes256gcm_state>?

  init(
    cipher: ExchangeCipher, generationKey: [UInt8], job: JobID, generation: Generation,
    sender: Incarnation, receiver: Incarnation
  ) {
    precondition(generationKey.count == 32, "SealingKey: \(generationKey.count) bytes")
    var words = Array("martlet exchange \(cipher.rawValue)".utf8)
    for word in [job.number, generation.number, sender.number, receiver.number] {
      withUnsafeBytes(of: word.littleEndian) { words += $0 }
    }
    var key = [UInt8](repeating: 0, count: 32)
    crypto_generichash(&key, 32, words, UInt64(words.count), generationKey, 32)
    (self.cipher, self.key) = (cipher, key)
    guard cipher == .aes256GCM else {
      schedule = nil
      return
    }
    precondition(ExchangeCipher.hasAES, "SealingKey: this processor has no AES instructions")
    let schedule = UnsafeMutableRawPointer.allocate(
      byteCount: crypto_aead_aes256gcm_statebytes(), alignment: 64
    ).bindMemory(to: crypto_aead_aes256gcm_state.self, capacity: 1)
    crypto_aead_aes256gcm_beforenm(schedule, key)
    self.schedule = schedule
  }

  deinit {
    if let schedule {
      sodium_memzero(schedule, crypto_aead_aes256gcm_statebytes())
      UnsafeMutableRawPointer(schedule).deallocate()
    }
  }

  /// Encrypts `text` into `result`, which may be where `text` lies. `additional` is authenticated.
  func seal(
    _ text: UnsafeRawBufferPointer, into result: UnsafeMutableRawPointer?,
    tag: UnsafeMutableRawBufferPointer, counter: UInt64, part: Part,
    with additional: UnsafeRawBufferPointer
  ) {
    let nonce = Self.nonce(counter, part)
    let (from, into) = (Self.address(text), result.map(Self.address) ?? Self.nothing)
    let (with, tag) = (Self.address(additional), Self.address(UnsafeRawBufferPointer(tag)))
    let (count, withCount) = (UInt64(text.count), UInt64(additional.count))
    if let schedule {
      crypto_aead_aes256gcm_encrypt_detached_afternm(
        into, tag, nil, from, count, with, withCount, nil, nonce, schedule)
    } else {
      crypto_aead_chacha20poly1305_ietf_encrypt_detached(
        into, tag, nil, from, count, with, withCount, nil, nonce, key)
    }
  }

  /// Decrypts `text` where it lies; false, with undefined content, if it is not what was sealed.
  func open(
    _ text: UnsafeMutableRawBufferPointer, tag: UnsafeRawBufferPointer, counter: UInt64,
    part: Part, with additional: UnsafeRawBufferPointer
  ) -> Bool {
    let nonce = Self.nonce(counter, part)
    let bytes = Self.address(UnsafeRawBufferPointer(text))
    let (with, tag) = (Self.address(additional), Self.address(tag))
    let (count, withCount) = (UInt64(text.count), UInt64(additional.count))
    if let schedule {
      return crypto_aead_aes256gcm_decrypt_detached_afternm(
        bytes, nil, bytes, count, tag, with, withCount, nonce, schedule) == 0
    }
    return crypto_aead_chacha20poly1305_ietf_decrypt_detached(
      bytes, nil, bytes, count, tag, with, withCount, nonce, key) == 0
  }

  /// 96 bits: which part, then the counter.
  private static func nonce(_ counter: UInt64, _ part: Part) -> [UInt8] {
    var nonce: [UInt8] = []
    nonce.reserveCapacity(12)
    withUnsafeBytes(of: part.rawValue.littleEndian) { nonce += $0 }
    withUnsafeBytes(of: counter.littleEndian) { nonce += $0 }
    return nonce
  }

  /// libsodium wants an address, also of no bytes.
  private nonisolated(unsafe) static let nothing = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)

  private static func address(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt8> {
    pointer.assumingMemoryBound(to: UInt8.self)
  }

  private static func address(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8> {
    bytes.baseAddress.map { address(UnsafeMutableRawPointer(mutating: $0)) } ?? nothing
  }
}

extension ExchangeCipher {
  /// Whether this processor can do AES-256-GCM; without its instructions libsodium has none.
  package static let hasAES = sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1

  /// What all members of a generation can do.
  package init(haveAES: Bool) { self = haveAES ? .aes256GCM : .chaCha20Poly1305 }
}

/// Makes the key of each generation out of the coordinator's secret key.
///
/// Nothing of it needs to be stored: a coordinator that was restarted and prepares a generation
/// again hands out the same key. Generation numbers never come twice.
package struct GenerationKeys: Sendable {
  private let secret: [UInt8]

  /// Precondition: 32 bytes.
  package init(secret: [UInt8]) {
    precondition(secret.count == 32, "GenerationKeys: \(secret.count) bytes")
    self.secret = secret
  }

  /// 32 bytes.
  package func key(of job: JobID, _ generation: Generation) -> [UInt8] {
    var words = Array("martlet generation key".utf8)
    for word in [job.number, generation.number] {
      withUnsafeBytes(of: word.littleEndian) { words += $0 }
    }
    var key = [UInt8](repeating: 0, count: 32)
    crypto_generichash(&key, 32, words, UInt64(words.count), secret, 32)
    return key
  }
}
