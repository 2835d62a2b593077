import Collectives
import Tensors

/// How often the right answer is among the k best of a ranking, summed over replicas.
public struct RetrievalTally: Sendable, Equatable {
  /// The k of each count, ascending.
  public let depths: [Int]
  public private(set) var hits: [Int]
  public private(set) var queries = 0

  public init(depths: [Int] = [1, 5, 10]) {
    self.depths = depths
    hits = Array(repeating: 0, count: depths.count)
  }

  /// Ranks the columns of each row, highest score first, ties to the lowest column.
  ///
  /// - `scores`: [queries, candidates].
  /// - `isRight`: Whether a candidate answers a query; a query with several right answers counts
  ///   at the rank of the best of them, one without any never.
  public mutating func add(scores: Tensor, isRight: (_ query: Int, _ candidate: Int) -> Bool) {
    precondition(scores.rank == 2, "RetrievalTally: scores \(scores.shape)")
    let columns = scores.shape[1]
    scores.withUnsafeElements { all in
      for query in 0..<scores.shape[0] {
        let row = UnsafeBufferPointer(rebasing: all[query * columns..<(query + 1) * columns])
        queries += 1
        guard let rank = Self.bestRank(row, isRight: { isRight(query, $0) }) else { continue }
        for (index, depth) in depths.enumerated() where rank < depth { hits[index] += 1 }
      }
    }
  }

  /// Throws: `ExchangeError`.
  public func summed(over exchange: any Exchange) throws -> RetrievalTally {
    let sums = try exchange.sum((hits + [queries]).map { Double($0) })
    var result = self
    result.hits = sums.dropLast().map { Int($0) }
    result.queries = sums.last.map { Int($0) } ?? 0
    return result
  }

  /// R@k for each depth; 0 without queries.
  public var recalls: [Double] {
    hits.map { queries == 0 ? 0 : Double($0) / Double(queries) }
  }

  private static func bestRank(
    _ row: UnsafeBufferPointer<Float>, isRight: (Int) -> Bool
  ) -> Int? {
    var best: Int?
    for column in row.indices where isRight(column) {
      guard let other = best else {
        best = column
        continue
      }
      if row[column] > row[other] { best = column }
    }
    guard let best else { return nil }
    var rank = 0
    for column in row.indices
    where row[column] > row[best] || (row[column] == row[best] && column < best) { rank += 1 }
    return rank
  }
}
