/// Frames that were refused, told at a bounded rate: one line now, the next with their number when
/// some time has passed.
struct Refusals {
  private static let interval = Duration.seconds(10)

  private let note: @Sendable (String) -> Void
  private var untold = 0
  private var told: ContinuousClock.Instant?

  init(note: @escaping @Sendable (String) -> Void) { self.note = note }

  /// `which`: Completes "dropped N exchange frames …".
  mutating func count(_ which: String) {
    untold += 1
    let now = ContinuousClock.now
    if let told, now - told < Self.interval { return }
    note("dropped \(untold) exchange frame\(untold == 1 ? "" : "s") \(which)")
    (untold, told) = (0, now)
  }
}
