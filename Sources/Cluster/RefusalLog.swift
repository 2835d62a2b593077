/// Which of many refusals are worth an event: the first few of each minute, and how many more came.
///
/// Whoever hammers at the door must not fill the disk with it.
struct RefusalLog {
  static let perMinute = 10
  private var begun: ContinuousClock.Instant
  private var told = 0
  private var more = 0

  init(at now: ContinuousClock.Instant) { begun = now }

  /// The texts to tell; `text` is nil when only time went by.
  mutating func add(_ text: String?, at now: ContinuousClock.Instant) -> [String] {
    var texts: [String] = []
    if now - begun >= .seconds(60) {
      if more > 0 { texts.append("\(more) more in the minute before") }
      (begun, told, more) = (now, 0, 0)
    }
    guard let text else { return texts }
    if told < Self.perMinute {
      told += 1
      texts.append(text)
    } else {
      more += 1
    }
    return texts
  }
}
