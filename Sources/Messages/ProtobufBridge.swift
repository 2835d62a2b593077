// Between Swift values and protobuf-c structs. Nothing of protobuf leaves this module. Here alone
// outside Tensors, Data and Transport raw pointers are needed: protobuf-c has no other language.

internal import CMessages
internal import Glibc

/// A generated protobuf-c struct.
protocol CMessage {
  init()
  var base: ProtobufCMessage { get }
  static func prepare(_ wire: UnsafeMutablePointer<Self>)
}

/// A Swift value carried by one protobuf message.
protocol WireValue {
  associatedtype Wire: CMessage
  init(_ wire: Wire, _ fields: Fields) throws(WireError)
  func fill(_ wire: inout Wire, _ scratch: Scratch)
  /// The job and generation a message is about, which stand in the envelope and not in it.
  var subject: Subject { get }
}

struct Subject {
  var job: JobID?
  var generation: Generation?

  init(_ job: JobID? = nil, _ generation: Generation? = nil) {
    self.job = job
    self.generation = generation
  }
}

extension WireValue {
  var subject: Subject { Subject() }
}

/// The largest lengths a message may have; `decode` refuses more.
package enum WireLimits {
  package static let textBytes = 64 * 1024
  /// Why something failed: longer ones are cut by the sender. The coordinator passes them on in
  /// texts of its own, which must not grow beyond `textBytes`.
  package static let reasonBytes = 16 * 1024
  /// Job specifications and logs.
  package static let documentBytes = 1024 * 1024
  package static let listCount = 4096
  package static let fileNameBytes = 1024
  /// One control message, envelope included; also ZMQ_MAXMSGSIZE of the control sockets.
  package static let messageBytes = 4 * 1024 * 1024
  package static let chunkBytes = 1024 * 1024
  /// Blocks of a job's data in one message, whose bytes are at most a chunk together.
  package static let blocksPerRead = 64
  /// Samples of one step that `audit: true` records: several such reports fit into a message.
  package static let deliveredSamples = 1 << 14
  /// Of one job; also the highest number of a replica.
  package static let replicas = 4096
  /// A file of the bulk plane: 1 TiB.
  package static let fileBytes: UInt64 = 1 << 40
  /// Memory that unpacking one message may take: two bytes can ask for a struct of hundreds.
  package static let unpackedBytes = 64 * 1024 * 1024
}

/// Whether a relative path may be sent: without `.`, `..`, empty parts and control letters.
package func isSafeFileName(_ name: String) -> Bool {
  name.utf8.count <= WireLimits.fileNameBytes
    && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty && part != "." && part != ".."
        && part.utf8.allSatisfy { $0 >= 32 && $0 != 127 && $0 != UInt8(ascii: "\\") }
    }
}

/// Owns the C copies of one message's texts and lists until it is packed.
final class Scratch {
  private var blocks: [UnsafeMutableRawPointer] = []

  func text(_ text: String) -> UnsafeMutablePointer<CChar> {
    var text = text
    return text.withUTF8 { source in
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: source.count + 1)
      if let first = source.baseAddress { memcpy(copy, first, source.count) }
      copy[source.count] = 0
      blocks.append(copy)
      return copy
    }
  }

  /// A text of which only the beginning matters.
  func text(_ text: String, bytesMax: Int) -> UnsafeMutablePointer<CChar> {
    guard text.utf8.count > bytesMax else { return self.text(text) }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: bytesMax)
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return self.text(String(text[..<end]))
  }

  func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData {
    guard !bytes.isEmpty else { return ProtobufCBinaryData(len: 0, data: nil) }
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
    copy.initialize(from: bytes, count: bytes.count)
    blocks.append(copy)
    return ProtobufCBinaryData(len: bytes.count, data: copy)
  }

  func one<Value: WireValue>(_ value: Value?) -> UnsafeMutablePointer<Value.Wire>? {
    guard let value else { return nil }
    let wire = UnsafeMutablePointer<Value.Wire>.allocate(capacity: 1)
    wire.initialize(to: Value.Wire())
    Value.Wire.prepare(wire)
    value.fill(&wire.pointee, self)
    blocks.append(wire)
    return wire
  }

  func list<Value: WireValue>(
    _ values: [Value]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Value.Wire>?> {
    let list = UnsafeMutablePointer<UnsafeMutablePointer<Value.Wire>?>.allocate(
      capacity: max(1, values.count))
    for (index, value) in values.enumerated() {
      (list + index).initialize(to: one(value))
    }
    blocks.append(list)
    return list
  }

  func numbers<Number: FixedWidthInteger>(_ values: [Number]) -> UnsafeMutablePointer<Number> {
    let copy = UnsafeMutablePointer<Number>.allocate(capacity: max(1, values.count))
    copy.initialize(from: values, count: values.count)
    blocks.append(copy)
    return copy
  }

  deinit {
    for block in blocks { block.deallocate() }
  }
}

