// Who, what job, which membership: numbers that must never be mistaken for one another.

/// A worker as the cluster numbers it, from 1; a process that returns with its number keeps it.
package struct WorkerID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package let number: UInt32
  package init(_ number: UInt32) { self.number = number }
  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
  package var description: String { "w\(number)" }
}

/// A job in the order of submission, from 1.
package struct JobID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package let number: UInt64
  package init(_ number: UInt64) { self.number = number }

  /// Reads `12` or `j12`; nil for anything else and for 0.
  package init?(_ text: String) {
    guard let number = UInt64(text.hasPrefix("j") ? text.dropFirst() : text[...]), number > 0 else {
      return nil
    }
    self.number = number
  }

  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
  package var description: String { "j\(number)" }
}

/// One numbered membership of one job; a later one has a higher number, over all restarts.
package struct Generation: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package let number: UInt64
  package init(_ number: UInt64) { self.number = number }
  /// Before the first membership.
  package static let zero = Generation(0)
  package var next: Generation { Generation(number + 1) }
  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
  package var description: String { "g\(number)" }
}

/// One start of one process: drawn at random by the process and never 0, so that a restarted
/// process is never taken for the one before it.
package struct Incarnation: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package let number: UInt64
  package init(_ number: UInt64) { self.number = number }
  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
  package var description: String { String(number, radix: 16) }
}

/// A question that waits for its answer on one connection; 0 stands for none.
package struct RequestID: Hashable, Comparable, Codable, Sendable {
  package let number: UInt64
  package init(_ number: UInt64) { self.number = number }
  package static let none = RequestID(0)
  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// One stream of bytes on the bulk plane, numbered by the side that began it.
package struct TransferID: Hashable, Comparable, Codable, Sendable {
  package let number: UInt64
  package init(_ number: UInt64) { self.number = number }
  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// What a process is in the cluster, and so what it may say.
package enum Role: UInt32, Codable, Sendable {
  case coordinator = 1
  case worker = 2
  /// Submits, cancels, reads.
  case `operator` = 3
}
