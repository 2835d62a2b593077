import Foundation
import Synchronization

/// One of the process's output streams: lines, and on a terminal one live block that is redrawn.
package final class Terminal: Sendable {
  package static let output = Terminal(descriptor: STDOUT_FILENO)
  package static let error = Terminal(descriptor: STDERR_FILENO)

  package let isInteractive: Bool
  private let descriptor: Int32
  /// Lines of the live block now on the screen.
  private let drawn = Mutex(0)

  package init(descriptor: Int32) {
    self.descriptor = descriptor
    let isDumb = ProcessInfo.processInfo.environment["TERM"].map { $0 == "dumb" } ?? true
    isInteractive = isatty(descriptor) == 1 && !isDumb
  }

  package var columns: Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }

  /// Writes text and a line end; a live block stays below it.
  package func line(_ text: String) {
    drawn.withLock { drawn in
      write(erase(drawn) + text + "\n")
      drawn = 0
    }
  }

  package func bytes(_ bytes: [UInt8]) {
    drawn.withLock { _ in write(bytes) }
  }

  /// Replaces the live block; call on interactive terminals only.
  package func live(_ text: String) {
    drawn.withLock { drawn in
      write(erase(drawn) + text + "\n")
      drawn = text.count { $0 == "\n" } + 1
    }
  }

  /// Removes the live block.
  package func clear() {
    drawn.withLock { drawn in
      write(erase(drawn))
      drawn = 0
    }
  }

  private func erase(_ lines: Int) -> String { lines == 0 ? "" : "\u{1B}[\(lines)F\u{1B}[J" }

  private func write(_ text: String) { write(Array(text.utf8)) }

  /// A reader that went away (`martlet status | head`) is no reason to fail.
  private func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
