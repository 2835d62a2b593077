import CKernels

extension CPUBackend {
  package func resize(_ x: Tensor, _ plan: ResizePlan, into y: Tensor) {
    mk_resize_f32(
      x.pointer, Int64(x.shape[0]), plan.input.map(Int64.init), plan.output.map(Int64.init),
      plan.taps.map(Int64.init), Int64(x.shape[x.rank - 1]), plan.index, plan.weight, y.pointer)
  }

  package func resizeAdjoint(_ dy: Tensor, _ plan: ResizePlan, into dx: Tensor) {
    mk_resize_adjoint_f32(
      dy.pointer, Int64(dy.shape[0]), plan.input.map(Int64.init), plan.output.map(Int64.init),
      plan.taps.map(Int64.init), Int64(dy.shape[dy.rank - 1]), plan.index, plan.weight, dx.pointer)
  }
}
