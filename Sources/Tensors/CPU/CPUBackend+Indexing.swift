import CKernels

extension CPUBackend {
  package func gatherRows(_ x: Tensor, _ indices: IntTensor, width: Int, into y: Tensor) {
    mk_gather_rows_f32(
      x.pointer, indices.pointer, y.pointer, Int64(indices.count), Int64(width))
  }

  package func scatterAddRows(_ x: Tensor, _ indices: IntTensor, width: Int, into y: Tensor) {
    mk_scatter_add_rows_f32(
      x.pointer, indices.pointer, y.pointer, Int64(indices.count), Int64(width))
  }

  package func takeAlong(
    _ x: Tensor, _ indices: IntTensor, columns: Int, taken: Int, into y: Tensor
  ) {
    mk_take_along_f32(
      x.pointer, indices.pointer, y.pointer, Int64(y.count / taken), Int64(columns), Int64(taken))
  }

  package func scatterAddAlong(
    _ x: Tensor, _ indices: IntTensor, columns: Int, taken: Int, into y: Tensor
  ) {
    mk_scatter_add_along_f32(
      x.pointer, indices.pointer, y.pointer, Int64(x.count / taken), Int64(columns), Int64(taken))
  }

  package func order(
    _ x: Tensor, descending: Bool, columns: Int, count: Int, into positions: IntTensor
  ) {
    let scratch = Storage(byteCount: 2 * columns * MemoryLayout<UInt64>.stride)
    mk_order_f32(
      x.pointer, descending, positions.pointer,
      scratch.pointer.bindMemory(to: UInt64.self, capacity: 2 * columns),
      Int64(x.shape.dropLast().reduce(1, *)), Int64(columns), Int64(count))
  }
}
