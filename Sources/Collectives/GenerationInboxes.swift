/// The inboxes of the open generation of each job and of those that peers opened earlier than we:
/// which one a message belongs to, and which are over.
package struct GenerationInboxes<Inbox> {
  private struct Key: Hashable {
    let job: UInt64
    let generation: UInt64
  }

  /// Generations not yet open here for which messages are kept.
  package static var earlyMax: Int { 8 }

  private var inboxes: [Key: Inbox] = [:]
  /// The one that was opened last: a process has one job at a time.
  private var current: Key?
  /// The newest generation that was opened, by job.
  private var newest: [UInt64: UInt64] = [:]

  package init() {}

  package var count: Int { inboxes.count }
  package var all: [Inbox] { Array(inboxes.values) }

  /// Opens a generation; `make` is asked for an inbox unless messages came early.
  ///
  /// Returns: its inbox, and those that are over with it.
  package mutating func open(
    job: UInt64, generation: UInt64, make: () -> Inbox
  ) -> (inbox: Inbox, over: [Inbox]) {
    let key = Key(job: job, generation: generation)
    let inbox = inboxes[key] ?? make()
    let over = inboxes.filter {
      $0.key != key && ($0.key == current || $0.key.job == job && $0.key.generation < generation)
    }
    for key in over.keys { inboxes[key] = nil }
    inboxes[key] = inbox
    current = key
    newest[job] = max(generation, newest[job] ?? 0)
    return (inbox, Array(over.values))
  }

  /// Where a message belongs; `nil` if its generation is over or too many lie ahead.
  package mutating func inbox(job: UInt64, generation: UInt64, make: () -> Inbox) -> Inbox? {
    let key = Key(job: job, generation: generation)
    if let inbox = inboxes[key] { return inbox }
    guard generation > newest[job] ?? 0, inboxes.count < Self.earlyMax else { return nil }
    let inbox = make()
    inboxes[key] = inbox
    return inbox
  }
}
