/// The smallest, the middle and the largest of some whole numbers.
public struct Distribution: Hashable, Sendable, Encodable {
  public let min: Int
  /// Of an even number of values the lower one in the middle.
  public let median: Int
  public let max: Int

  /// nil for no values.
  init?(_ values: [Int]) {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    (min, median, max) = (first, sorted[(sorted.count - 1) / 2], last)
  }
}

/// Mean and standard deviation of many values, added group by group.
struct Moments: Sendable {
  private var count = 0.0
  private(set) var mean = 0.0
  private var squares = 0.0  // of distances from the mean

  /// Adds values by their count, mean and sum of squared distances from it.
  mutating func add(count other: Double, mean otherMean: Double, squares otherSquares: Double) {
    guard other > 0 else { return }
    let whole = count + other
    let distance = otherMean - mean
    squares += otherSquares + distance * distance * count * other / whole
    mean += distance * other / whole
    count = whole
  }

  mutating func add(_ values: some Sequence<Float>) {
    var (number, sum) = (0.0, 0.0)
    for value in values {
      number += 1
      sum += Double(value)
    }
    guard number > 0 else { return }
    let middle = sum / number
    let spread = values.reduce(0.0) { $0 + (Double($1) - middle) * (Double($1) - middle) }
    add(count: number, mean: middle, squares: spread)
  }

  /// Of all values, not of a sample of them; 0 without any.
  var standardDeviation: Double { count > 0 ? (squares / count).squareRoot() : 0 }
  var isEmpty: Bool { count == 0 }
}
