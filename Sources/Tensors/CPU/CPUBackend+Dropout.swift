import CKernels

extension CPUBackend {
  package func dropout(
    _ x: Tensor, keys: [RandomKey], threshold: UInt32, scale: Float, into y: Tensor
  ) {
    let width = x.count / max(1, keys.count)
    for (row, key) in keys.enumerated() {
      mk_dropout_f32(
        key.key, key.stream, threshold, scale, x.pointer + row * width, y.pointer + row * width,
        Int64(width))
    }
  }
}