/// Reads the fields of one message, naming the field in every complaint.
struct Fields {
  let path: String
  let header: Header

  func text(
    _ pointer: UnsafeMutablePointer<CChar>?, _ name: String, bytesMax: Int = WireLimits.textBytes
  ) throws(WireError) -> String {
    guard let pointer else { return "" }
    let count = strlen(pointer)
    guard count <= bytesMax else {
      throw malformed(name, "\(count) bytes", "at most \(bytesMax)")
    }
    guard let text = String(validatingCString: pointer) else {
      throw malformed(name, "not UTF-8", "UTF-8 text")
    }
    return text
  }

  func bytes(
    _ data: ProtobufCBinaryData, _ name: String, countMax: Int
  ) throws(WireError) -> [UInt8] {
    guard data.len <= countMax else {
      throw malformed(name, "\(data.len) bytes", "at most \(countMax)")
    }
    return [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
  }

  func numbers<Number: FixedWidthInteger>(
    _ count: Int, _ items: UnsafeMutablePointer<Number>?, _ name: String, countMax: Int
  ) throws(WireError) -> [Number] {
    guard count <= countMax else {
      throw malformed(name, "\(count) entries", "at most \(countMax)")
    }
    guard count > 0, let items else { return [] }
    return Array(UnsafeBufferPointer(start: items, count: count))
  }

  func list<Value: WireValue>(
    _ count: Int, _ items: UnsafeMutablePointer<UnsafeMutablePointer<Value.Wire>?>?,
    _ name: String, of type: Value.Type, countMax: Int = WireLimits.listCount
  ) throws(WireError) -> [Value] {
    guard count <= countMax else {
      throw malformed(name, "\(count) entries", "at most \(countMax)")
    }
    guard count > 0, let items else { return [] }
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      let inner = Fields(path: "\(path).\(name)[\(index)]", header: header)
      guard let item = items[index] else { throw inner.malformed("", "absent", "an entry") }
      values.append(try Value(item.pointee, inner))
    }
    return values
  }

  func optional<Value: WireValue>(
    _ pointer: UnsafeMutablePointer<Value.Wire>?, _ name: String, of type: Value.Type
  ) throws(WireError) -> Value? {
    guard let pointer else { return nil }
    return try Value(pointer.pointee, Fields(path: "\(path).\(name)", header: header))
  }

  func required<Value: WireValue>(
    _ pointer: UnsafeMutablePointer<Value.Wire>?, _ name: String, of type: Value.Type
  ) throws(WireError) -> Value {
    guard let value = try optional(pointer, name, of: type) else {
      throw malformed(name, "absent", "a value")
    }
    return value
  }

