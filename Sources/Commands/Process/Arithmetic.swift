import ArgumentParser
import Foundation
import Tensors

/// Which processor's instructions the products use; a part of what decides the bits of a result.
enum InstructionSet: String, ExpressibleByArgument, CaseIterable {
  /// The best this machine has.
  case native
  /// What every x86-64 machine since 2013 has, so that a mixed laboratory computes alike.
  case avx2
}

/// Makes OpenBLAS choose the right kernels. It reads its environment when it is loaded, before the
/// first line of this program runs; so where its choice is wrong the program starts itself anew.
enum Arithmetic {
  private static let coreKey = "OPENBLAS_CORETYPE"
  private static let threadsKey = "OPENBLAS_NUM_THREADS"

  static func prepare(_ instructions: InstructionSet) {
    let environment = ProcessInfo.processInfo.environment
    var changes: [String: String] = [:]
    if let core = core(for: instructions), environment[coreKey] == nil { changes[coreKey] = core }
    // Replicas are the parallelism; a pool of BLAS threads would only cost memory.
    if environment[threadsKey] == nil { changes[threadsKey] = "1" }
    guard !changes.isEmpty else { return }
    for (key, value) in changes { setenv(key, value, 1) }
    guard changes[coreKey] != nil else { return }
    // The environment now has both keys, so the new start does not come here again.
    let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    execv("/proc/self/exe", arguments)
    // Without /proc the program goes on with OpenBLAS's own choice: slower, not wrong.
    for argument in arguments { free(argument) }
  }

  /// The core type to ask for; nil where OpenBLAS's choice is right.
  private static func core(for instructions: InstructionSet) -> String? {
    let chosen = BLAS.configuration.split(separator: " ").last.map(String.init) ?? ""
    switch instructions {
    case .avx2: return chosen == "Haswell" ? nil : "Haswell"
    case .native:
      // OpenBLAS 0.3.21 does not know newer AMD cores with AVX-512: products take twice the time.
      let wide = ["SkylakeX", "Cooperlake", "SapphireRapids"]
      return KernelVariant.name == "x86-64-v4" && !wide.contains(chosen) ? "SkylakeX" : nil
    }
  }
}
