import CKernels

/// Which of the compiled variants of our kernels this processor runs.
package enum KernelVariant {
  /// "x86-64-v4", "x86-64-v3" or "default": a part of the arithmetic fingerprint.
  package static var name: String { String(cString: mk_variant_name()) }
}
