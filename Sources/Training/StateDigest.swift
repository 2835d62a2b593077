import CXXHash
import Layers

/// 128 bits of XXH3; as text 32 hexadecimal digits.
package struct Hash128: Sendable, Hashable, Codable, CustomStringConvertible {
  package let high: UInt64
  package let low: UInt64

  package static let zero = Hash128(high: 0, low: 0)

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  fileprivate init(of bytes: UnsafeRawBufferPointer) {
    let hash = XXH3_128bits_fastest(bytes.baseAddress, bytes.count)
    self.init(high: hash.high64, low: hash.low64)
  }

  package init?(_ text: String) {
    guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
      let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let hash = Hash128(text) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "'\(text.prefix(40))' is no digest of 32 hexadecimal digits"))
    }
    self = hash
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  package var description: String {
    [high, low].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// The digest of a commit: it follows from the commit before it, from what was committed, and from
/// nothing else, so two workers with the same one have the same state and came there the same way.
package struct StateDigest: Sendable, Equatable, Codable {
  /// The value of the commit before; zero for the first.
  package let previous: Hash128
  /// Of the arena's block hashes.
  package let state: Hash128
  package let value: Hash128

  /// `progress`: What was committed beside the state; its own digest does not count.
  init(after previous: Hash128, _ progress: Progress, state: Hash128) {
    self.previous = previous
    self.state = state
    var words = [previous.high, previous.low, state.high, state.low]
    progress.add(to: &words)
    value = words.withUnsafeBytes { Hash128(of: $0) }
  }
}

extension Progress {
  /// All but the digest, as words in a fixed order.
  fileprivate func add(to words: inout [UInt64]) {
    func put(_ number: Int) { words.append(UInt64(bitPattern: Int64(number))) }
    func put(_ text: String) {
      let bytes = Array(text.utf8)
      put(bytes.count)
      words.append(bytes.withUnsafeBytes { Hash128(of: $0) }.low)
    }
    for number in [stage, step, passes, skippedSamples, scores.count] { put(number) }
    if let best {
      put(best.name)
      words.append(best.value.bitPattern)
      put(best.step)
    }
    for split in scores {
      put(split.split)
      put(split.step)
      put(split.scores.count)
      for score in split.scores {
        put(score.name)
        words.append(score.value.bitPattern)
      }
    }
  }
}

/// The hashes of an arena's blocks; only those that may have changed are made anew.
final class BlockHashes {
  private let arena: Arena
  private var hashes: [Hash128] = []

  init(_ arena: Arena) { self.arena = arena }

  /// The hash of all blocks' hashes, in order.
  func combined() -> Hash128 {
    let bytes = UnsafeRawBufferPointer(arena.bytes)
    let size = Arena.blockFloats * 4
    if hashes.isEmpty {
      hashes = Array(repeating: .zero, count: (bytes.count + size - 1) / size)
    }
    for block in arena.takeChangedBlocks() {
      let range = block * size..<min(bytes.count, (block + 1) * size)
      hashes[block] = Hash128(of: UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
    let words = hashes.flatMap { [$0.high, $0.low] }
    return words.withUnsafeBytes { Hash128(of: $0) }
  }
}
