/// Reads gzip files within a bound.
package enum Gzip {
  /// A vocabulary is a few MB; what unpacks to more is none.
  package static let unpackedBytesMax = 64 << 20

  static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// Throws: `DataError` for damaged bytes and for what unpacks to more than `bytesMax`.
  package static func unpacked(
    _ bytes: [UInt8], file: String, bytesMax: Int = unpackedBytesMax
  ) throws -> [UInt8] {
    try Inflate.unpacked(bytes[...], .gzip, file: file, bytesMax: bytesMax)
  }
}
