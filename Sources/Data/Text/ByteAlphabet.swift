/// The printable character that stands for each byte in the symbols of byte-level encodings
/// (Radford et al. 2019): printable ones for themselves, the others from U+0100 on.
package enum ByteAlphabet {
  /// By byte.
  package static let characters: [Unicode.Scalar] = {
    var result = [Unicode.Scalar](repeating: " ", count: 256)
    var next: UInt32 = 0x100
    for byte in UInt8.min...UInt8.max {
      if isPrintable(byte) {
        result[Int(byte)] = Unicode.Scalar(byte)
      } else {
        result[Int(byte)] = Unicode.Scalar(next) ?? " "
        next += 1
      }
    }
    return result
  }()

  /// By character.
  package static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

  /// In the order in which CLIP numbers them: those that stand for themselves, then the others.
  package static let bytesInOrder: [UInt8] =
    (UInt8.min...UInt8.max).filter(isPrintable)
    + (UInt8.min...UInt8.max).filter { !isPrintable($0) }

  private static func isPrintable(_ byte: UInt8) -> Bool {
    switch byte {
    case 33...126, 161...172, 174...255: true
    default: false
    }
  }
}
