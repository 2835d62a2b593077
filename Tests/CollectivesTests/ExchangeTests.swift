import Collectives
import TestSupport
import Tensors
import Testing

@Suite(.timeLimit(.minutes(1))) struct ExchangeTests {
  static let layouts: [(Int, [Int])] = [
    (1, []), (2, []), (3, []), (8, []), (2, [1]), (3, [1]), (8, [3]), (8, [1, 2, 7]),
    (5, [1, 2, 3, 4]), (13, [2, 9]),
  ]

  @Test(arguments: layouts)
  func `conforms`(replicas: Int, borders: [Int]) throws {
    try ExchangeConformance(replicas: replicas, borders: borders).checkAll()
  }

  @Test(arguments: 0..<12)
  func `has the same bits for random splits`(trial: Int) throws {
    let key = RandomKey(seed: 23).derived(trial)
    let replicas = 2 + key.integer(0, below: 12)
    let borders = Set((1...4).map { key.integer($0, below: replicas) }).subtracting([0]).sorted()
    try ExchangeConformance(replicas: replicas, borders: borders).checkBits()
  }

  @Test func `gathers in replica order`() throws {
    let all = try TestCluster(replicas: 4, borders: [1]).run { exchange in
      try exchange.gatherValues(
        Tensor(repeating: Float(exchange.replica), shape: [exchange.replica, 1]))
    }
    for (replica, gathered) in all.enumerated() {
      #expect(gathered.rows.elements == [1, 2, 2, 3, 3, 3])
      #expect(gathered.counts == [0, 1, 2, 3])
      #expect(gathered.mine == [0..<0, 0..<1, 1..<3, 3..<6][replica])
    }
  }

  @Test func `shares one gathered buffer per worker`() throws {
    let all = try TestCluster(replicas: 8, borders: [5]).run { exchange in
      try exchange.gatherValues(Tensor.zeros([16, 1]))
    }
    #expect(all[..<5].allSatisfy { $0.rows.storage === all[0].rows.storage })
    #expect(all[5...].allSatisfy { $0.rows.storage === all[5].rows.storage })
    #expect(all[0].rows.storage !== all[5].rows.storage)
  }

  @Test func `merges log-sum-exp pairs`() throws {
    let parts: [(Float, Float)] = [(1, 1), (3, 1.3678794), (-.infinity, 0)]
    let merged = try TestCluster(replicas: 3, borders: [2]).run { exchange in
      let (maximum, sum) = parts[exchange.replica]
      return try exchange.mergeLogSumExp(
        maxima: Tensor([maximum, -.infinity]), sums: Tensor([sum, 0])
      ).elements
    }
    for result in merged {
      #expect(abs(result[0] - 3.4076060) < 1e-6)
      #expect(result[1] == -.infinity)
    }
  }

  @Test func `merges moments as of one sample`() throws {
    let samples = Tensor.normal([30], key: RandomKey(seed: 4)).elements.map { Double($0) + 1000 }
    let merged = try TestCluster(replicas: 3).run { exchange -> [Double] in
      let start = exchange.replica * 15
      let mine = exchange.replica == 2 ? [] : samples[start..<start + 15]
      let mean = mine.isEmpty ? 0 : mine.reduce(0, +) / Double(mine.count)
      return try exchange.merge(
        [Double(mine.count), mean, mine.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }], by: .moments)
    }
    let mean = samples.reduce(0, +) / 30
    let spread = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    for result in merged {
      #expect(result[0] == 30)
      #expect(abs(result[1] - mean) < 1e-9)
      #expect(abs(result[2] - spread) < 1e-9)
    }
  }

  @Test func `gives up its permit while it waits`() throws {
    // With one permit, eight replicas only finish if waiting ones let the others compute.
    let sums = try TestCluster(replicas: 8, borders: [5], permits: 1).run { exchange -> Int in
      var total = 0
      for round in 0..<20 { total += try exchange.sum(round) }
      return total
    }
    #expect(sums == Array(repeating: 190 * 8, count: 8))
  }

  @Test func `overlaps background sums with collectives`() throws {
    let results = try TestCluster(replicas: 4, borders: [2]).run { exchange -> Bool in
      var pending: [any PendingSum] = []
      for index in 0..<10 {
        pending.append(
          try exchange.startSum(Tensor(repeating: Float(index), shape: [70_000])))
        _ = try exchange.sum(1)
      }
      return try pending.enumerated().allSatisfy { index, sum in
        try sum.wait().elements.allSatisfy { $0 == Float(index * 4) }
      }
    }
    #expect(results.allSatisfy { $0 })
  }
}
