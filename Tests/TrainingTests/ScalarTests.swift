import Data
import Foundation
import TestSupport
import Testing
import Training

@Suite struct ScalarTests {
  struct Record: Equatable {
    var version: String?
    var time = 0.0
    var step = 0
    var scalars: [String: Float] = [:]
  }

  @Test func `has the known answer of CRC-32C`() {
    #expect(Self.crc32c(Array("123456789".utf8)) == 0xE306_9283)
  }

  @Test func `writes events that TensorBoard reads`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/events.out.tfevents.run"
      do {
        let writer = try TensorBoardWriter(folder: folder, name: "run")
        try writer.add([("loss", 0.5), ("val/größe", -2)], step: 1, time: 1234.5)
        try writer.add([("loss", 0.25)], step: 300, time: 1235)
      }
      do {
        let again = try TensorBoardWriter(folder: folder, name: "run")
        try again.add([("loss", 0.125)], step: 1 << 40, time: 1236)
      }
      let records = try Self.records(
        [UInt8](Foundation.Data(contentsOf: URL(fileURLWithPath: path))))
      #expect(
        records == [
          Record(version: "brain.Event:2"),
          Record(time: 1234.5, step: 1, scalars: ["loss": 0.5, "val/größe": -2]),
          Record(time: 1235, step: 300, scalars: ["loss": 0.25]),
          Record(time: 1236, step: 1 << 40, scalars: ["loss": 0.125]),
        ])
    }
  }

  @Test func `writes a table and goes on in it`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/scalars.csv"
      do { try ScalarTable(path: path).add([("loss", 0.5), ("rate", 1e-3)], step: 1) }
      do { try ScalarTable(path: path).add([("loss", 0.25)], step: 2) }
      #expect(
        try String(contentsOfFile: path, encoding: .utf8)
          == "step,name,value\n1,loss,0.5\n1,rate,0.001\n2,loss,0.25\n")
    }
  }

  @Test func `says why a file cannot be written`() throws {
    #expect(throws: TrainingError.self) { try ScalarTable(path: "/nowhere/at/all.csv") }
    #expect(throws: TrainingError.self) {
      try TensorBoardWriter(folder: "/nowhere/at", name: "all")
    }
  }

  // Written from the format's description, apart from the writer.
  private static func records(_ bytes: [UInt8]) throws -> [Record] {
    func number(_ at: Int, _ size: Int) -> UInt64 {
      bytes[at..<at + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func masked(_ range: Range<Int>) -> UInt64 {
      let crc = crc32c(Array(bytes[range]))
      return UInt64((crc >> 15 | crc << 17) &+ 0xA282_EAD8)
    }
    var result: [Record] = []
    var at = 0
    while at < bytes.count {
      try #require(bytes.count - at >= 16)
      let length = Int(number(at, 8))
      try #require(number(at + 8, 4) == masked(at..<at + 8))
      let body = at + 12..<at + 12 + length
      try #require(bytes.count >= body.upperBound + 4)
      try #require(number(body.upperBound, 4) == masked(body))
      result.append(try record(Array(bytes[body])))
      at = body.upperBound + 4
    }
    return result
  }

  private static func record(_ bytes: [UInt8]) throws -> Record {
    var record = Record()
    for (field, value) in try fields(bytes) {
      switch field {
      case 1: record.time = Double(bitPattern: little(value))
      case 2: record.step = Int(little(value))
      case 3: record.version = String(decoding: value, as: UTF8.self)
      case 5:
        for (field, value) in try fields(value) {
          try #require(field == 1)
          let parts = Dictionary(uniqueKeysWithValues: try fields(value))
          let tag = String(decoding: try #require(parts[1]), as: UTF8.self)
          record.scalars[tag] = Float(bitPattern: UInt32(little(try #require(parts[2]))))
        }
      default: Issue.record("field \(field)")
      }
    }
    return record
  }

  private static func little(_ bytes: [UInt8]) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Field number and content; variable integers as eight little-endian bytes.
  private static func fields(_ bytes: [UInt8]) throws -> [(Int, [UInt8])] {
    var at = 0
    func variable() -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while at < bytes.count {
        let byte = bytes[at]
        at += 1
        value |= UInt64(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      return value
    }
    var result: [(Int, [UInt8])] = []
    while at < bytes.count {
      let key = variable()
      var size = 0
      switch key & 7 {
      case 0:
        let value = variable()
        result.append((Int(key >> 3), (0..<8).map { UInt8(value >> (8 * $0) & 0xFF) }))
        continue
      case 1: size = 8
      case 2: size = Int(variable())
      case 5: size = 4
      default: Issue.record("wire type \(key & 7)")
      }
      try #require(bytes.count - at >= size)
      result.append((Int(key >> 3), Array(bytes[at..<at + size])))
      at += size
    }
    return result
  }

  private static func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }
}