  func choice<Value: RawRepresentable & CaseIterable>(
    _ pointer: UnsafeMutablePointer<CChar>?, _ name: String, of type: Value.Type
  ) throws(WireError) -> Value where Value.RawValue == String {
    let text = try text(pointer, name, bytesMax: 64)
    guard let value = Value(rawValue: text) else {
      throw malformed(name, "'\(text)'", Value.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return value
  }

  func worker(_ number: UInt32, _ name: String) throws(WireError) -> WorkerID {
    guard number > 0 else { throw malformed(name, "0", "a worker's number, from 1") }
    return WorkerID(number)
  }

  func replicas(_ first: UInt32, _ count: UInt32) throws(WireError) -> ReplicaRange {
    guard count > 0, UInt64(first) + UInt64(count) <= UInt64(WireLimits.replicas) else {
      throw malformed(
        "replicas", "\(count) from \(first)", "at least one, below \(WireLimits.replicas)")
    }
    return ReplicaRange(first: Int(first), count: Int(count))
  }

  /// A name that becomes a part of a path: one part alone unless `isPath`, never leading elsewhere.
  func file(
    _ pointer: UnsafeMutablePointer<CChar>?, _ name: String, isPath: Bool
  ) throws(WireError) -> String {
    let text = try text(pointer, name, bytesMax: WireLimits.fileNameBytes)
    guard isSafeFileName(text), isPath || !text.contains("/") else {
      throw malformed(
        name, "'\(text)'",
        isPath ? "a relative path without '.', '..' or control letters" : "a folder's name")
    }
    return text
  }

  func seconds(_ value: Double, _ name: String) throws(WireError) -> Double {
    guard value > 0, value <= 1e6 else { throw malformed(name, "\(value)", "0 to 1,000,000") }
    return value
  }

  func job() throws(WireError) -> JobID {
    guard let job = header.job else { throw malformed("job", "absent", "a job's number, from 1") }
    return job
  }

  func generation() throws(WireError) -> Generation {
    guard let generation = header.generation else {
      throw malformed("generation", "absent", "a generation's number, from 1")
    }
    return generation
  }

  func malformed(_ name: String, _ found: String, _ expected: String) -> WireError {
    .malformed(field: name.isEmpty ? path : "\(path).\(name)", found: found, expected: expected)
  }
}

func pack<Value: WireValue>(_ value: Value) -> [UInt8] {
  let scratch = Scratch()
  guard let wire = scratch.one(value) else { return [] }
  return wire.withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) { base in
    [UInt8](unsafeUninitializedCapacity: protobuf_c_message_get_packed_size(base)) { bytes, count in
      // An empty message has no buffer, and protobuf-c then writes nothing.
      count = bytes.baseAddress.map { protobuf_c_message_pack(base, $0) } ?? 0
    }
  }
}

/// Memory from the system as long as the budget, an `Int` behind `left`, lasts; nil after that.
private func takeBudgeted(_ left: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer?
{
  guard let left = left?.assumingMemoryBound(to: Int.self), left.pointee >= 0 else { return nil }
  // What the system adds to each block counts too.
  let (rest, overflow) = left.pointee.subtractingReportingOverflow(size)
  left.pointee = overflow ? -1 : rest - 16
  return left.pointee >= 0 ? malloc(size) : nil
}

func unpack<Value: WireValue>(
  _ type: Value.Type, from bytes: [UInt8], _ fields: Fields
) throws(WireError) -> Value {
  var empty = Value.Wire()
  Value.Wire.prepare(&empty)
  var left = WireLimits.unpackedBytes
  let message = withUnsafeMutablePointer(to: &left) { left in
    var allocator = ProtobufCAllocator(
      alloc: takeBudgeted, free: { _, block in free(block) }, allocator_data: left)
    return bytes.withUnsafeBufferPointer {
      protobuf_c_message_unpack(empty.base.descriptor, &allocator, $0.count, $0.baseAddress)
    }
  }
  guard let message else {
    throw left < 0
      ? fields.malformed(
        "", "more than \(WireLimits.unpackedBytes) bytes unpacked", "a message of sane size")
      : fields.malformed("", "\(bytes.count) bytes of something else", "protobuf")
  }
  // The blocks are the system's own, so it can free them.
  defer { protobuf_c_message_free_unpacked(message, nil) }
  let wire = UnsafeRawPointer(message).assumingMemoryBound(to: Value.Wire.self)
  return try Value(wire.pointee, fields)
}
