/// What is done to a cluster and when: the same for the same seed.
struct ChaosPlan {
  enum Kind: String, CaseIterable {
    case kill, pause, hang, partition, link, leave, join, coordinator
  }

  enum Action: Hashable {
    case kill(Int), pause(Int), resume(Int), leave(Int), start(Int)
    /// A computing thread stands still while the process lives on.
    case hang(Int), replace(Int)
    /// Off every other host, the coordinator's included.
    case isolate(Int), rejoin(Int)
    case cut(Int, Int), mend(Int, Int)
    case killCoordinator, startCoordinator
  }

  struct Event {
    /// Seconds after the training began.
    let at: Double
    /// Nil for what undoes or ends an earlier event.
    let kind: Kind?
    let action: Action
  }

  private(set) var events: [Event] = []

  /// `seconds`: How long events are planned for.
  /// `gap`: Shortest and longest time between two of them.
  /// `workers`: The hosts of the workers; at least one of them is left alone at any time.
  init(
    seed: UInt64, seconds: Double, gap: ClosedRange<Double>, workers: ClosedRange<Int>,
    kinds: [Kind] = Kind.allCases
  ) {
    var chance = SplitMix(seed)
    // A host is left alone until then; for one that left, until somebody starts it.
    var busyUntil: [Int: Double] = [:]
    var absent: Set<Int> = []
    var coordinatorBusyUntil = 0.0
    var now = 0.0
    while true {
      now += chance.number(in: gap)
      guard now < seconds else { break }
      let free = workers.filter { !absent.contains($0) && busyUntil[$0, default: 0] <= now }
      let possible = kinds.filter { kind in
        switch kind {
        case .kill, .pause, .hang, .partition, .leave: free.count >= 2
        case .link: free.count >= 3
        case .join: !absent.isEmpty
        // A coordinator that is away cannot see the others' troubles: one after the other.
        case .coordinator: free.count == workers.count - absent.count
        }
      }
      guard now >= coordinatorBusyUntil, !possible.isEmpty else { continue }
      let kind = chance.pick(possible)
      let (host, other) = free.count >= 2 ? chance.pair(free) : (0, 0)
      switch kind {
      case .kill:
        add(now, kind, .kill(host), until: now + 2, .start(host))
        busyUntil[host] = now + 4
      case .pause:
        add(now, kind, .pause(host), until: now + 10, .resume(host))
        busyUntil[host] = now + 13
      case .hang:
        add(now, kind, .hang(host), until: now + 6, .replace(host))
        busyUntil[host] = now + 8
      case .partition:
        add(now, kind, .isolate(host), until: now + 6, .rejoin(host))
        busyUntil[host] = now + 9
      case .link:
        add(now, kind, .cut(host, other), until: now + 6, .mend(host, other))
        for host in [host, other] { busyUntil[host] = now + 9 }
      case .leave:
        events.append(Event(at: now, kind: kind, action: .leave(host)))
        absent.insert(host)
      case .join:
        guard let host = absent.min() else { continue }
        events.append(Event(at: now, kind: kind, action: .start(host)))
        absent.remove(host)
        busyUntil[host] = now + 3
      case .coordinator:
        add(now, kind, .killCoordinator, until: now + 1, .startCoordinator)
        coordinatorBusyUntil = now + 5
      }
    }
    events.sort { $0.at < $1.at }
  }

  private mutating func add(
    _ at: Double, _ kind: Kind, _ action: Action, until end: Double, _ undo: Action
  ) {
    events.append(Event(at: at, kind: kind, action: action))
    events.append(Event(at: end, kind: nil, action: undo))
  }
}

/// Numbers from a seed, the same everywhere.
private struct SplitMix {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }

  mutating func number(in range: ClosedRange<Double>) -> Double {
    let unit = Double(next() >> 11) / Double(1 << 53)
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }

  mutating func pick<Value>(_ values: [Value]) -> Value {
    values[Int(next() % UInt64(values.count))]
  }

  /// Two different ones.
  mutating func pair(_ hosts: [Int]) -> (Int, Int) {
    let first = pick(hosts)
    return (first, pick(hosts.filter { $0 != first }))
  }
}
