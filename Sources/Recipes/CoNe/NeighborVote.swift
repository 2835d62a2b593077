import Tensors

/// Classifies rows by the classes of their nearest neighbours: each has one vote, and of classes with
/// as many the one with the nearest neighbour wins.
package struct NeighborVote: Sendable {
  private let bank: Tensor  // [m, d]
  private let labels: [Int]
  private let neighbors: Int

  /// Rows of one product; fixed, so that votes do not depend on memory or hosting.
  private static let tileRows = 64

  /// Shapes: bank [m, d], unit rows. Precondition: a label for each row, at least one row.
  package init(bank: Tensor, labels: [Int], neighbors: Int) {
    precondition(
      bank.shape[0] == labels.count && !labels.isEmpty && neighbors >= 1,
      "NeighborVote: \(neighbors) neighbours, bank \(bank.shape), \(labels.count) labels")
    (self.bank, self.labels, self.neighbors) = (bank, labels, neighbors)
  }

  /// Places in the bank, the nearest first; of equally near ones the first in the bank.
  ///
  /// Shapes: rows [n, d]. `excluded`: A place for each row that does not count, its own.
  package func nearest(to rows: Tensor, excluding excluded: [Int]? = nil) -> [[Int]] {
    let asked = min(labels.count, neighbors + (excluded == nil ? 0 : 1))
    return stride(from: 0, to: rows.shape[0], by: Self.tileRows).flatMap { first in
      let range = first..<min(first + Self.tileRows, rows.shape[0])
      let places = matmul(rows.rows(range), bank.transposed).topK(asked).indices.elements
      return range.map { row in
        let own = places[(row - first) * asked..<(row - first + 1) * asked].map { Int($0) }
        return Array(own.filter { $0 != excluded?[row] }.prefix(neighbors))
      }
    }
  }

  /// The class that each row's neighbours vote for.
  package func classes(of rows: Tensor, excluding excluded: [Int]? = nil) -> [Int] {
    nearest(to: rows, excluding: excluded).map { places in
      let votes = places.map { labels[$0] }
      let counts = Dictionary(votes.map { ($0, 1) }, uniquingKeysWith: +)
      let most = counts.values.max() ?? 0
      return votes.first { counts[$0] == most } ?? -1
    }
  }
}
