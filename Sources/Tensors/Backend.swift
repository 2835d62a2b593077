/// The kernels of one device: a protocol a family, gathered here. A GPU back end implements these.
///
/// Operations (public functions over `Tensor`) check shapes, call a kernel, and record gradients;
/// kernels trust what they are given. Every tensor handed to a kernel is contiguous.
package protocol Backend: ElementwiseKernels, MatrixKernels, CopyKernels, RandomKernels,
  ConvolutionKernels, PoolingKernels, ResizeKernels,
  NormalizationKernels, AttentionKernels, DropoutKernels
{}

package struct CPUBackend: Backend {}

extension Tensor {
  package var backend: any Backend {
    switch storage.device {
    case .cpu: CPUBackend()
    }
  }
}
