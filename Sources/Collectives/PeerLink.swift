import Tensors

/// Another worker of the generation, seen from this one.
package struct Peer: Hashable, Sendable {
  /// Position in the generation's list of members.
  package let index: Int
  /// The replicas it hosts.
  package let replicas: Range<Int>

  package init(index: Int, replicas: Range<Int>) {
    self.index = index
    self.replicas = replicas
  }
}

/// Which message of which collective: the same on all workers.
package struct CallIdentifier: Hashable, Sendable {
  /// Counts steps and passes of a job over all generations.
  package var serial: UInt64
  /// Two sequences run side by side: collectives a replica waits in, and background sums.
  package var isBackground: Bool
  package var number: UInt32
  /// A reduction has two exchanges: partials, then results.
  package var phase: UInt8

  package init(serial: UInt64, isBackground: Bool, number: UInt32, phase: UInt8) {
    self.serial = serial
    self.isBackground = isBackground
    self.number = number
    self.phase = phase
  }
}

/// How the workers of a generation swap bytes. Frames carry job, generation and incarnation, which
/// the link knows; older ones are dropped, early ones kept.
package protocol PeerLink: AnyObject, Sendable {
  /// The other workers, in order of their replicas.
  var peers: [Peer] { get }

  /// Sends each peer its payload and waits for one from each of `sources`.
  ///
  /// Thread-safe; calls with different identifiers may overlap. Payloads of an older serial than
  /// the call's that nobody awaited are dropped.
  ///
  /// `outgoing`: Bytes by peer index; peers without an entry are sent nothing.
  ///
  /// `sources`: Peers from which a payload is awaited.
  ///
  /// Returns: The payload of each source, by peer index.
  ///
  /// Throws: `ExchangeError.generationEnded` when the generation ends first; `.stateDiffers`.
  func swap(
    _ call: CallIdentifier, outgoing: [Int: PeerPayload], awaiting sources: [Int]
  ) throws -> [Int: PeerPayload]

  /// The step `serial` begins with the state `state`: payloads of that serial say so, and `swap`
  /// throws `ExchangeError.stateDiffers` for one that says otherwise.
  func expect(serial: UInt64, state: UInt64)

  /// Ends the generation: every `swap`, under way or later, throws `ExchangeError.generationEnded`.
  func end()
}

/// Bytes to or from a peer: a short head (what is called, with which shape) and a body that is kept
/// in storage, so that large bodies are not copied more than needed.
package struct PeerPayload: Sendable {
  package var head: [UInt8]
  package var body: Storage?
  package var bodyRange: Range<Int>  // bytes within `body`

  package init(head: [UInt8], body: Storage? = nil, bodyRange: Range<Int>? = nil) {
    self.head = head
    self.body = body
    self.bodyRange = bodyRange ?? 0..<(body?.byteCount ?? 0)
  }
}
