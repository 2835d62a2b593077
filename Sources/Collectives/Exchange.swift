import Tensors

/// What one replica sees of the others: collectives over all replicas of the job, in replica order
/// and by the canonical tree, so that results are the same to the bit whoever hosts whom.
///
/// Every replica calls the same collectives in the same order; one that differs gets
/// `ExchangeError.mismatch`, never a hang. Requirements move values only; the recorded forms with
/// gradients (`gather`, `sum`) are extensions below. Zero rows are legal everywhere.
///
/// Throws, in all of them: `ExchangeError`.
public protocol Exchange: AnyObject, Sendable {
  /// This replica's index, in 0 ..< `replicas`.
  var replica: Int { get }
  /// How many replicas the job has; fixed for its life.
  var replicas: Int { get }

  /// Rows of all replicas in replica order, in one buffer shared by the replicas of a worker.
  ///
  /// Shapes: [n, …] → [Σn, …]; n may differ by replica, the other axes may not.
  func gatherValues(_ rows: Tensor) throws -> Gathered

  /// Integers of all replicas in replica order.
  func gatherValues(_ rows: IntTensor) throws -> GatheredIntegers

  /// Element-wise merge over replicas by the canonical tree, in float64.
  func merge(_ values: [Double], by merge: Merge) throws -> [Double]

  /// Element-wise sum over replicas by the canonical tree, in float32; equal shapes everywhere.
  func sumValues(_ values: Tensor) throws -> Tensor

  /// Sum over replicas of `values`, of which each replica gets its own rows: the adjoint of
  /// `gatherValues`.
  ///
  /// Shapes: [Σn, …] → [n, …]; `counts` are the rows of each replica.
  func sumScatter(_ values: Tensor, counts: [Int]) throws -> Tensor

  /// Merges (maximum, Σ exp(z − maximum)) pairs over replicas by the canonical tree.
  ///
  /// Shapes: both [n], equal everywhere → log Σ exp over all replicas [n]; −∞ where all were empty.
  func mergeLogSumExp(maxima: Tensor, sums: Tensor) throws -> Tensor

  /// Starts a sum over replicas that goes on in the background while this replica computes.
  ///
  /// Sums are matched by the order of their start, in a sequence of their own.
  func startSum(_ values: Tensor) throws -> PendingSum
}

/// A sum on its way; see `Exchange.startSum`.
public protocol PendingSum: AnyObject {
  /// The sum, in one buffer shared by the replicas of a worker. Blocks; may be called once.
  func wait() throws -> Tensor
}

/// Rows of all replicas.
public struct Gathered: Sendable {
  /// [Σn, …], replica order.
  public let rows: Tensor
  /// Rows of each replica.
  public let counts: [Int]
  /// This replica's rows within `rows`.
  public let mine: Range<Int>

  public init(rows: Tensor, counts: [Int], replica: Int) {
    self.rows = rows
    self.counts = counts
    let start = counts[..<replica].reduce(0, +)
    mine = start..<start + counts[replica]
  }
}

/// Integers of all replicas.
public struct GatheredIntegers: Sendable {
  public let rows: IntTensor
  public let counts: [Int]
  public let mine: Range<Int>

  public init(rows: IntTensor, counts: [Int], replica: Int) {
    self.rows = rows
    self.counts = counts
    let start = counts[..<replica].reduce(0, +)
    mine = start..<start + counts[replica]
  }
}

/// How two partial results become one, element by element or in groups of neighbouring elements.
public enum Merge: UInt8, Sendable {
  /// a + b
  case sum
  /// max(a, b)
  case maximum
  /// Triples (count, mean, M2 = Σ(x − mean)²), merged as Chan et al. 1979 do.
  case moments
}

/// Why a collective did not give its result.
public enum ExchangeError: Error, Equatable, CustomStringConvertible {
  /// The membership changed; the step is run again in the next generation.
  case generationEnded
  /// Another replica failed and this step cannot complete; it says why.
  case aborted(replica: Int, reason: String)
  /// Two replicas called different collectives, or with shapes that cannot match.
  case mismatch(first: String, second: String)
  /// The worker that hosts `replica` begins the step with another state than this one.
  case stateDiffers(replica: Int)

  /// The replica whose worker begins with another state, if that is the error.
  package var differingReplica: Int? {
    if case .stateDiffers(let replica) = self { replica } else { nil }
  }

  public var description: String {
    switch self {
    case .generationEnded: "the membership changed during the step"
    case .aborted(let replica, let reason): "replica \(replica) failed: \(reason)"
    case .mismatch(let first, let second):
      "replicas called collectives that do not match: \(first); \(second)"
    case .stateDiffers(let replica):
      "the worker of replica \(replica) begins the step with another state"
    }
  }
}

extension Exchange {
  /// Rows of all replicas in replica order.
  ///
  /// Shapes: [n, …] → [Σn, …]. Gradient: cotangents are summed over replicas by the canonical tree
  /// and each replica gets its rows back.
  public func gather(_ rows: Tensor) throws -> Gathered {
    let values = try gatherValues(rows.detached)
    let counts = values.counts
    let recorded = values.rows.recorded(from: [rows], always: true) { [self] dy in
      [try scatterSumRecorded(dy, counts: counts)]
    }
    return Gathered(rows: recorded, counts: counts, replica: replica)
  }

  private func scatterSumRecorded(_ values: Tensor, counts: [Int]) throws -> Tensor {
    try sumScatter(values.detached, counts: counts).recorded(from: [values], always: true) {
      [self] dy in [try gather(dy).rows]
    }
  }

  /// Σ over replicas, the same on all of them. Gradient: cotangents are summed likewise.
  public func sum(_ values: Tensor) throws -> Tensor {
    try sumValues(values.detached).recorded(from: [values], always: true) { [self] dy in
      [try sum(dy)]
    }
  }

  /// Σ of counts over replicas, exact up to 2⁵³.
  public func sum(_ count: Int) throws -> Int {
    Int(try merge([Double(count)], by: .sum)[0])
  }

  /// Σ of float64 values over replicas.
  public func sum(_ values: [Double]) throws -> [Double] { try merge(values, by: .sum) }
}
