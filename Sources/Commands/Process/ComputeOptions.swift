import ArgumentParser
import Foundation

/// What every command that computes has.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Replicas that compute at once; the cores of this machine by default.")
  var threads: Int?

  @Option(
    help: "Instructions of matrix products: native, or avx2 where machines differ and must agree.")
  var isa = InstructionSet.native

  func validate() throws {
    guard (threads ?? 1) >= 1 else { throw ValidationError("--threads must be 1 or more.") }
  }

  func threadCount(sharedBy workers: Int = 1) -> Int {
    threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount / workers)
  }
}
