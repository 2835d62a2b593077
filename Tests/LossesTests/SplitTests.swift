import Collectives
import Foundation
import Losses
import TestSupport
import Tensors
import Testing

/// Global losses against naive loops in float64, and against themselves under other splits.
@Suite(.timeLimit(.minutes(2))) struct SplitTests {
  /// Rows of each replica, uneven and sometimes empty.
  private static func counts(_ replicas: Int, total: Int) -> [Int] {
    var counts = Array(repeating: 0, count: replicas)
    for row in 0..<total { counts[(row * row + row / 3) % replicas] += 1 }
    return counts
  }

  /// Σ of shares, and gradients of all rows in replica order.
  private static func run(
    _ cluster: TestCluster, counts: [Int], inputs: [Tensor], scalars: [Tensor] = [],
    _ loss: @escaping @Sendable ([Tensor], Range<Int>, any Exchange) throws -> GlobalLoss
  ) throws -> (loss: Float, gradients: [[Float]]) {
    let parts = try cluster.run { exchange -> (Float, [[Float]]) in
      let start = counts[..<exchange.replica].reduce(0, +)
      let range = start..<start + counts[exchange.replica]
      return try withTape {
        let xs = inputs.map { $0.unrecordedRows(range).tracked() } + scalars.map { $0.tracked() }
        let result = try loss(xs, range, exchange)
        let found = try gradients(of: result.share, over: xs)
        return (result.share.scalar, found.map(\.elements))
      }
    }
    var total: [[Float]] = []
    for index in 0..<inputs.count + scalars.count {
      if index < inputs.count {
        total.append(parts.flatMap { $0.1[index] })
      } else {
        total.append([parts.reduce(0) { $0 + $1.1[index][0] }])
      }
    }
    return (parts.reduce(0) { $0 + $1.0 }, total)
  }

  /// InfoNCE by its definition: loss, ∂x, ∂y, ∂t.
  private func naive(_ x: Tensor, _ y: Tensor, scale: Double) -> (Double, [[Double]]) {
    let (count, width) = (x.shape[0], x.shape[1])
    let (a, b) = (x.elements.map(Double.init), y.elements.map(Double.init))
    var z = [[Double]](repeating: Array(repeating: 0, count: count), count: count)
    for i in 0..<count {
      for j in 0..<count {
        for k in 0..<width { z[i][j] += scale * a[i * width + k] * b[j * width + k] }
      }
    }
    func lse(_ v: [Double]) -> Double {
      let top = v.max() ?? 0
      return top + Foundation.log(v.reduce(0) { $0 + Foundation.exp($1 - top) })
    }
    let r = z.map(lse)
    let c = (0..<count).map { j in lse(z.map { $0[j] }) }
    var (loss, dt) = (0.0, 0.0)
    var dx = [Double](repeating: 0, count: a.count)
    var dy = dx
    for i in 0..<count {
      loss += (r[i] + c[i] - 2 * z[i][i]) / Double(2 * count)
      for j in 0..<count {
        let g =
          (Foundation.exp(z[i][j] - r[i]) + Foundation.exp(z[i][j] - c[j]) - (i == j ? 2 : 0))
          / Double(2 * count)
        dt += g * z[i][j]
        for k in 0..<width {
          dx[i * width + k] += scale * g * b[j * width + k]
          dy[j * width + k] += scale * g * a[i * width + k]
        }
      }
    }
    return (loss, [dx, dy, [dt]])
  }

  private func expectNear(
    _ found: [Float], _ expected: [Double], _ tolerance: Double, _ name: Comment
  ) {
    let size = max(1e-3, expected.map { abs($0) }.max() ?? 0)
    for (a, b) in zip(found, expected) where !(abs(Double(a) - b) <= tolerance * size) {
      Issue.record("\(name): \(a) against \(b)")
      return
    }
    #expect(found.count == expected.count)
  }

  @Test(arguments: [1, 2, 3, 4, 8], [1, 14.3, 100] as [Float])
  func `InfoNCE equals its definition for every split`(replicas: Int, scale: Float) throws {
    for width in [2, 64] {
      let total = 21
      let (x, y) = (unitRows(total, width, "x"), unitRows(total, width, "y"))
      let (loss, expected) = naive(x, y, scale: Double(scale))
      let counts = Self.counts(replicas, total: total)
      for tile in [1, 7, 64, total] {
        let found = try Self.run(
          TestCluster(replicas: replicas, borders: replicas > 2 ? [1] : []), counts: counts,
          inputs: [x, y], scalars: [Tensors.log(Tensor(scale))]
        ) { xs, _, exchange in
          try InfoNCE(tileWidth: tile)(
            query: xs[0], key: xs[1], logScale: xs[2], over: exchange)
        }
        #expect(abs(Double(found.loss) - loss) <= 2e-5 * max(1, loss), "tile \(tile)")
        for (index, name) in ["x", "y", "t"].enumerated() {
          expectNear(found.gradients[index], expected[index], 1e-4, "\(name), tile \(tile)")
        }
      }
    }
  }

  typealias Loss = @Sendable ([Tensor], Range<Int>, any Exchange) throws -> GlobalLoss
  private static let labels: [Int32] = [0, 1, 2, 0, -1, 1, 1, 2, 3, 0, 2, 2, -1, 1, 0, 4, 2]

  private static func losses() -> [(String, [Tensor], [Tensor], Loss)] {
    let count = labels.count
    let (x, y) = (unitRows(count, 6, "x"), unitRows(count, 6, "y"))
    let logits = Tensor.normal([count, 5], key: RandomKey(seed: 8)) * 2
    let queue = unitRows(40, 6, "queue")
    let mine: @Sendable (Range<Int>) -> IntTensor = { IntTensor(Array(labels[$0])) }
    return [
      (
        "InfoNCE", [x, y], [Tensors.log(Tensor(9))],
        {
          try InfoNCE()(query: $0[0], key: $0[1], logScale: $0[2], over: $2)
        }
      ),
      (
        "InfoNCE, one direction", [x, y], [Tensors.log(Tensor(9))],
        {
          try InfoNCE(directions: .queryToKey)(
            query: $0[0], key: $0[1], logScale: $0[2], over: $2)
        }
      ),
      (
        "SigLIP", [x, y], [Tensors.log(Tensor(4)), Tensor(-3)],
        {
          try SigLIP(tileWidth: 7)(
            query: $0[0], key: $0[1], logScale: $0[2], bias: $0[3], over: $2)
        }
      ),
      (
        "SupervisedContrastive", [x], [],
        {
          try SupervisedContrastive()(rows: $0[0], labels: mine($1), over: $2)
        }
      ),
      (
        "QueueInfoNCE", [x], [],
        {
          try QueueInfoNCE()(
            query: $0[0], key: y.unrecordedRows($1), queue: queue, over: $2)
        }
      ),
      (
        "InfoLOOB", [x, y], [],
        {
          try InfoLOOB(temperature: 0.2)(query: $0[0], key: $0[1], over: $2)
        }
      ),
      (
        "CrossEntropy", [logits], [],
        {
          try CrossEntropy(ignored: -1, smoothing: 0.1, classWeights: [1, 2, 0.5, 1, 3])(
            logits: $0[0], labels: mine($1), over: $2)
        }
      ),
      (
        "Focal", [logits], [],
        {
          try Focal(ignored: -1)(logits: $0[0], labels: mine($1), over: $2)
        }
      ),
      (
        "Dice", [logits], [],
        {
          try Dice(ignored: -1)(logits: $0[0], labels: mine($1), over: $2)
        }
      ),
    ]
  }

  @Test func `losses and gradients of N replicas equal one replica's`() throws {
    let total = Self.labels.count
    for (name, inputs, scalars, loss) in Self.losses() {
      let whole = try Self.run(
        TestCluster(replicas: 1), counts: [total], inputs: inputs, scalars: scalars, loss)
      for replicas in [2, 3, 8] {
        let parts = try Self.run(
          TestCluster(replicas: replicas), counts: Self.counts(replicas, total: total),
          inputs: inputs, scalars: scalars, loss)
        #expect(abs(parts.loss - whole.loss) <= 1e-5 * max(1, abs(whole.loss)), "\(name)")
        for (a, b) in zip(parts.gradients, whole.gradients) {
          expectNear(a, b.map(Double.init), 1e-5, "\(name), \(replicas) replicas")
        }
      }
    }
  }

  @Test func `the hosting does not change a bit`() throws {
    let counts = Self.counts(8, total: Self.labels.count)
    for (name, inputs, scalars, loss) in Self.losses() {
      let expected = try Self.run(
        TestCluster(replicas: 8), counts: counts, inputs: inputs, scalars: scalars, loss)
      for borders in [[4], [1, 2, 7], [3, 6], [1, 2, 3, 4, 5, 6, 7]] {
        let found = try Self.run(
          TestCluster(replicas: 8, borders: borders, permits: 1), counts: counts, inputs: inputs,
          scalars: scalars, loss)
        #expect(found.loss == expected.loss, "\(name) \(borders)")
        #expect(found.gradients == expected.gradients, "\(name) \(borders)")
      }
    }
  }

  @Test func `gradients agree with central differences`() throws {
    for (name, inputs, scalars, loss) in Self.losses() {
      // Moved rows are not of unit length; the losses are the same functions there.
      guard ["CrossEntropy", "Focal", "Dice"].contains(name) else { continue }
      try checkGradient(at: inputs + scalars, step: 1e-2, within: 2e-2) {
        try loss($0, 0..<Self.labels.count, soloExchange()).share
      }
    }
    var siglip = SigLIP()
    siglip.isNormalized = false
    var contrast = SupervisedContrastive(temperature: 0.7)
    contrast.isNormalized = false
    var loob = InfoLOOB(temperature: 0.7)
    loob.isNormalized = false
    var queue = QueueInfoNCE(temperature: 0.7)
    queue.isNormalized = false
    let (x, y) = (unitRows(5, 3, "x"), unitRows(5, 3, "y"))
    try checkGradient(at: [x, y, Tensor(0.5), Tensor(-1)]) { [siglip] in
      try siglip(query: $0[0], key: $0[1], logScale: $0[2], bias: $0[3], over: soloExchange()).share
    }
    try checkGradient(at: [x]) { [contrast] in
      try contrast(rows: $0[0], labels: IntTensor([0, 1, 0, -1, 0]), over: soloExchange()).share
    }
    try checkGradient(at: [x, y]) { [loob] in
      try loob(query: $0[0], key: $0[1], over: soloExchange()).share
    }
    try checkGradient(at: [x]) { [queue] in
      try queue(query: $0[0], key: y, queue: unitRows(9, 3, "queue"), over: soloExchange()).share
    }
  }

  @Test func `a batch without anything counted is a loss of zero`() throws {
    let logits = Tensor.normal([3, 4], key: RandomKey(seed: 1))
    let ignored = IntTensor(repeating: -1, shape: [3])
    for loss in [
      try CrossEntropy(ignored: -1)(logits: logits, labels: ignored, over: soloExchange()),
      try Focal(ignored: -1)(logits: logits, labels: ignored, over: soloExchange()),
      try SupervisedContrastive()(
        rows: unitRows(3, 4, "x"), labels: ignored, over: soloExchange()),
      try InfoNCE()(query: .zeros([0, 4]), key: .zeros([0, 4]), over: soloExchange()),
    ] {
      #expect(loss.share.scalar == 0)
    }
  }
}

@Suite(.timeLimit(.minutes(2))) struct InfoNCEMemoryTests {
  @Test func `memory stays far below one matrix of similarities`() throws {
    // Other tests use the process's pool meanwhile, so the batch is large enough to dwarf them.
    let count = 8192
    let (x, y) = (unitRows(count, 32, "x"), unitRows(count, 32, "y"))
    let before = MemoryPool.shared.usage.live
    MemoryPool.shared.resetPeak()
    try withTape {
      let inputs = [x.tracked(), y.tracked()]
      let loss = try InfoNCE()(query: inputs[0], key: inputs[1], over: soloExchange())
      _ = try gradients(of: loss.share, over: inputs)
    }
    let peak = MemoryPool.shared.usage.peak - before
    #expect(peak < count * count * 4 / 3, "\(peak) bytes")
  }
}
