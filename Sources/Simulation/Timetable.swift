/// What will happen when: a heap by virtual time, then by the order of entry.
struct Timetable<Event> {
  private struct Entry {
    let at: Int
    let number: Int
    let slot: Int

    func isBefore(_ other: Entry) -> Bool { (at, number) < (other.at, other.number) }
  }

  private var heap: [Entry] = []
  private var events: [Event?] = []  // by slot; large values stay where they are
  private var free: [Int] = []
  private var entered = 0

  var count: Int { heap.count }

  mutating func add(_ event: Event, at time: Int) {
    let slot = free.popLast() ?? events.count
    if slot == events.count { events.append(event) } else { events[slot] = event }
    entered += 1
    heap.append(Entry(at: time, number: entered, slot: slot))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// The earliest event.
  mutating func next() -> (at: Int, event: Event)? {
    guard let first = heap.first, let event = events[first.slot] else { return nil }
    events[first.slot] = nil
    free.append(first.slot)
    let last = heap.removeLast()
    guard !heap.isEmpty else { return (first.at, event) }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.at, event)
  }
}
