import Collectives
import Layers
import Tensors

/// What the key encoder made of the last K samples, with their labels and predictions; the same on all
/// replicas. The order is that of the global batches.
package struct NeighborQueue: Sendable {
  private let features: State  // [K, d]
  private let labels: State  // [K]
  private let distributions: State  // [K, C]
  /// Where the next batch goes.
  private let pointer: State  // [1]
  /// Places that have been written.
  private let filled: State  // [1]

  package let length: Int

  package init(length: Int, dimension: Int, classes: Int, in scope: inout Scope) {
    self.length = length
    features = scope.state("queue", [length, dimension], layout: .transposed)
    labels = scope.state("queue_label", [length], layout: .counter)
    distributions = scope.state("queue_label_prob", [length, classes], layout: .transposed)
    pointer = scope.state("queue_ptr", [1], layout: .counter)
    filled = scope.state("queue_filled", [1], layout: .counter)
  }

  /// Whether every place holds a sample.
  package var isFull: Bool { Int(filled.value.elements[0]) == length }

  /// Precondition for all three: `isFull`, or they hold zeros.
  package var keys: Tensor { features.value }
  package var classes: IntTensor { IntTensor(labels.value.elements.map { Int32($0) }) }
  package var predictions: Tensor { distributions.value }

  /// Puts the samples of all replicas in place of the oldest.
  ///
  /// Shapes: keys [n, d], classes [n], predictions [n, C].
  /// Throws: `ExchangeError`.
  package func enqueue(
    keys: Tensor, classes: IntTensor, predictions: Tensor, over exchange: any Exchange
  ) throws {
    let keys = try exchange.gatherValues(keys.detached).rows
    let classes = try exchange.gatherValues(classes).rows
    let predictions = try exchange.gatherValues(predictions.detached).rows
    let (place, count) = (Int(pointer.value.elements[0]), keys.shape[0])
    withoutRecording {
      features.write(replacing(features.value, at: place, with: keys))
      labels.write(replacing(labels.value, at: place, with: Tensor(classes)))
      distributions.write(replacing(distributions.value, at: place, with: predictions))
      pointer.write(Tensor([Float((place + count) % length)]))
      filled.write(Tensor([Float(min(length, Int(filled.value.elements[0]) + count))]))
    }
  }

  /// Rows from `place` on, and from the first on where they reach the end.
  private func replacing(_ old: Tensor, at place: Int, with new: Tensor) -> Tensor {
    let count = new.shape[0]
    let first = min(count, length - place)
    return concatenated([
      new.rows(first..<count), old.rows(count - first..<place), new.rows(0..<first),
      old.rows(place + first..<length),
    ])
  }
}
