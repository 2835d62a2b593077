import ArgumentParser

/// Steps from the first to the last, both included, as people write them: `120..160` or `120`.
package struct StepRange: ExpressibleByArgument, Equatable, CustomStringConvertible {
  package let first: Int
  package let last: Int

  package init(_ first: Int, _ last: Int) {
    self.first = first
    self.last = last
  }

  package init?(argument: String) {
    let parts = argument.split(separator: "..", omittingEmptySubsequences: false).map { Int($0) }
    guard let first = parts.first ?? nil, let last = parts.last ?? nil, parts.count <= 2,
      first >= 1, first <= last
    else { return nil }
    self.init(first, last)
  }

  package func contains(_ step: Int) -> Bool { first <= step && step <= last }

  package var description: String { "\(first)..\(last)" }
}
