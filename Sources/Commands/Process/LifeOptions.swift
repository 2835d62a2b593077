import ArgumentParser
import Foundation

/// How long a process that serves others lives.
struct LifeOptions: ParsableArguments {
  /// A parent that dies in whatever way closes the pipe; no process is left behind.
  @Flag(help: ArgumentHelp("Stop when standard input ends.", visibility: .hidden))
  var untilInputEnds = false

  func watch(_ stop: @escaping @Sendable () -> Void) {
    guard untilInputEnds else { return }
    Thread.detachNewThread {
      while let bytes = try? FileHandle.standardInput.read(upToCount: 4096), !bytes.isEmpty {}
      stop()
    }
  }
}
