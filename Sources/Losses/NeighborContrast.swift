import Collectives
import Tensors

/// Contrasts each row with its nearest neighbours in a queue only: those of its own class are
/// positives, the others negatives (CoNe, Zheng et al. 2023).
///
/// With N_i the k columns of the queue most similar to q_i, w_ij = softmax over N_i of q_i·Q_j / T and
/// g_i = Σ w_ij over the neighbours of class y_i, L = −1/B Σ log gᵢ. The logarithm is of the sum. Rows
/// whose g is 10⁻⁸ or less, those without a positive among them, contribute 0 and count in B. The
/// gradient reaches `query` alone. Enqueue after this, or a row is its own neighbour.
///
/// Shapes: `query` [n, d], `queue` [K, d], unit rows; labels [n] and [K]. The queue is the same on all
/// replicas.
public struct NeighborContrast: Sendable {
  /// k.
  public var neighbors: Int
  /// T.
  public var temperature: Float

  /// Rows with less of their weight on positives are left out.
  private static let leastShare: Float = 1e-8

  public init(neighbors: Int = 512, temperature: Float = 0.1) {
    self.neighbors = neighbors
    self.temperature = temperature
  }

  /// Throws: `LossError`, `ExchangeError`.
  public func callAsFunction(
    query: Tensor, labels: IntTensor, queue: Tensor, queueLabels: IntTensor,
    over exchange: any Exchange
  ) throws -> GlobalLoss {
    try self.loss(
      ofLogShares: logShares(
        query: query, labels: labels, queue: queue, queueLabels: queueLabels),
      over: exchange)
  }

  /// log g: [n], −∞ for a row without a positive neighbour.
  ///
  /// Throws: `LossError`.
  public func logShares(
    query: Tensor, labels: IntTensor, queue: Tensor, queueLabels: IntTensor
  ) throws -> Tensor {
    precondition(
      query.rank == 2 && labels.shape == [query.shape[0]] && queue.rank == 2
        && queue.shape[1] == query.shape[1] && queueLabels.shape == [queue.shape[0]],
      "NeighborContrast: query \(query.shape), labels \(labels.shape), queue \(queue.shape), "
        + "queueLabels \(queueLabels.shape)")
    precondition(
      neighbors >= 1 && neighbors <= queue.shape[0],
      "NeighborContrast: \(neighbors) neighbours in a queue of \(queue.shape[0])")
    try checkRows(query, "NeighborContrast", "query", unit: true)
    try checkTemperature(temperature, "NeighborContrast")
    // Ties go to the lowest place of the queue.
    let (similarities, places) = matmul(query, queue.detached.transposed).topK(neighbors)
    let weights = logSoftmax(similarities / temperature)
    let positives = Self.areEqual(places, queueLabels, labels)
    return logSumExp(select(positives, weights, -.infinity))
  }

  /// −1/B Σ of the rows' log g that count.
  ///
  /// Throws: `ExchangeError`.
  public func loss(
    ofLogShares logShares: Tensor, over exchange: any Exchange
  ) throws -> GlobalLoss {
    let counted = greater(exp(logShares.detached), Self.leastShare)
    return try GlobalLoss.mean(
      of: -select(counted, logShares, 0).sum(), count: logShares.count, over: exchange)
  }

  /// Whether the neighbour at each place has its row's class: [n, k].
  private static func areEqual(
    _ places: IntTensor, _ queueLabels: IntTensor, _ labels: IntTensor
  ) -> ByteTensor {
    let width = places.shape[1]
    let (all, own) = (queueLabels.elements, labels.elements)
    return ByteTensor(shape: places.shape) { out in
      places.withUnsafeElements { places in
        for (index, place) in places.enumerated() {
          out[index] = all[Int(place)] == own[index / width] ? 1 : 0
        }
      }
    }
  }
}

func checkTemperature(_ temperature: Float, _ loss: String) throws {
  guard temperature > 0, temperature.isFinite else {
    throw LossError.outOfRange(loss: loss, setting: "temperature", value: temperature)
  }
}
