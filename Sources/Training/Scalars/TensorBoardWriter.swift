import Data
import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#endif

/// Writes scalars as a TensorBoard event file.
///
/// Record: length (u64), masked CRC-32C of it, an `Event` message, masked CRC-32C of that; numbers
/// little-endian. The few protobuf fields are written by hand: `Event` {1: wall time double, 2: step
/// varint, 3: file version, 5: Summary {1: Value {1: tag, 2: float}}}.
package final class TensorBoardWriter {
  private let handle: UnsafeMutablePointer<FILE>
  private let path: String

  /// Creates `folder/events.out.tfevents.<name>` or appends to it.
  ///
  /// Throws: `TrainingError.write`.
  package init(folder: String, name: String) throws {
    path = "\(folder)/events.out.tfevents.\(name)"
    let isNew = !Files.isFile(path)
    guard let handle = fopen(path, "ab") else {
      throw TrainingError.write(path: path, problem: String(cString: strerror(errno)))
    }
    self.handle = handle
    if isNew { try record(field(3, Array("brain.Event:2".utf8))) }
  }

  deinit { fclose(handle) }

  package func add(_ scalars: [(tag: String, value: Double)], step: Int, time: Double) throws {
    let values = scalars.flatMap { scalar -> [UInt8] in
      let value =
        field(1, Array(scalar.tag.utf8)) + [0x15] + littleEndian(Float(scalar.value).bitPattern)
      return field(1, value)
    }
    try record(
      [0x09] + littleEndian(time.bitPattern) + [0x10] + varint(UInt64(step)) + field(5, values))
  }

  private func record(_ event: [UInt8]) throws {
    let length = littleEndian(UInt64(event.count))
    let bytes = length + littleEndian(masked(length)) + event + littleEndian(masked(event))
    guard fwrite(bytes, 1, bytes.count, handle) == bytes.count, fflush(handle) == 0 else {
      throw TrainingError.write(path: path, problem: String(cString: strerror(errno)))
    }
  }

  private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private func masked(_ bytes: [UInt8]) -> UInt32 {
    let crc = CRC32C.of(bytes)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }
}

/// The Castagnoli checksum, as TensorBoard's records want it.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { $0 >> 8 ^ table[Int(($0 ^ UInt32($1)) & 0xFF)] }
  }
}
