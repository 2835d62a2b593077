import CKernels

extension CPUBackend {
  package func copy(_ x: Tensor, into y: Tensor) {
    precondition(x.rank <= 16, "copy: shape \(x.shape) has more than 16 axes")
    mk_copy_strided_f32(
      x.pointer, x.strides.map(Int64.init), y.pointer, y.strides.map(Int64.init),
      x.shape.map(Int64.init), Int32(x.rank))
  }

  package func fillUniform(_ key: RandomKey, into y: Tensor) {
    mk_fill_uniform_f32(key.key, key.stream, y.pointer, Int64(y.count))
  }

  package func fillNormal(_ key: RandomKey, into y: Tensor) {
    mk_fill_normal_f32(key.key, key.stream, y.pointer, Int64(y.count))
  }
}
