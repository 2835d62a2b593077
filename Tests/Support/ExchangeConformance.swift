import Collectives
import Tensors
import Testing

/// What every way to spread replicas over workers must do alike.
///
/// `make` gives a fresh cluster for (replicas, hosted ranges).
package struct ExchangeConformance: Sendable {
  package typealias Make = @Sendable (Int, [Range<Int>]) throws -> TestCluster

  let replicas: Int
  let ranges: [Range<Int>]
  let make: Make

  package init(replicas: Int, borders: [Int], make: @escaping Make) {
    self.replicas = replicas
    ranges = TestCluster.ranges(replicas, borders)
    self.make = make
  }

  package init(replicas: Int, borders: [Int]) {
    self.init(replicas: replicas, borders: borders) { replicas, ranges in
      TestCluster(replicas: replicas, borders: ranges.dropFirst().map(\.lowerBound))
    }
  }

  private func fresh() throws -> TestCluster { try make(replicas, ranges) }

  /// Everything, each on a fresh cluster.
  package func checkAll() throws {
    try checkBits()
    try checkGradients()
    try checkMismatch()
    try checkShapeMismatch()
    try checkUnevenBackgroundSums()
    try checkEarlyEnd()
    try checkAbort()
    try checkEndOfGeneration()
  }

  /// Every collective once; a string of bit patterns.
  private static let program: @Sendable (any Exchange) throws -> [UInt32] = { exchange in
    let key = RandomKey(seed: 11).derived(exchange.replica)
    let rows = exchange.replica % 3 == 1 ? 0 : exchange.replica + 1
    var bits: [UInt32] = []
    func note(_ x: Tensor) { bits += x.elements.map(\.bitPattern) }
    let large = try exchange.startSum(.normal([90_001], key: key.derived("background")))
    let gathered = try exchange.gatherValues(.normal([rows, 3], key: key.derived("rows")))
    note(gathered.rows)
    bits += gathered.counts.map { UInt32($0) }
    let integers = try exchange.gatherValues(
      IntTensor((0..<rows).map { Int32(exchange.replica * 100 + $0) }))
    bits += integers.rows.elements.map { UInt32(bitPattern: $0) }
    note(try exchange.sumValues(.normal([5, 7], key: key.derived("small"))))
    let small = try exchange.startSum(.normal([3], key: key.derived("background, small")))
    note(try exchange.sumValues(.normal([300, 301], key: key.derived("large"))))
    note(try exchange.sumValues(.zeros([0])))
    note(
      try exchange.sumScatter(
        .normal(gathered.rows.shape, key: key.derived("scatter")), counts: gathered.counts))
    let empty = exchange.replica % 2 == 0 ? -Float.infinity : 0
    note(
      try exchange.mergeLogSumExp(
        maxima: Tensor([empty, Float(exchange.replica), -.infinity]),
        sums: Tensor([exchange.replica % 2 == 0 ? 0 : 1, 1.5, 0])))
    for merge in [Merge.sum, .maximum, .moments] {
      let draws = Tensor.normal([6], key: key.derived("merge")).elements.map { Double(abs($0)) }
      for value in try exchange.merge(draws, by: merge) {
        bits += [UInt32(truncatingIfNeeded: value.bitPattern >> 32)]
        bits += [UInt32(truncatingIfNeeded: value.bitPattern)]
      }
    }
    note(try large.wait())
    note(try small.wait())
    return bits
  }

  /// All collectives have the same bits as with all replicas in one worker.
  package func checkBits() throws {
    let expected = try TestCluster(replicas: replicas).run(Self.program)
    let cluster = try fresh()
    for serial in 1...3 as ClosedRange<UInt64> {
      #expect(try cluster.run(serial: serial, Self.program) == expected)
    }
  }

  /// The adjoints of gather and sum, against sums formed here.
  package func checkGradients() throws {
    let replicas = replicas
    let counts = (0..<replicas).map { $0 % 2 == 0 ? $0 + 2 : 0 }
    let total = counts.reduce(0, +)
    let key = RandomKey(seed: 5)
    let found = try fresh().run { exchange -> [[Float]] in
      let replica = exchange.replica
      return try withTape {
        let x = Tensor.normal([counts[replica], 2], key: key.derived("x").derived(replica))
          .tracked()
        let v = Tensor.normal([4], key: key.derived("v").derived(replica)).tracked()
        let all = try exchange.gather(x)
        let sum = try exchange.sum(v * v)
        let weights = Tensor.normal([total, 2], key: key.derived("c").derived(replica))
        let others = Tensor.normal([4], key: key.derived("d").derived(replica))
        var share = (all.rows * weights).sum()
        // One replica does not use the sum: its adjoint must run there all the same.
        if replica != 1 { share = share + (sum * others).sum() }
        return try gradients(of: share, over: [x, v]).map(\.elements)
      }
    }
    var weights = [Float](repeating: 0, count: total * 2)
    var others = [Float](repeating: 0, count: 4)
    for replica in 0..<replicas {
      let c = Tensor.normal([total, 2], key: key.derived("c").derived(replica)).elements
      for index in c.indices { weights[index] += c[index] }
      guard replica != 1 else { continue }
      let d = Tensor.normal([4], key: key.derived("d").derived(replica)).elements
      for index in d.indices { others[index] += d[index] }
    }
    var start = 0
    for replica in 0..<replicas {
      let mine = Array(weights[start * 2..<(start + counts[replica]) * 2])
      expectClose(Tensor(found[replica][0]), Tensor(mine), within: 1e-5)
      let v = Tensor.normal([4], key: key.derived("v").derived(replica)).elements
      expectClose(
        Tensor(found[replica][1]), Tensor(zip(v, others).map { 2 * $0 * $1 }), within: 1e-5)
      start += counts[replica]
    }
  }

  private func expectFailure<R>(
    _ results: [Result<R, any Error>], except allowed: Set<Int> = [],
    _ isRight: (any Error) -> Bool
  ) {
    #expect(results.count == replicas)
    for (replica, result) in results.enumerated() where !allowed.contains(replica) {
      switch result {
      case .success: Issue.record("replica \(replica) did not fail")
      case .failure(let error):
        if !isRight(error) { Issue.record("replica \(replica) got \(error)") }
      }
    }
  }

  /// Replicas that call different collectives get both calls named.
  package func checkMismatch() throws {
    guard replicas > 1 else { return }
    let last = replicas - 1
    let results = try fresh().attempt { exchange in
      _ = try exchange.sum(1)
      if exchange.replica == last {
        _ = try exchange.sumValues(.zeros([128]))
      } else {
        _ = try exchange.gatherValues(.zeros([2, 64]))
      }
    }
    expectFailure(results) {
      guard case .mismatch(let first, let second) = $0 as? ExchangeError else { return false }
      return first.hasSuffix(": gather [.., 64] (call 1)")
        && second == "replica \(last): sum [128] (call 1)"
    }
  }

  /// Shapes that cannot match are found before anything is added.
  package func checkShapeMismatch() throws {
    guard replicas > 1 else { return }
    let results = try fresh().attempt { exchange in
      _ = try exchange.sumValues(.zeros([exchange.replica == 1 ? 99_000 : 100_000]))
    }
    // Where replicas 1 and 2 share a worker, it may find them before it hears of replica 0.
    expectFailure(results) {
      guard case .mismatch(let first, let second) = $0 as? ExchangeError else { return false }
      return [first, second].contains("replica 1: sum [99000] (call 0)")
        && [first, second].contains { $0.hasSuffix(": sum [100000] (call 0)") }
    }
  }

  /// A replica that starts fewer background sums than the others, while those wait.
  package func checkUnevenBackgroundSums() throws {
    guard replicas > 1 else { return }
    let last = replicas - 1
    let results = try fresh().attempt { exchange in
      guard exchange.replica != last else { return }
      _ = try exchange.startSum(.zeros([4])).wait()
    }
    expectFailure(results) {
      guard case .mismatch(let first, let second) = $0 as? ExchangeError else { return false }
      return first.hasSuffix("background sum [4] (call 0)")
        && second == "replica \(last): end of step after [0] background sums (call 0)"
    }
  }

  /// A replica that returns while others wait.
  package func checkEarlyEnd() throws {
    guard replicas > 1 else { return }
    let results = try fresh().attempt { exchange in
      guard exchange.replica != 0 else { return }
      _ = try exchange.sum([1, 2])
    }
    expectFailure(results) {
      $0 as? ExchangeError
        == .mismatch(
          first: "replica 0: end of step after [0] background sums (call 0)",
          second: "replica 1: merge by sum of [2] numbers (call 0)")
    }
  }

  private struct Trouble: Error, CustomStringConvertible {
    let description = "no such file"
  }

  /// A replica that throws ends the step for all; the group works again in the next step.
  package func checkAbort() throws {
    let last = replicas - 1
    let cluster = try fresh()
    let results = cluster.attempt { exchange in
      _ = try exchange.sum(1)
      let pending = try exchange.startSum(.zeros([100_000]))
      if exchange.replica == last { throw Trouble() }
      _ = try pending.wait()
      _ = try exchange.sumValues(.zeros([100_000]))
    }
    expectFailure(results, except: [last]) {
      $0 as? ExchangeError == .aborted(replica: last, reason: "no such file")
    }
    let counts = try cluster.run(serial: 2) { try $0.sum(1) }
    #expect(counts == Array(repeating: replicas, count: replicas))
  }

  /// The end of the generation wakes whoever waits, and every later call throws too.
  package func checkEndOfGeneration() throws {
    guard replicas > 1 else { return }
    let cluster = try fresh()
    let results = cluster.attempt { exchange in
      if exchange.replica == 0 {
        for group in cluster.groups { group.endGeneration() }
      }
      _ = try exchange.sum(1)
    }
    expectFailure(results) { $0 as? ExchangeError == .generationEnded }
    expectFailure(cluster.attempt(serial: 2) { try $0.sum(1) }) {
      $0 as? ExchangeError == .generationEnded
    }
  }
}
