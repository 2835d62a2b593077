/// A printable character for each byte, so that texts of any bytes are made of letters (GPT-2's
/// table, Radford et al. 2019): printable Latin-1 stands for itself, the rest from U+0100 on.
enum ByteAlphabet {
  /// In the order of CLIP's vocabulary: the bytes that stand for themselves, then the others.
  static let bytesInOrder: [UInt8] = {
    let printable = Array(UInt8(33)...126) + Array(UInt8(161)...172) + Array(UInt8(174)...255)
    return printable + (UInt8.min...UInt8.max).filter { !printable.contains($0) }
  }()

  /// By byte.
  static let characters: [Character] = {
    var table = [Character](repeating: " ", count: 256)
    var next: UInt32 = 256
    for (place, byte) in bytesInOrder.enumerated() {
      var code = UInt32(byte)
      if place >= printableCount {
        code = next
        next += 1
      }
      table[Int(byte)] = Unicode.Scalar(code).map { Character($0) } ?? " "
    }
    return table
  }()

  static let bytes: [Character: UInt8] = Dictionary(
    uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

  private static let printableCount = 94 + 12 + 81
}
