import CKernels

/// Which machine code the kernels run as, chosen when the program is loaded.
package enum KernelVariant {
  /// "x86-64-v4" (AVX-512), "x86-64-v3" (AVX2) or "default".
  package static var name: String { String(cString: mk_variant_name()) }

  /// glibc's version, a part of the arithmetic fingerprint.
  package static var libc: String { String(cString: mk_libc_version()) }
}
