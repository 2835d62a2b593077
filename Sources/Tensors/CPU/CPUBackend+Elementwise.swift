import CKernels

extension CPUBackend {
  package func unary(_ f: UnaryOperation, parameter: Float, _ x: Tensor, into y: Tensor) {
    mk_unary_f32(f.rawValue, parameter, x.pointer, y.pointer, Int64(y.count))
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
}
