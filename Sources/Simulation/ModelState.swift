import Collectives
import Messages

typealias ExchangeCall = CallIdentifier
typealias Arrivals = Reassembly<Payload>

/// The state of a simulated model after some steps, with the digest of all that led to it.
struct ModelState: Hashable {
  /// Steps done.
  var step = 0
  var value: Float = 1
  var digest: UInt64 = 0
  /// The digest before the last step, from which this one follows.
  var previous: UInt64 = 0

  var position: Position { Position(step: UInt64(step)) }
  var digestText: String { String(digest, radix: 16) }

  /// The state after one more step with these sums over all replicas.
  func after(_ sums: [Contribution]) -> ModelState {
    var next = self
    for sum in sums {
      // Order and rounding matter, as in an optimiser: no two paths give the same bits by luck.
      next.value = next.value * 0.875 + sum.value / Float(max(1, sum.count))
    }
    next.step += 1
    next.previous = digest
    next.digest = next.recomputedDigest
    return next
  }

  /// What the digest is if the value is still the one that was committed.
  var recomputedDigest: UInt64 {
    step == 0 ? 0 : mixed(previous, UInt64(value.bitPattern), UInt64(step))
  }

  /// The same with one bit of the value turned over.
  func spoiled(bit: Int) -> ModelState {
    var other = self
    other.value = Float(bitPattern: value.bitPattern ^ 1 << UInt32(bit))
    return other
  }
}

/// What replicas add to a collective: a number that depends on their samples, and the samples.
struct Contribution: Hashable, Sendable {
  var value: Float
  var count: Int
  /// Σ of a hash of (epoch, sample), modulo 2⁶⁴: the same for the same samples in any order.
  var samples: UInt64

  @Sendable static func merged(_ a: Contribution, _ b: Contribution) -> Contribution {
    Contribution(
      value: a.value + b.value, count: a.count + b.count, samples: a.samples &+ b.samples)
  }
}

func mixed(_ words: UInt64...) -> UInt64 {
  var z: UInt64 = 0x9E37_79B9_7F4A_7C15
  for word in words {
    z = (z ^ word) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 31)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 29
  }
  return z
}
