import CZlib

/// Unpacks what DEFLATE has packed, within a bound.
enum Inflate {
  /// What stands around the packed bytes.
  enum Wrapping: Sendable {
    case gzip, zlib, none

    fileprivate var windowBits: Int32 {
      switch self {
      case .gzip: 16 + MAX_WBITS
      case .zlib: MAX_WBITS
      case .none: -MAX_WBITS
      }
    }
  }

  /// All of it; `expected`, where somebody declares a size, only saves copies.
  ///
  /// Throws: `DataError` for damaged bytes and for what unpacks to more than `bytesMax`.
  static func unpacked(
    _ bytes: ArraySlice<UInt8>, _ wrapping: Wrapping, file: String, bytesMax: Int,
    expected: Int = 0
  ) throws -> [UInt8] {
    let (result, isWhole) = try run(bytes, wrapping, file: file, limit: bytesMax, expected)
    guard isWhole else {
      throw DataError(
        file: file, problem: "unpacks to more than \(bytesMax) bytes",
        advice: "Give a smaller file")
    }
    return result
  }

  /// The first bytes, `count` of them where there are as many.
  ///
  /// Throws: `DataError` for damaged bytes.
  static func prefix(
    _ bytes: ArraySlice<UInt8>, _ wrapping: Wrapping, file: String, count: Int
  ) throws -> [UInt8] {
    try run(bytes, wrapping, file: file, limit: count, count).bytes
  }

  private static func run(
    _ bytes: ArraySlice<UInt8>, _ wrapping: Wrapping, file: String, limit: Int, _ expected: Int
  ) throws -> (bytes: [UInt8], isWhole: Bool) {
    var stream = z_stream()
    guard
      inflateInit2_(
        &stream, wrapping.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      throw DataError(file: file, problem: "cannot be unpacked: no memory", advice: "Free some")
    }
    defer { inflateEnd(&stream) }
    var result: [UInt8] = []
    // What is declared is believed as far as DEFLATE can pack at best.
    result.reserveCapacity(min(expected, limit, bytes.count * 1_032 + 64))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var input = Array(bytes)
    var status = Z_OK
    var isWhole = true
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(clamping: input.count)
      while status == Z_OK && isWhole {
        let filled = chunk.withUnsafeMutableBufferPointer { chunk in
          stream.next_out = chunk.baseAddress
          stream.avail_out = UInt32(chunk.count)
          status = inflate(&stream, Z_NO_FLUSH)
          return chunk.count - Int(stream.avail_out)
        }
        isWhole = result.count + filled <= limit
        result += chunk[..<min(filled, limit - result.count)]
      }
    }
    guard status == Z_STREAM_END || !isWhole else {
      throw DataError(
        file: file, problem: "is damaged: the end of packed bytes is missing, or they were altered",
        advice: "Copy it again")
    }
    return (result, isWhole)
  }
}
