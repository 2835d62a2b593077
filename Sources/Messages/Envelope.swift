// The bytes on the wire: an eight-byte preamble that all protocol versions share, the envelope,
// and inside it one message of one conversation.

internal import CMessages

/// The protocol this build speaks. Raise it with every change an older build would misread.
package let protocolVersion: UInt32 = 1

/// Who sends, about what. Role and incarnation are the sender's, job and generation the message's.
package struct Header: Equatable, Sendable {
  package var role: Role
  package var incarnation: Incarnation
  package var job: JobID?
  package var generation: Generation?
  package var request: RequestID

  package init(
    role: Role, incarnation: Incarnation, job: JobID? = nil, generation: Generation? = nil,
    request: RequestID = .none
  ) {
    self.role = role
    self.incarnation = incarnation
    self.job = job
    self.generation = generation
    self.request = request
  }
}

/// All the messages one side of a conversation may send.
package protocol Conversation: Hashable, Sendable {
  /// The message's number, its job and generation, and its own bytes.
  func packed() -> PackedMessage
  /// Throws: `WireError` naming the message and its field.
  init(kind: UInt32, header: Header, body: [UInt8]) throws(WireError)
}

package struct PackedMessage: Sendable {
  var kind: UInt32
  var job: JobID?
  var generation: Generation?
  var body: [UInt8]

  init<Value: WireValue>(_ kind: Martlet__Kind, _ value: Value) {
    self.kind = kind.rawValue
    job = value.subject.job
    generation = value.subject.generation
    body = pack(value)
  }
}

/// An encoded message whose conversation is not yet known.
package struct Envelope: Equatable, Sendable {
  package var header: Header
  package var kind: UInt32
  package var body: [UInt8]

  private static let magic: [UInt8] = Array("mrtl".utf8)
  package static let preambleBytes = 8

  /// Says "I speak `version`" to any build whatever its version.
  package static func preamble(version: UInt32 = protocolVersion) -> [UInt8] {
    magic + (0..<4).map { UInt8(truncatingIfNeeded: version >> (8 * $0)) }
  }

  /// The bytes of `message` as `sender` sends them; the message's own job and generation go into
  /// the header.
  package static func encode(
    _ message: some Conversation, from role: Role, incarnation: Incarnation,
    request: RequestID = .none
  ) -> [UInt8] {
    let packed = message.packed()
    let header = Header(
      role: role, incarnation: incarnation, job: packed.job, generation: packed.generation,
      request: request)
    return preamble() + pack(Envelope(header: header, kind: packed.kind, body: packed.body))
  }

  /// Throws: `WireError.protocolMismatch` from the preamble alone, whatever follows it.
  package init(decoding bytes: [UInt8]) throws(WireError) {
    guard bytes.count <= WireLimits.messageBytes else {
      throw .malformed(
        field: "envelope", found: "\(bytes.count) bytes",
        expected: "at most \(WireLimits.messageBytes)")
    }
    guard bytes.count >= Self.preambleBytes, bytes[..<4].elementsEqual(Self.magic) else {
      throw .malformed(
        field: "preamble", found: "\(bytes.count) bytes of something else",
        expected: "'mrtl' and the protocol version")
    }
    let theirs = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[4 + $1]) << (8 * $1) }
    guard theirs == protocolVersion else {
      throw .protocolMismatch(ours: protocolVersion, theirs: theirs)
    }
    let unknown = Header(role: .coordinator, incarnation: Incarnation(0))
    self = try unpack(
      Envelope.self, from: Array(bytes[Self.preambleBytes...]),
      Fields(path: "envelope", header: unknown))
  }

  /// The message inside, if it belongs to the conversation `type`.
  package func message<Message: Conversation>(
    _ type: Message.Type
  ) throws(WireError) -> Message {
    try Message(kind: kind, header: header, body: body)
  }

  private init(header: Header, kind: UInt32, body: [UInt8]) {
    self.header = header
    self.kind = kind
    self.body = body
  }
}

extension Envelope: WireValue {
  init(_ wire: Martlet__Envelope, _ fields: Fields) throws(WireError) {
    guard let role = Role(rawValue: wire.role) else {
      throw fields.malformed("role", "\(wire.role)", "1 to 3")
    }
    guard wire.incarnation != 0 else { throw fields.malformed("incarnation", "0", "not 0") }
    header = Header(
      role: role, incarnation: Incarnation(wire.incarnation),
      job: wire.job == 0 ? nil : JobID(wire.job),
      generation: wire.generation == 0 ? nil : Generation(wire.generation),
      request: RequestID(wire.request))
    kind = wire.kind
    body = try fields.bytes(wire.body, "body", countMax: WireLimits.messageBytes)
  }

  func fill(_ wire: inout Martlet__Envelope, _ scratch: Scratch) {
    wire.role = header.role.rawValue
    wire.incarnation = header.incarnation.number
    wire.job = header.job?.number ?? 0
    wire.generation = header.generation?.number ?? 0
    wire.kind = kind
    wire.request = header.request.number
    wire.body = scratch.bytes(body)
  }
}

/// Reads a message's bytes as `type` and wraps it, for the switch in each conversation.
func open<Value: WireValue>(
  _ type: Value.Type, _ header: Header, _ body: [UInt8]
) throws(WireError) -> Value {
  try unpack(type, from: body, Fields(path: "\(type)", header: header))
}

func unknownKind(_ kind: UInt32, in conversation: String) -> WireError {
  .malformed(field: "envelope.kind", found: "\(kind)", expected: "a message \(conversation)")
}
