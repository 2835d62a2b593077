import Tensors

/// One call's messages to and from the peers, and the reductions made of them.
struct Round {
  /// A peer's checked reply.
  struct Reply {
    var rows: [Int]
    var values: [Double]
    var body: (storage: Storage, range: Range<Int>)?
  }

  let group: ReplicaGroup
  let signature: CallSignature
  let number: UInt32
  let isBackground: Bool

  func head(rows: [Int] = [], values: [Double] = []) -> [UInt8] {
    ExchangeHead.call(signature, rows: rows, values: values).encoded()
  }

  /// Sends each peer its body and returns the replies in replica order, once all have come and all
  /// signatures agree. Nothing happens without peers.
  func exchange(
    phase: UInt8 = 0, head: [UInt8], bodies: [Int: (storage: Storage, range: Range<Int>)]
  ) throws(ExchangeError) -> [(Peer, Reply)] {
    guard let link = group.link else { return [] }
    let call = try group.markSent(number, phase, isBackground: isBackground)
    var outgoing: [Int: PeerPayload] = [:]
    for peer in link.peers {
      let body = bodies[peer.index]
      outgoing[peer.index] = PeerPayload(
        head: head, body: body?.storage, bodyRange: body?.range)
    }
    let payloads = try group.swap(
      link, call, outgoing, awaiting: link.peers.map(\.index), holdsPermit: !isBackground)
    var replies: [(Peer, Reply)] = []
    var signatures = [(group.hosted.lowerBound, signature)]
    for peer in link.peers.sorted(by: { $0.replicas.lowerBound < $1.replicas.lowerBound }) {
      guard let payload = payloads[peer.index] else { throw peer.malformed("no payload") }
      do {
        switch try ExchangeHead(payload.head) {
        case .abort(let error): throw error
        case .call(let theirs, let rows, let values):
          signatures.append((peer.replicas.lowerBound, theirs))
          let body = payload.body.map { (storage: $0, range: payload.bodyRange) }
          replies.append((peer, Reply(rows: rows, values: values, body: body)))
        }
      } catch let error as ExchangeError {
        throw error
      } catch let error as MalformedHead {
        throw peer.malformed(error.reason)
      } catch {
        throw peer.malformed("\(error)")
      }
    }
    signatures.sort { $0.0 < $1.0 }
    let first = signatures[0]
    if let other = signatures.first(where: { $0.1 != first.1 }) {
      throw .mismatch(
        first: first.1.described(replica: first.0, number: Int(number)),
        second: other.1.described(replica: other.0, number: Int(number)))
    }
    return replies
  }

  /// One hop: everyone sends its partials to all and finishes the tree itself.
  func finishWhole(
    _ parts: [CanonicalTree.Node: Tensor], merge: (Tensor, Tensor) -> Tensor
  ) throws(ExchangeError) -> Tensor {
    var parts = parts
    if let link = group.link, let shape = parts.first?.value.shape {
      let packed = pack(parts, elements: 0..<shape.reduce(1, *))
      let bodies = Dictionary(uniqueKeysWithValues: link.peers.map { ($0.index, packed) })
      for (peer, reply) in try exchange(head: head(), bodies: bodies) {
        try unpack(reply, from: peer, shape: shape, into: &parts)
      }
    }
    return group.tree.finish(parts, merge: merge)
  }

  /// The worker's partial results, elements `elements` of each, in tree order.
  func pack(
    _ parts: [CanonicalTree.Node: Tensor], elements: Range<Int>
  ) -> (storage: Storage, range: Range<Int>) {
    group.pack(
      group.tree.aligned(in: group.hosted).compactMap { node in
        parts[node].map { part in
          let start = (part.offset + elements.lowerBound) * 4
          return (part.storage, start..<start + elements.count * 4)
        }
      })
  }

  /// Adds a peer's partial results to `parts`.
  func unpack(
    _ reply: Reply, from peer: Peer, shape: [Int],
    into parts: inout [CanonicalTree.Node: Tensor]
  ) throws(ExchangeError) {
    let nodes = group.tree.aligned(in: peer.replicas)
    let bytes = shape.reduce(4, *)
    guard reply.body?.range.count ?? 0 == nodes.count * bytes else {
      throw peer.malformed(
        "\(reply.body?.range.count ?? 0) bytes instead of \(nodes.count) × \(bytes)")
    }
    for (index, node) in nodes.enumerated() {
      guard let body = reply.body else {
        parts[node] = Tensor(uninitialized: shape)  // of no elements, as the count was right
        continue
      }
      parts[node] = Tensor(
        viewing: body.storage, byteOffset: body.range.lowerBound + index * bytes, shape: shape)
    }
  }
}

extension Peer {
  func malformed(_ what: String) -> ExchangeError {
    .aborted(replica: replicas.lowerBound, reason: "its worker sent a malformed frame: \(what)")
  }
}
