import Tensors

/// What one replica brings to a call.
enum Contribution: Sendable {
  case nothing
  case rows(Tensor)
  case integers(IntTensor)
  case numbers([Double])
  /// Goes through the tree accumulator.
  case values(Tensor)
}

/// What a worker's replicas get from a call.
enum Outcome: Sendable {
  case nothing
  case rows(Tensor, counts: [Int])
  case integers(IntTensor, counts: [Int])
  case numbers([Double])
  case values(Tensor)
}

/// One collective of the hosted replicas, while it is open; guarded by the group's monitor.
final class Call: @unchecked Sendable {
  let expected: CallSignature  // of the first to arrive
  var signatures: [CallSignature?]
  var contributions: [Contribution]
  let accumulator: TreeAccumulator<Tensor>
  var arrived = 0
  var left = 0
  var result: Result<Outcome, ExchangeError>?

  init(expected: CallSignature, hosted: Range<Int>, tree: CanonicalTree) {
    self.expected = expected
    signatures = Array(repeating: nil, count: hosted.count)
    contributions = Array(repeating: .nothing, count: hosted.count)
    accumulator = TreeAccumulator(
      tree: tree, hosted: hosted,
      merge: expected.kind == .mergeLogSumExp
        ? TreeAccumulator.mergeLogSumExp : TreeAccumulator.add)
  }
}

extension ReplicaGroup {
  /// Takes part in the replica's next call and waits for its result.
  func collect(
    _ replica: Int, _ signature: CallSignature, _ contribution: Contribution
  ) throws -> Outcome {
    let local = replica - hosted.lowerBound
    let (number, call, fits) = try monitor.withLock { () throws -> (UInt32, Call, Bool) in
      if let failure = state.failure { throw failure }
      let number = state.numbers[local]
      state.numbers[local] += 1
      let call =
        state.calls[number] ?? Call(expected: signature, hosted: hosted, tree: tree)
      state.calls[number] = call
      call.signatures[local] = signature
      call.contributions[local] = contribution
      return (number, call, signature == call.expected)
    }
    // What does not fit must not be added; the last to arrive will find and report it.
    if fits, case .values(let values) = contribution {
      call.accumulator.post(values, from: replica)
    }
    let isLast = monitor.withLock { () -> Bool in
      call.arrived += 1
      guard call.arrived == hosted.count else { return false }
      state.active += 1
      return true
    }
    if isLast {
      complete(call, number)
    }
    return try outcome(of: call, number, mayBlock: !isLast)
  }

  /// Performs a call at which all hosted replicas have arrived and publishes the result.
  private func complete(_ call: Call, _ number: UInt32) {
    let result: Result<Outcome, ExchangeError>
    do {
      result = .success(try perform(call, number))
    } catch {
      fail(error)
      result = .failure(error)
    }
    activity.rise()
    monitor.withLock {
      call.result = result
      call.contributions = []
      state.active -= 1
      monitor.wakeAll()
    }
  }

  private func outcome(of call: Call, _ number: UInt32, mayBlock: Bool) throws -> Outcome {
    let isReady = { call.result != nil || self.state.failure != nil }
    if mayBlock, !monitor.withLock(isReady) {
      permits.release()
      monitor.withLock { while !isReady() { monitor.wait() } }
      permits.acquire()
    }
    return try monitor.withLock { () throws -> Outcome in
      call.left += 1
      if call.left == hosted.count { state.calls[number] = nil }
      guard let result = call.result else { throw state.failure ?? .generationEnded }
      return try result.get()
    }
  }

  private func perform(_ call: Call, _ number: UInt32) throws(ExchangeError) -> Outcome {
    try checkSignatures(call.signatures, number)
    let round = Round(group: self, signature: call.expected, number: number, isBackground: false)
    switch call.expected.kind {
    case .endOfStep:
      try markEndOfSums()
      _ = try round.exchange(head: round.head(), bodies: [:])
      return .nothing
    case .gather: return try gatherRows(call, round)
    case .gatherIntegers: return try gatherIntegers(call, round)
    case .merge: return .numbers(try mergeNumbers(call, round))
    case .sum: return .values(try reduce(call.accumulator.take(), round))
    case .startSum: preconditionFailure("background sums have a sequence of their own")
    case .sumScatter: return .values(try scatter(call.accumulator.take(), round))
    case .mergeLogSumExp:
      let merged = try round.finishWhole(
        call.accumulator.take(), merge: TreeAccumulator.mergeLogSumExp)
      return .values(merged)
    }
  }

  /// The first hosted replica that called something else than the lowest one, if any.
  func checkSignatures(_ signatures: [CallSignature?], _ number: UInt32) throws(ExchangeError) {
    guard let first = signatures.first ?? nil else { return }
    for (offset, other) in signatures.enumerated() {
      guard let other, other != first else { continue }
      throw .mismatch(
        first: first.described(replica: hosted.lowerBound, number: Int(number)),
        second: other.described(replica: hosted.lowerBound + offset, number: Int(number)))
    }
  }

