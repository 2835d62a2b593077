import CKernels

/// The name of a random stream: what it is for, not who draws from it or when.
///
/// A key is derived step by step (seed, purpose, epoch or step, slot, view) and never from a
/// replica, worker, thread or clock. Streams have no state: draw `i` of a key is a pure function
/// (Philox4x32-10, Salmon et al. 2011), so a step that is run again draws the same numbers.
///
/// ```swift
/// let key = RandomKey(seed: 7).derived("flip").derived(step).derived(slot)
/// let flip = key.uniform(0) < 0.5
/// ```
public struct RandomKey: Hashable, Sendable {
  package let key: UInt64
  package let stream: UInt64

  public init(seed: UInt64) {
    key = Self.mix(seed ^ 0x9E37_79B9_7F4A_7C15)
    stream = Self.mix(key &+ 0xD1B5_4A32_D192_ED03)
  }

  private init(key: UInt64, stream: UInt64) {
    self.key = key
    self.stream = stream
  }

  /// The stream of one purpose, such as "dropout" or a layer's scope name.
  public func derived(_ purpose: String) -> RandomKey {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return folded(hash, salt: 0xA076_1D64_78BD_642F)
  }

  /// The stream of one number: an epoch, a step, a slot, a view.
  public func derived(_ number: Int) -> RandomKey {
    folded(UInt64(bitPattern: Int64(number)), salt: 0xE703_7ED1_A0B4_28DB)
  }

  /// Four 32-bit words, draw `index` of this stream.
  public func words(_ index: Int) -> (UInt32, UInt32, UInt32, UInt32) {
    var out: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &out) { bytes in
      if let base = bytes.bindMemory(to: UInt32.self).baseAddress {
        mk_philox(key, stream, UInt64(bitPattern: Int64(index)), base)
      }
    }
    return out
  }

  /// Draw `index`, uniform in [0, 1).
  public func uniform(_ index: Int) -> Float { Float(words(index).0 >> 8) * 0x1p-24 }

  /// Draw `index`, uniform in `range`.
  public func uniform(_ index: Int, in range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform(index)
  }

  /// Draw `index`, uniform in 0 ..< `bound` (bias below 2⁻³² · bound). Precondition: bound > 0.
  public func integer(_ index: Int, below bound: Int) -> Int {
    precondition(bound > 0, "RandomKey.integer: bound \(bound) must be positive")
    let w = words(index)
    let word = UInt64(w.0) << 32 | UInt64(w.1)
    return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }

  private func folded(_ value: UInt64, salt: UInt64) -> RandomKey {
    let a = Self.mix(key ^ Self.mix(value &+ salt))
    let b = Self.mix(stream &+ Self.mix(value ^ (salt << 1 | 1)) &+ a)
    return RandomKey(key: a, stream: b)
  }

  /// SplitMix64's finaliser.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
