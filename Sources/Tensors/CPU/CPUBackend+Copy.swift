import CKernels

extension CPUBackend {
  package func copy(strided x: Tensor, into y: Tensor) {
    mk_copy_strided_f32(
      x.pointer, x.shape.map(Int64.init), x.strides.map(Int64.init), Int32(x.rank), y.pointer)
  }

  package func sum(_ x: Tensor, overLeading rows: Int, into y: Tensor) {
    mk_sum_rows_f32(x.pointer, y.pointer, Int64(rows), Int64(y.count))
  }

  package func fillUniform(_ key: RandomKey, into y: Tensor) {
    mk_fill_uniform_f32(key.key, key.stream, y.pointer, Int64(y.count))
  }

  package func fillNormal(_ key: RandomKey, into y: Tensor) {
    mk_fill_normal_f32(key.key, key.stream, y.pointer, Int64(y.count))
  }
}
