import Tensors

/// The fast gradient method's perturbations, r = ε g / ‖g‖ (Miyato et al. 2017); 0 where the gradient
/// is.
package enum Perturbation {
  /// A norm for each sample; words that are padding stay where they are.
  ///
  /// Norms are of g over its largest element, so that tiny gradients have a direction too.
  /// Shapes: gradient [B, L, d], `isReal` [B, L] → [B, L, d], a constant.
  package static func ofSamples(_ gradient: Tensor, isReal: ByteTensor, epsilon: Float) -> Tensor {
    let (length, width) = (gradient.shape[1], gradient.shape[2])
    let (values, real) = (gradient.elements, isReal.elements)
    var result = [Float](repeating: 0, count: values.count)
    for sample in 0..<gradient.shape[0] {
      let words = (sample * length..<(sample + 1) * length).filter { real[$0] != 0 }
      scale(values, words.map { $0 * width..<($0 + 1) * width }, epsilon, into: &result)
    }
    return Tensor(result, shape: gradient.shape)
  }

  /// One norm of a whole table's gradient.
  package static func ofTable(_ gradient: Tensor, epsilon: Float) -> Tensor {
    let values = gradient.elements
    var result = [Float](repeating: 0, count: values.count)
    scale(values, [values.indices], epsilon, into: &result)
    return Tensor(result, shape: gradient.shape)
  }

  private static func scale(
    _ values: [Float], _ ranges: [Range<Int>], _ epsilon: Float, into result: inout [Float]
  ) {
    var largest: Float = 0
    for range in ranges { for place in range { largest = max(largest, abs(values[place])) } }
    guard largest > 0, largest.isFinite else { return }
    var squares = 0.0
    for range in ranges {
      for place in range {
        let value = Double(values[place] / largest)
        squares += value * value
      }
    }
    let factor = epsilon / Float(squares.squareRoot())
    for range in ranges {
      for place in range { result[place] = values[place] / largest * factor }
    }
  }
}
