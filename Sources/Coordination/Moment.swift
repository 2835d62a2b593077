/// A point in time as the machines see it: only differences mean anything, and who drives a
/// machine says what it is, so the same decisions come from a clock, a script or a simulation.
package struct Moment: Hashable, Comparable, Sendable {
  package var sinceStart: Duration

  package init(_ sinceStart: Duration = .zero) { self.sinceStart = sinceStart }

  package static func < (a: Self, b: Self) -> Bool { a.sinceStart < b.sinceStart }
  package static func - (a: Self, b: Self) -> Duration { a.sinceStart - b.sinceStart }
  package static func + (a: Self, b: Duration) -> Self { Self(a.sinceStart + b) }
}

extension Duration {
  package var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
