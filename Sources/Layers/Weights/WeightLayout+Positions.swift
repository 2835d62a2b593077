import Data
import Tensors

extension WeightLayout {
  /// Brings the position embedding of an imported model to another size of images, as timm and
  /// OpenCLIP do: bicubic, averaging where the grid shrinks; the class token's row stays.
  ///
  /// Throws `WeightsError`.
  func resample(
    _ conversion: inout WeightConversion, in scope: String, to size: (height: Int, width: Int),
    file: String
  ) throws {
    func refuse(_ problem: String, _ advice: String) -> WeightsError {
      WeightsError(file: file, problem: problem, advice: advice)
    }
    guard let positions else {
      throw refuse("is \(name), which has no positions to resample", "Name no image size")
    }
    let above = scope.isEmpty ? "" : "\(scope)."
    guard let place = conversion.items.firstIndex(where: { $0.name == above + positions.table }),
      let patches = conversion.items.first(where: { $0.name == above + positions.patches })
    else { throw refuse("has no image tower", "Name no image size") }
    let patch = patches.tensor.shape[2]
    guard size.height % patch == 0, size.width % patch == 0, size.height > 0, size.width > 0 else {
      throw refuse(
        "has patches of \(patch) pixels, of which \(size.height)×\(size.width) is no multiple",
        "Name another image size")
    }
    let table = conversion.items[place].tensor
    let (rows, width) = (table.shape[table.rank - 2], table.shape[table.rank - 1])
    let first = conversion.items.contains { $0.name == above + positions.classToken } ? 1 : 0
    let side = Int(Double(rows - first).squareRoot().rounded())
    guard side * side == rows - first, side > 0 else {
      throw refuse(
        "has positions of \(rows - first) patches, which are no square grid",
        "Import it without an image size, for images of its own size")
    }
    let target = [size.height / patch, size.width / patch]
    guard target != [side, side] else { return }
    let values = table.elements
    let head = Array(values[..<(first * width)])
    let grid = resampled(Array(values[(first * width)...]), [side, side, width], to: target)
    let shape = table.shape.dropLast(2) + [first + target[0] * target[1], width]
    conversion.items[place].tensor = Tensor(head + grid, shape: Array(shape))
    conversion.resampled = ([side, side], target)
  }

  /// [rows, columns, width] → [target rows, target columns, width].
  private func resampled(_ values: [Float], _ shape: [Int], to target: [Int]) -> [Float] {
    let (rows, columns, width) = (shape[0], shape[1], shape[2])
    let across = Self.taps(from: columns, to: target[1])
    var wide = [Float](repeating: 0, count: rows * target[1] * width)
    for row in 0..<rows {
      for (column, taps) in across.enumerated() {
        for (source, weight) in taps {
          for channel in 0..<width {
            wide[(row * target[1] + column) * width + channel] +=
              weight * values[(row * columns + source) * width + channel]
          }
        }
      }
    }
    let line = target[1] * width
    var result = [Float](repeating: 0, count: target[0] * line)
    for (row, taps) in Self.taps(from: rows, to: target[0]).enumerated() {
      for (source, weight) in taps {
        for place in 0..<line { result[row * line + place] += weight * wide[source * line + place] }
      }
    }
    return result
  }

  /// For each output the inputs it is made of and their weights, which add up to 1.
  private static func taps(from inputs: Int, to outputs: Int) -> [[(Int, Float)]] {
    let filter = ResamplingFilter.bicubic
    let scale = Float(inputs) / Float(outputs)
    let stretch = max(scale, 1)
    let support = filter.support * stretch
    return (0..<outputs).map { output in
      let center = scale * (Float(output) + 0.5)
      let first = max(0, Int(center - support + 0.5))
      let last = min(inputs, Int(center + support + 0.5))
      let weights = (first..<last).map { filter.weight((Float($0) + 0.5 - center) / stretch) }
      let sum = weights.reduce(0, +)
      return zip(first..<last, weights).map { ($0, $1 / sum) }
    }
  }
}
