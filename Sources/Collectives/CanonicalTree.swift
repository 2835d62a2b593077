/// The one order of additions over replicas: a binary tree whose node (level l, index i) covers the
/// replicas [i·2^l, min((i+1)·2^l, R)) and has the value left + right, or left where right is empty.
///
/// A pure plan. Whoever performs the additions, and however the replicas are spread, each node has
/// the same bits, because a worker only merges subtrees that it hosts whole.
package struct CanonicalTree: Equatable, Sendable {
  package struct Node: Hashable, Sendable {
    package let level: Int
    package let index: Int

    package init(level: Int, index: Int) {
      self.level = level
      self.index = index
    }
  }

  package let leaves: Int

  /// Precondition: at least one leaf.
  package init(leaves: Int) {
    precondition(leaves >= 1, "CanonicalTree: \(leaves) leaves")
    self.leaves = leaves
  }

  package var root: Node {
    Node(level: Int.bitWidth - (leaves - 1).leadingZeroBitCount, index: 0)
  }

  /// The replicas under a node; empty where the tree is cut off.
  package func range(of node: Node) -> Range<Int> {
    let start = min(node.index << node.level, leaves)
    return start..<min((node.index + 1) << node.level, leaves)
  }

  /// The largest whole subtrees of a contiguous range, in order: O(log R) of them.
  ///
  /// A cut-off subtree has the same value at several levels; the highest level names it.
  package func aligned(in range: Range<Int>) -> [Node] {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= leaves, "aligned: \(range) of \(leaves) leaves")
    var nodes: [Node] = []
    var start = range.lowerBound
    while start < range.upperBound {
      var level = 0
      while level < root.level, start % (2 << level) == 0,
        min(start + (2 << level), leaves) <= range.upperBound
      {
        level += 1
      }
      nodes.append(Node(level: level, index: start >> level))
      start = min(start + (1 << level), leaves)
    }
    return nodes
  }

  /// The parent of `node` and the other child, `nil` where that is empty; `nil` at the root.
  package func parent(of node: Node) -> (node: Node, sibling: Node?)? {
    guard node.level < root.level else { return nil }
    let sibling = Node(level: node.level, index: node.index ^ 1)
    return (
      Node(level: node.level + 1, index: node.index >> 1),
      range(of: sibling).isEmpty ? nil : sibling
    )
  }

  /// The root's value from values of whole subtrees that together cover all leaves.
  package func finish<Value>(
    _ parts: [Node: Value], merge: (Value, Value) throws -> Value
  ) rethrows -> Value {
    try value(of: root, parts, merge)
  }

  /// Values of the largest whole subtrees of `range`, from one value per leaf of it.
  package func partials<Value>(
    of values: [Value], over range: Range<Int>, merge: (Value, Value) throws -> Value
  ) rethrows -> [Node: Value] {
    var leafValues: [Node: Value] = [:]
    for (leaf, value) in zip(range, values) { leafValues[Node(level: 0, index: leaf)] = value }
    var result: [Node: Value] = [:]
    for node in aligned(in: range) { result[node] = try value(of: node, leafValues, merge) }
    return result
  }

  private func value<Value>(
    of node: Node, _ parts: [Node: Value], _ merge: (Value, Value) throws -> Value
  ) rethrows -> Value {
    if let part = parts[node] { return part }
    precondition(node.level > 0, "CanonicalTree: no value for replica \(node.index)")
    let left = Node(level: node.level - 1, index: node.index * 2)
    let right = Node(level: node.level - 1, index: node.index * 2 + 1)
    let first = try value(of: left, parts, merge)
    return range(of: right).isEmpty ? first : try merge(first, value(of: right, parts, merge))
  }
}
