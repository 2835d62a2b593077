import CXXHash
import Data
import Foundation
import Layers
import Messages
import Tensors

/// What the bits of a result depend on besides the job, item by item, so that a worker that differs
/// is refused with the item named.
package enum Fingerprint {
  /// Of this process; computed once, in a few milliseconds.
  package static let items: [NamedText] = [
    NamedText("build", build),
    NamedText("OpenBLAS", BLAS.configuration),
    NamedText("kernels", KernelVariant.name),
    NamedText("libc", KernelVariant.libc),
    NamedText("probe", probe),
  ]

  package static let byName = values(of: items)

  static func values(of items: [NamedText]) -> [String: String] {
    Dictionary(items.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// XXH3 of the program's file.
  package static let build: String = {
    guard
      let bytes = try? Foundation.Data(
        contentsOf: URL(fileURLWithPath: "/proc/self/exe"), options: .alwaysMapped)
    else { return "unknown" }
    return bytes.withUnsafeBytes { String(XXH3_64bits($0.baseAddress, $0.count), radix: 16) }
  }()

  /// A hash over products of several shapes and every kind of kernel with its own arithmetic.
  private static let probe: String = {
    let key = RandomKey(seed: 1).derived("probe")
    var values: [Float] = []
    for (index, (m, k, n)) in [(16, 96, 96), (48, 48, 512), (1, 64, 7), (130, 33, 65)].enumerated()
    {
      let a = Tensor.normal([m, k], key: key.derived(2 * index))
      let b = Tensor.normal([k, n], key: key.derived(2 * index + 1))
      values += matmul(a, b).elements
      values +=
        matmul(a, Tensor.normal([n, k], key: key.derived(2 * index + 1)).transposed).elements
    }
    let x = Tensor.normal([4, 8, 8, 16], key: key.derived("image"))
    let w = Tensor.normal([3, 3, 16, 8], key: key.derived("kernel"))
    values += convolution(x, w, stride: 1, padding: 1).elements
    values += softmax(x).elements + gelu(x).elements + sin(x).elements + tanh(x).elements
    values += layerNorm(x, epsilon: 1e-5).elements
    return values.withUnsafeBytes { String(Digest.sha256($0).prefix(16)) }
  }()
}
