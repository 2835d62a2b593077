import Synchronization
import Tensors

/// Merges contributions of hosted replicas as they come, along the canonical tree: whoever brings
/// the second child of a node merges both, so at most O(log R) partial results are held.
package final class TreeAccumulator<Value: Sendable>: Sendable {
  private let tree: CanonicalTree
  private let hosted: Range<Int>
  private let merge: @Sendable (Value, Value) -> Value
  private let parts = Mutex<[CanonicalTree.Node: Value]>([:])

  /// `hosted`: the replicas of this worker, which all post; `merge`: left and right into one.
  package init(
    tree: CanonicalTree, hosted: Range<Int>, merge: @escaping @Sendable (Value, Value) -> Value
  ) {
    self.tree = tree
    self.hosted = hosted
    self.merge = merge
  }

  /// Adds one replica's contribution. Any thread, each replica once.
  package func post(_ value: Value, from replica: Int) {
    var node = CanonicalTree.Node(level: 0, index: replica)
    var value = value
    while let (parent, sibling) = tree.parent(of: node) {
      let covered = tree.range(of: parent)
      guard covered.lowerBound >= hosted.lowerBound, covered.upperBound <= hosted.upperBound else {
        break
      }
      if let sibling {
        let other = parts.withLock { parts in
          let other = parts.removeValue(forKey: sibling)
          if other == nil { parts[node] = value }
          return other
        }
        guard let other else { return }
        value = node.index % 2 == 0 ? merge(value, other) : merge(other, value)
      }
      node = parent
    }
    parts.withLock { $0[node] = value }
  }

  /// The largest whole subtrees in replica order. All hosted replicas must have posted.
  package func take() -> [CanonicalTree.Node: Value] {
    parts.withLock { parts in
      defer { parts = [:] }
      return parts
    }
  }

  /// Whether every hosted replica's contribution has reached its subtree.
  var isComplete: Bool {
    let nodes = tree.aligned(in: hosted)
    return parts.withLock { parts in
      parts.count == nodes.count && nodes.allSatisfy { parts[$0] != nil }
    }
  }

}

extension TreeAccumulator where Value == Tensor {
  /// a + b in fresh memory. Contiguous, equal shapes.
  @Sendable static func add(_ a: Tensor, _ b: Tensor) -> Tensor {
    let y = Tensor(uninitialized: a.shape, on: a.storage.device)
    a.backend.binary(.add, a, b, into: y)
    return y
  }

  /// Merges [2, n] blocks: row 0 the maxima, row 1 Σ exp(z − maximum).
  ///
  /// Where both sides are empty (−∞, 0) the maximum is lifted to a finite number, so that −∞ − −∞
  /// is never formed; the sum stays 0 and its logarithm −∞.
  @Sendable static func mergeLogSumExp(_ a: Tensor, _ b: Tensor) -> Tensor {
    let count = a.shape[1]
    let y = Tensor(uninitialized: [2, count])
    func row(_ x: Tensor, _ index: Int) -> Tensor {
      Tensor(viewing: x.storage, byteOffset: (x.offset + index * count) * 4, shape: [count])
    }
    let (maximum, sum) = (row(y, 0), row(y, 1))
    let backend = y.backend
    backend.binary(.maximum, row(a, 0), row(b, 0), into: maximum)
    backend.binary(.maximum, maximum, scalar: -Float.greatestFiniteMagnitude, into: maximum)
    func scaled(_ x: Tensor) -> Tensor {
      let factor = Tensor(uninitialized: [count])
      backend.binary(.subtract, row(x, 0), maximum, into: factor)
      backend.unary(.exp, 0, 0, factor, into: factor)
      backend.binary(.multiply, factor, row(x, 1), into: factor)
      return factor
    }
    backend.binary(.add, scaled(a), scaled(b), into: sum)
    return y
  }
}
