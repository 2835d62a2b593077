import ArgumentParser
import Tensors

/// What this build is.
package enum Version {
  package static let current = "0.1.0"

  /// The parts that decide the bits of a result.
  package static var arithmetic: String {
    "kernels \(KernelVariant.name), \(BLAS.configuration)"
  }
}

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version and what decides the bits of a result.")

  func run() {
    Arithmetic.prepare(.native)
    Terminal.output.line("martlet \(Version.current)")
    Terminal.output.line(Version.arithmetic)
  }
}
