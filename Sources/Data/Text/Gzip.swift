import CZlib

/// Reads gzip files within a bound.
package enum Gzip {
  /// A vocabulary is a few MB; what unpacks to more is none.
  package static let unpackedBytesMax = 256 << 20

  static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// Throws: `DataError` for damaged bytes and for what unpacks to more than `bytesMax`.
  package static func unpacked(
    _ bytes: [UInt8], file: String, bytesMax: Int = unpackedBytesMax
  ) throws -> [UInt8] {
    var stream = z_stream()
    // 16: a gzip header, nothing else.
    guard
      inflateInit2_(
        &stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      throw DataError(file: file, problem: "cannot be unpacked: no memory", advice: "Free some")
    }
    defer { inflateEnd(&stream) }
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var input = bytes
    var status = Z_OK
    try input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      while status == Z_OK {
        let filled = chunk.withUnsafeMutableBufferPointer { chunk in
          stream.next_out = chunk.baseAddress
          stream.avail_out = UInt32(chunk.count)
          status = inflate(&stream, Z_NO_FLUSH)
          return chunk.count - Int(stream.avail_out)
        }
        guard result.count + filled <= bytesMax else {
          throw DataError(
            file: file, problem: "unpacks to more than \(bytesMax) bytes",
            advice: "Give a smaller file")
        }
        result += chunk[..<filled]
      }
    }
    guard status == Z_STREAM_END else {
      throw DataError(
        file: file, problem: "is a damaged gzip file: its end is missing or its bytes altered",
        advice: "Copy it again")
    }
    return result
  }
}
