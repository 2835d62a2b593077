import Tensors

/// A background sum while it is open; fields but the accumulator are guarded by the group's monitor.
final class BackgroundCall: @unchecked Sendable {
  let number: UInt32
  let expected: CallSignature  // of the first to post
  var signatures: [CallSignature?]
  let accumulator: TreeAccumulator<Tensor>
  var posted = 0
  var result: Result<Tensor, ExchangeError>?

  init(number: UInt32, expected: CallSignature, hosted: Range<Int>, tree: CanonicalTree) {
    self.number = number
    self.expected = expected
    signatures = Array(repeating: nil, count: hosted.count)
    accumulator = TreeAccumulator(tree: tree, hosted: hosted, merge: TreeAccumulator.add)
  }
}

extension ReplicaGroup {
  /// Posts a contribution to the replica's next background sum.
  func startSum(_ values: Tensor, from replica: Int) throws -> BackgroundCall {
    let local = replica - hosted.lowerBound
    let signature = CallSignature(kind: .startSum, shape: values.shape)
    let (call, fits) = try monitor.withLock { () throws -> (BackgroundCall, Bool) in
      if let failure = state.failure { throw failure }
      let number = state.sums[local]
      state.sums[local] += 1
      let call =
        state.backgroundCalls[number]
        ?? BackgroundCall(number: number, expected: signature, hosted: hosted, tree: tree)
      state.backgroundCalls[number] = call
      call.signatures[local] = signature
      return (call, signature == call.expected)
    }
    try checkBackground()
    if fits { call.accumulator.post(values, from: replica) }
    let isLast = monitor.withLock { () -> Bool in
      call.posted += 1
      guard call.posted == hosted.count else { return false }
      state.backgroundCalls[call.number] = nil
      state.active += 1
      return true
    }
    guard isLast else { return call }
    if link == nil {
      complete(call)
    } else {
      reducer.run { [self] in complete(call) }
    }
    return call
  }

  /// Waits without a permit for the sum.
  func wait(for call: BackgroundCall) throws -> Tensor {
    let isReady = { call.result != nil || self.state.failure != nil }
    if !monitor.withLock(isReady) {
      permits.release()
      monitor.withLock { while !isReady() { monitor.wait() } }
      permits.acquire()
    }
    return try monitor.withLock { () throws -> Tensor in
      guard let result = call.result else { throw state.failure ?? .generationEnded }
      return try result.get()
    }
  }

  private func complete(_ call: BackgroundCall) {
    let result: Result<Tensor, ExchangeError>
    do {
      try checkSignatures(call.signatures, call.number)
      let round = Round(
        group: self, signature: call.expected, number: call.number, isBackground: true)
      result = .success(try reduce(call.accumulator.take(), round))
    } catch {
      fail(error)
      result = .failure(error)
    }
    activity.rise()
    monitor.withLock {
      call.result = result
      state.active -= 1
      monitor.wakeAll()
    }
  }

  /// A replica that has finished its step will not post a sum that another one has begun.
  func checkBackground() throws {
    let error = monitor.withLock { () -> ExchangeError? in
      if let failure = state.failure { return failure }
      for (early, posted) in state.sums.enumerated() where state.finished[early] {
        guard let late = state.sums.firstIndex(where: { $0 > posted }) else { continue }
        let signature = state.backgroundCalls[posted]?.signatures[late] ?? nil
        let started = signature ?? CallSignature(kind: .startSum, shape: [])
        let end = CallSignature(kind: .endOfStep, shape: [Int(posted)])
        let texts = [
          (late, started.described(replica: hosted.lowerBound + late, number: Int(posted))),
          (early, end.described(replica: hosted.lowerBound + early, number: Int(posted))),
        ].sorted { $0.0 < $1.0 }
        return .mismatch(first: texts[0].1, second: texts[1].1)
      }
      return nil
    }
    guard let error else { return }
    fail(error)
    throw error
  }

  /// Tells peers that this worker starts no further background sum in this step, so that one which
  /// waits for it gets an error; nobody awaits the message otherwise.
  func markEndOfSums() throws(ExchangeError) {
    guard let link else { return }
    let (serial, count) = monitor.withLock { (state.serial, state.sums[0]) }
    let signature = CallSignature(kind: .endOfStep, shape: [Int(count)])
    let payload = PeerPayload(
      head: ExchangeHead.call(signature, rows: [], values: []).encoded())
    let call = CallIdentifier(serial: serial, isBackground: true, number: count, phase: 0)
    let outgoing = Dictionary(uniqueKeysWithValues: link.peers.map { ($0.index, payload) })
    _ = try swap(link, call, outgoing, awaiting: [], holdsPermit: true)
  }
}
