/// Who copies the job's state to whom when a generation begins: every member tells all others whether
/// it lacks the state, and the first in the list of members that has it sends it to those that do.
package struct StateRoll: Equatable, Sendable {
  /// The call that swaps the answers; it comes before the generation's first step.
  package static let call = CallIdentifier(
    serial: 0, isBackground: false, number: 0, phase: 0)

  /// The member to receive from; nil if this one has the state, or if nobody has.
  package let source: Int?
  /// The members to send to.
  package let receivers: [Int]

  /// `index`: this member's; `answers`: whether each of the others lacks the state, by index.
  package init(index: Int, isLacking: Bool, answers: [Int: Bool]) {
    let having = answers.keys.filter { answers[$0] == false }.min()
    source = isLacking ? having : nil
    let isFirst = having.map { index < $0 } ?? true
    receivers = isLacking || !isFirst ? [] : answers.keys.filter { answers[$0] == true }.sorted()
  }
}
