/// What is wrong with bytes that claim to be a message.
package enum WireError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The other side speaks another protocol. Answer with `Envelope.preamble`, then give up: a
  /// person must upgrade one of the two.
  case protocolMismatch(ours: UInt32, theirs: UInt32)
  /// Drop the message and say so; the sender is broken or hostile.
  case malformed(field: String, found: String, expected: String)

  package var description: String {
    switch self {
    case .protocolMismatch(let ours, let theirs):
      """
      this martlet speaks protocol \(ours), the other side \(theirs); \
      install the same version of martlet on both machines
      """
    case .malformed(let field, let found, let expected):
      "a message arrived damaged: \(field) is \(found), expected \(expected)"
    }
  }
}
