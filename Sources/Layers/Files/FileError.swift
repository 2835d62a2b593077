import Glibc

/// The system refused to read or write a file: it is not there, not permitted, the disk is full.
public struct FileError: Error, Equatable, CustomStringConvertible {
  public let file: String
  public let operation: String
  /// `errno`, such as ENOSPC.
  public let number: Int32
  public let reason: String

  /// From `errno`, directly after the failed call.
  package init(_ file: String, _ operation: String) {
    number = errno
    self.file = file
    self.operation = operation
    reason = String(cString: strerror(number))
  }

  public var description: String { "\(file): \(operation) failed: \(reason)" }
}
