/// The kernels of one device: a protocol a family, gathered here. A GPU back end implements these.
///
/// Operations (public functions over `Tensor`) check shapes, call a kernel, and record gradients;
/// kernels trust what they are given. Every tensor handed to a kernel is contiguous, unless the
/// kernel says that it reads strides.
package protocol Backend:
  ElementwiseKernels,
  ComparisonKernels,
  MatrixKernels,
  FactorizationKernels,
  CopyKernels,
  ReductionKernels,
  PairKernels,
  RowKernels,
  IndexKernels,
  OptimizerKernels,
  RandomKernels,
  ConvolutionKernels,
  PoolingKernels,
  ResizeKernels,
  NormalizationKernels,
  AttentionKernels,
  DropoutKernels
{}

package struct CPUBackend: Backend {}

extension Device {
  package var backend: any Backend {
    switch self {
    case .cpu: CPUBackend()
    }
  }
}

extension Tensor {
  package var backend: any Backend { storage.device.backend }
}
