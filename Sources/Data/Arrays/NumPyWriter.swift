import Tensors

/// Arrays as NumPy's `.npy` has them, version 1, rows first.
public enum NumPyWriter {
  /// float32 of the tensor's shape.
  public static func bytes(of tensor: Tensor) -> [UInt8] {
    file(type: "<f4", shape: tensor.shape, tensor.elements.flatMap { littleEndian($0.bitPattern) })
  }

  /// int32, one axis.
  public static func bytes(of numbers: [Int32]) -> [UInt8] {
    file(
      type: "<i4", shape: [numbers.count],
      numbers.flatMap { littleEndian(UInt32(bitPattern: $0)) })
  }

  private static func littleEndian(_ word: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> $0) }
  }

  private static func file(type: String, shape: [Int], _ elements: [UInt8]) -> [UInt8] {
    let axes = shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }"
    // Magic, version and the header's length take ten bytes; elements begin at a multiple of 64.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let length = UInt16(header.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
      + Array(header.utf8) + elements
  }
}
