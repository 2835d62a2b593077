/// A bug planted around the shipped pieces, to see that the checks would find it. Nothing but the
/// simulator's own wiring looks at it.
package enum Defect: String, CaseIterable, Sendable {
  /// Frames of older generations go into the open one.
  case olderFramesAccepted
  /// What is to be durable first is written last.
  case announcedBeforeDurable
  /// Frames of a step or generation not reached yet are dropped, not held.
  case newerFramesDropped
  /// Partial sums are added as they come, not by the canonical tree.
  case mergedInArrivalOrder
}