  private func mergeNumbers(_ call: Call, _ round: Round) throws(ExchangeError) -> [Double] {
    let values = call.contributions.map { contribution -> [Double] in
      if case .numbers(let numbers) = contribution { numbers } else { [] }
    }
    let combine = { [merge = call.expected.merge] in merge.combined($0, $1) }
    var parts = tree.partials(of: values, over: hosted, merge: combine)
    let mine = tree.aligned(in: hosted).flatMap { parts[$0] ?? [] }
    let width = call.expected.shape[0]
    for (peer, reply) in try round.exchange(head: round.head(values: mine), bodies: [:]) {
      let nodes = tree.aligned(in: peer.replicas)
      guard reply.values.count == nodes.count * width else {
        throw peer.malformed("\(reply.values.count) numbers instead of \(nodes.count * width)")
      }
      for (index, node) in nodes.enumerated() {
        parts[node] = Array(reply.values[index * width..<(index + 1) * width])
      }
    }
    return tree.finish(parts, merge: combine)
  }

  private func gatherRows(_ call: Call, _ round: Round) throws(ExchangeError) -> Outcome {
    let mine = call.contributions.compactMap { contribution -> Tensor? in
      if case .rows(let rows) = contribution { rows } else { nil }
    }
    let (storage, counts) = try gatherBytes(
      mine.map { ($0.storage, $0.byteRange, $0.shape[0]) }, round)
    let shape = [counts.reduce(0, +)] + call.expected.shape
    return .rows(Tensor(viewing: storage, byteOffset: 0, shape: shape), counts: counts)
  }

  private func gatherIntegers(_ call: Call, _ round: Round) throws(ExchangeError) -> Outcome {
    let mine = call.contributions.compactMap { contribution -> IntTensor? in
      if case .integers(let rows) = contribution { rows } else { nil }
    }
    let (storage, counts) = try gatherBytes(
      mine.map { ($0.storage, 0..<$0.count * 4, $0.shape[0]) }, round)
    let shape = [counts.reduce(0, +)] + call.expected.shape
    let rows = IntTensor(shape: shape) { _ in }
    rows.storage.copyBytes(from: storage, 0..<rows.count * 4, to: 0)
    return .integers(rows, counts: counts)
  }

  /// Four-byte elements of all replicas in replica order, and the rows of each.
  private func gatherBytes(
    _ mine: [(storage: Storage, range: Range<Int>, rows: Int)], _ round: Round
  ) throws(ExchangeError) -> (Storage, counts: [Int]) {
    let head = round.head(rows: mine.map(\.rows))
    var counts = [Int](repeating: 0, count: replicas)
    var pieces: [Int: (Storage, Range<Int>)] = [:]  // by first replica
    for (offset, piece) in mine.enumerated() {
      counts[hosted.lowerBound + offset] = piece.rows
      pieces[hosted.lowerBound + offset] = (piece.storage, piece.range)
    }
    if let link {
      let packed = pack(mine.map { ($0.storage, $0.range) })
      let bodies = Dictionary(uniqueKeysWithValues: link.peers.map { ($0.index, packed) })
      let width = round.signature.shape.reduce(4, *)
      for (peer, reply) in try round.exchange(head: head, bodies: bodies) {
        guard reply.rows.count == peer.replicas.count else {
          throw peer.malformed("\(reply.rows.count) row counts for replicas \(peer.replicas)")
        }
        // Sizes were limited to 2³⁵ when the head was read, so the sum cannot overflow.
        let (bytes, overflow) = reply.rows.reduce(0, +).multipliedReportingOverflow(by: width)
        guard !overflow, bytes == reply.body?.range.count ?? 0 else {
          throw peer.malformed(
            "\(reply.body?.range.count ?? 0) bytes for \(reply.rows) rows of \(width) bytes")
        }
        for (replica, rows) in zip(peer.replicas, reply.rows) { counts[replica] = rows }
        if let body = reply.body { pieces[peer.replicas.lowerBound] = (body.storage, body.range) }
      }
    }
    let total = counts.reduce(0, +) * round.signature.shape.reduce(4, *)
    if pieces.count == 1, let only = pieces.first?.value, only.1 == 0..<total {
      return (only.0, counts)
    }
    let result = Storage(byteCount: total)
    var position = 0
    for replica in pieces.keys.sorted() {
      guard let (storage, range) = pieces[replica] else { continue }
      result.copyBytes(from: storage, range, to: position)
      position += range.count
    }
    return (result, counts)
  }

  /// Pieces one after another; a single piece is not copied.
  func pack(_ pieces: [(Storage, Range<Int>)]) -> (storage: Storage, range: Range<Int>) {
    if pieces.count == 1 { return pieces[0] }
    let total = pieces.reduce(0) { $0 + $1.1.count }
    let storage = Storage(byteCount: total)
    var position = 0
    for (source, range) in pieces {
      storage.copyBytes(from: source, range, to: position)
      position += range.count
    }
    return (storage, 0..<total)
  }
}

extension Merge {
  /// One partial result from two neighbouring ones.
  func combined(_ a: [Double], _ b: [Double]) -> [Double] {
    switch self {
    case .sum: return zip(a, b).map { $0 + $1 }
    case .maximum: return zip(a, b).map { $0 >= $1 || $0.isNaN ? $0 : $1 }
    case .moments:
      var result: [Double] = []
      for index in stride(from: 0, to: a.count, by: 3) {
        let (n, m) = (a[index], b[index])
        guard n + m > 0 else {
          result += [0, 0, 0]
          continue
        }
        let distance = b[index + 1] - a[index + 1]
        result += [
          n + m, a[index + 1] + distance * (m / (n + m)),
          a[index + 2] + b[index + 2] + distance * distance * (n * m / (n + m)),
        ]
      }
      return result
    }
  }
}
