import CKernels

extension CPUBackend {
  package func poolMaximum(
    _ x: Tensor, _ window: PoolingWindow, into y: Tensor, index: IntTensor
  ) {
    var sizes = mk_window(
      batch: window.batch, channels: window.channels, input: window.input, output: window.output,
      kernel: window.kernel, stride: window.stride, padding: window.padding, dilation: [1, 1, 1])
    mk_pool_max_f32(x.pointer, &sizes, y.pointer, index.mutablePointer)
  }

  package func poolGather(_ x: Tensor, at index: IntTensor, into y: Tensor) {
    let (inputs, outputs) = (places(x.shape), places(index.shape))
    mk_pool_gather_f32(
      x.pointer, index.mutablePointer, Int64(x.shape[0]), inputs, outputs,
      Int64(x.shape[x.rank - 1]), y.pointer)
  }

  package func poolScatter(_ dy: Tensor, at index: IntTensor, into dx: Tensor) {
    mk_pool_scatter_f32(
      dy.pointer, index.mutablePointer, Int64(dx.shape[0]), places(dx.shape), places(index.shape),
      Int64(dx.shape[dx.rank - 1]), dx.pointer)
  }

  package func poolMean(_ x: Tensor, _ boxes: PoolingBoxes, into y: Tensor) {
    mk_pool_mean_f32(
      x.pointer, Int64(boxes.batch), boxes.input.map(Int64.init), boxes.output.map(Int64.init),
      Int64(boxes.channels), boxes.bounds, y.pointer)
  }

  package func poolMeanAdjoint(_ dy: Tensor, _ boxes: PoolingBoxes, into dx: Tensor) {
    mk_pool_mean_adjoint_f32(
      dy.pointer, Int64(boxes.batch), boxes.input.map(Int64.init), boxes.output.map(Int64.init),
      Int64(boxes.channels), boxes.bounds, dx.pointer)
  }

  /// Positions in one image of a shape [B, spatial..., C].
  private func places(_ shape: [Int]) -> Int64 {
    Int64(shape[1..<(shape.count - 1)].reduce(1, *))
  }
}

extension Elements {
  /// For the kernel that makes these elements.
  fileprivate var mutablePointer: UnsafeMutablePointer<Element> {
    storage.pointer.bindMemory(to: Element.self, capacity: count)
  }
}
