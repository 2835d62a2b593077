import Collectives
import Tensors

/// How often each class was taken for each other: whole numbers that add up over batches and
/// replicas, so scores of a distributed evaluation are exact.
public struct ConfusionMatrix: Sendable, Equatable {
  public let classes: Int
  /// [truth, prediction], row-major.
  public private(set) var counts: [Int]

  public init(classes: Int) {
    precondition(classes >= 1, "ConfusionMatrix: \(classes) classes")
    self.classes = classes
    counts = Array(repeating: 0, count: classes * classes)
  }

  /// Counts every element whose truth is not `ignoring`.
  ///
  /// Shapes: both of one shape. Precondition: predictions and counted truths are below `classes`.
  public mutating func add(prediction: ByteTensor, truth: ByteTensor, ignoring: UInt8 = 255) {
    precondition(
      prediction.shape == truth.shape,
      "ConfusionMatrix: prediction \(prediction.shape), truth \(truth.shape)")
    prediction.withUnsafeElements { predicted in
      truth.withUnsafeElements { wanted in
        for index in wanted.indices where wanted[index] != ignoring {
          precondition(
            wanted[index] < classes && predicted[index] < classes,
            "ConfusionMatrix: \(predicted[index]) for \(wanted[index]) of \(classes) classes")
          counts[Int(wanted[index]) * classes + Int(predicted[index])] += 1
        }
      }
    }
  }

  /// The sum over all replicas, exact up to 2⁵³ elements.
  ///
  /// Throws: `ExchangeError`.
  public func summed(over exchange: any Exchange) throws -> ConfusionMatrix {
    var sum = self
    sum.counts = try exchange.sum(counts.map { Double($0) }).map { Int($0) }
    return sum
  }

  /// Intersection over union of each class; `nil` for one that neither truth nor prediction has.
  public var intersectionOverUnion: [Double?] {
    (0..<classes).map { own in
      let both = counts[own * classes + own]
      let union = (0..<classes).reduce(-both) {
        $0 + counts[own * classes + $1] + counts[$1 * classes + own]
      }
      return union == 0 ? nil : Double(both) / Double(union)
    }
  }

  /// Mean over the classes that occur; 0 if none does.
  public var meanIntersectionOverUnion: Double {
    let known = intersectionOverUnion.compactMap { $0 }
    return known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
  }

  /// Σ (n_c / n) P_c over the classes, n_c the true count; a class that is never predicted has P = 0.
  public var weightedPrecision: Double { weighted { precision($0) } }

  /// Σ (n_c / n) R_c, which is the accuracy.
  public var weightedRecall: Double { weighted { recall($0) } }

  /// Σ (n_c / n) F_c, F the harmonic mean of precision and recall.
  public var weightedF1: Double {
    weighted { own in
      let (p, r) = (precision(own), recall(own))
      return p + r > 0 ? 2 * p * r / (p + r) : 0
    }
  }

  private func precision(_ own: Int) -> Double {
    let predicted = (0..<classes).reduce(0) { $0 + counts[$1 * classes + own] }
    return predicted == 0 ? 0 : Double(counts[own * classes + own]) / Double(predicted)
  }

  private func recall(_ own: Int) -> Double {
    let wanted = truths(own)
    return wanted == 0 ? 0 : Double(counts[own * classes + own]) / Double(wanted)
  }

  private func truths(_ own: Int) -> Int {
    (0..<classes).reduce(0) { $0 + counts[own * classes + $1] }
  }

  /// 0 without elements.
  private func weighted(_ value: (Int) -> Double) -> Double {
    let all = counts.reduce(0, +)
    guard all > 0 else { return 0 }
    return (0..<classes).reduce(0) { $0 + Double(truths($1)) * value($1) } / Double(all)
  }

  /// The fraction of elements whose class was found; 0 without elements.
  public var accuracy: Double {
    let all = counts.reduce(0, +)
    let right = (0..<classes).reduce(0) { $0 + counts[$1 * classes + $1] }
    return all == 0 ? 0 : Double(right) / Double(all)
  }
}
