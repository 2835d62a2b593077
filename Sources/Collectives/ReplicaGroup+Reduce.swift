import Tensors

extension ReplicaGroup {
  /// Up to this size a sum takes one hop (everyone to all); above, a reduce-scatter and an
  /// all-gather, which move 2 instead of W − 1 times the bytes. Both give the same bits.
  static let oneHopBytesMax = 256 << 10

  /// Σ over all replicas from this worker's partial sums.
  func reduce(
    _ parts: [CanonicalTree.Node: Tensor], _ round: Round
  ) throws(ExchangeError) -> Tensor {
    let shape = round.signature.shape
    let count = shape.reduce(1, *)
    guard let link, count * 4 > Self.oneHopBytesMax else {
      return try round.finishWhole(parts, merge: TreeAccumulator.add)
    }
    let owners = ([(-1, hosted)] + link.peers.map { ($0.index, $0.replicas) })
      .sorted { $0.1.lowerBound < $1.1.lowerBound }.map(\.0)  // −1 is this worker
    let slices = Dictionary(
      uniqueKeysWithValues: zip(owners, Self.slices(of: count, among: owners.count)))
    let mine = slices[-1] ?? 0..<0

    var bodies: [Int: (storage: Storage, range: Range<Int>)] = [:]
    for peer in link.peers {
      bodies[peer.index] = round.pack(parts, elements: slices[peer.index] ?? 0..<0)
    }
    var sliceParts = parts.mapValues { part in
      Tensor(
        viewing: part.storage, byteOffset: (part.offset + mine.lowerBound) * 4,
        shape: [mine.count])
    }
    for (peer, reply) in try round.exchange(phase: 0, head: round.head(), bodies: bodies) {
      try round.unpack(reply, from: peer, shape: [mine.count], into: &sliceParts)
    }
    let result = tree.finish(sliceParts, merge: TreeAccumulator.add)

    let whole = Tensor(uninitialized: shape)
    whole.storage.copyBytes(from: result.storage, result.byteRange, to: mine.lowerBound * 4)
    let body = (storage: result.storage, range: result.byteRange)
    for peer in link.peers { bodies[peer.index] = body }
    for (peer, reply) in try round.exchange(phase: 1, head: round.head(), bodies: bodies) {
      let slice = slices[peer.index] ?? 0..<0
      guard reply.body?.range.count ?? 0 == slice.count * 4 else {
        throw peer.malformed(
          "\(reply.body?.range.count ?? 0) bytes of result instead of \(slice.count * 4)")
      }
      if let body = reply.body {
        whole.storage.copyBytes(from: body.storage, body.range, to: slice.lowerBound * 4)
      }
    }
    return whole
  }

  /// Equal slices at borders that are multiples of 16 elements.
  static func slices(of count: Int, among workers: Int) -> [Range<Int>] {
    let lanes = (count + 15) / 16
    let borders = (0...workers).map { min(count, lanes * $0 / workers * 16) }
    return zip(borders, borders.dropFirst()).map { $0..<$1 }
  }

  /// Σ over all replicas of the rows that hosted replicas own: each worker gets its rows' partials.
  func scatter(
    _ parts: [CanonicalTree.Node: Tensor], _ round: Round
  ) throws(ExchangeError) -> Tensor {
    let counts = round.signature.counts
    let width = round.signature.shape.dropFirst().reduce(1, *)
    func elements(of replicas: Range<Int>) -> Range<Int> {
      let start = counts[..<replicas.lowerBound].reduce(0, +)
      return start * width..<(start + counts[replicas].reduce(0, +)) * width
    }
    let mine = elements(of: hosted)
    let shape = [counts[hosted].reduce(0, +)] + round.signature.shape.dropFirst()
    var own = parts.mapValues { part in
      Tensor(
        viewing: part.storage, byteOffset: (part.offset + mine.lowerBound) * 4, shape: shape)
    }
    if let link {
      var bodies: [Int: (storage: Storage, range: Range<Int>)] = [:]
      for peer in link.peers {
        bodies[peer.index] = round.pack(parts, elements: elements(of: peer.replicas))
      }
      for (peer, reply) in try round.exchange(head: round.head(), bodies: bodies) {
        try round.unpack(reply, from: peer, shape: shape, into: &own)
      }
    }
    return tree.finish(own, merge: TreeAccumulator.add)
  }

  /// Notes what is about to be sent, so that an abort knows where peers wait; refuses once failed.
  func markSent(
    _ number: UInt32, _ phase: UInt8, isBackground: Bool
  ) throws(ExchangeError) -> CallIdentifier {
    let result = monitor.withLock { () -> Result<CallIdentifier, ExchangeError> in
      if let failure = state.failure { return .failure(failure) }
      let next = Position(number: number, phase: phase + 1)
      if isBackground { state.sent.1 = next } else { state.sent.0 = next }
      return .success(
        CallIdentifier(
          serial: state.serial, isBackground: isBackground, number: number, phase: phase))
    }
    return try result.get()
  }

  /// `link.swap` without a compute permit.
  func swap(
    _ link: any PeerLink, _ call: CallIdentifier, _ outgoing: [Int: PeerPayload],
    awaiting sources: [Int], holdsPermit: Bool
  ) throws(ExchangeError) -> [Int: PeerPayload] {
    if holdsPermit { permits.release() }
    defer { if holdsPermit { permits.acquire() } }
    do {
      return try link.swap(call, outgoing: outgoing, awaiting: sources)
    } catch let error as ExchangeError {
      throw error
    } catch {
      throw .aborted(replica: hosted.lowerBound, reason: "\(error)")
    }
  }
}
