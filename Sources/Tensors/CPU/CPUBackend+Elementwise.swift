import CKernels

extension CPUBackend {
  package func unary(_ f: UnaryOperation, _ p: Float, _ q: Float, _ x: Tensor, into y: Tensor) {
    mk_unary_f32(f.rawValue, p, q, x.pointer, y.pointer, Int64(y.count))
  }

  package func unaryGradient(
    _ f: UnaryOperation, _ p: Float, _ q: Float, _ x: Tensor, _ dy: Tensor, into dx: Tensor
  ) {
    mk_unary_gradient_f32(f.rawValue, p, q, x.pointer, dy.pointer, dx.pointer, Int64(dx.count))
  }

  package func binary(_ f: BinaryOperation, _ a: Tensor, _ b: Tensor, into y: Tensor) {
    mk_binary_f32(f.rawValue, a.pointer, b.pointer, y.pointer, Int64(y.count))
  }

  package func binary(_ f: BinaryOperation, _ a: Tensor, scalar b: Float, into y: Tensor) {
    mk_binary_scalar_f32(f.rawValue, a.pointer, b, y.pointer, Int64(y.count))
  }

  package func binary(_ f: BinaryOperation, _ a: Tensor, row b: Tensor, into y: Tensor) {
    let columns = max(1, b.count)
    mk_binary_row_f32(
      f.rawValue, a.pointer, b.pointer, y.pointer, Int64(y.count / columns), Int64(b.count))
  }

  package func binary(_ f: BinaryOperation, _ a: Tensor, column b: Tensor, into y: Tensor) {
    let rows = max(1, b.count)
    mk_binary_column_f32(
      f.rawValue, a.pointer, b.pointer, y.pointer, Int64(b.count), Int64(y.count / rows))
  }

  package func compare(_ f: Comparison, _ a: Tensor, _ b: Tensor, into y: ByteTensor) {
    mk_compare_f32(f.rawValue, a.pointer, b.pointer, y.pointer, Int64(y.count))
  }

  package func compare(_ f: Comparison, _ a: Tensor, _ b: Float, into y: ByteTensor) {
    mk_compare_scalar_f32(f.rawValue, a.pointer, b, y.pointer, Int64(y.count))
  }

  package func select(_ mask: ByteTensor, _ a: Choice, _ b: Choice, into y: Tensor) {
    let columns = max(1, mask.count)
    mk_select_f32(
      mask.pointer, a.pointer, a.value, b.pointer, b.value, y.pointer, Int64(y.count / columns),
      Int64(columns))
  }

  package func allFinite(_ x: Tensor) -> Bool { mk_all_finite_f32(x.pointer, Int64(x.count)) }
}

extension Choice {
  fileprivate var pointer: UnsafeMutablePointer<Float>? {
    if case .tensor(let tensor) = self { tensor.pointer } else { nil }
  }

  fileprivate var value: Float {
    if case .constant(let value) = self { value } else { 0 }
  }
}
