import Tensors

/// All chance of one schedule: a single stream, drawn in the order of virtual time.
struct Chance {
  private let key: RandomKey
  private var drawn = 0

  init(seed: UInt64) { key = RandomKey(seed: seed).derived("schedule") }

  /// Uniform in 0 ..< `count`.
  mutating func below(_ count: Int) -> Int {
    drawn += 1
    return key.integer(drawn, below: count)
  }

  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// Milliseconds up to `typical`, now and then ten times that, rarely sixty times.
  mutating func delay(_ typical: Int) -> Int {
    let draw = below(100)
    return 1 + below(typical) * (draw == 0 ? 60 : draw < 5 ? 10 : 1)
  }
}
