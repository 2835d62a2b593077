import Messages

/// What went wrong between this process and another, or with the files that introduce them.
package enum TransportError: Error, Equatable, Sendable, CustomStringConvertible {
  /// This libzmq cannot encrypt. Install another or start with `--insecure`.
  case curveUnavailable
  /// Another process listens there.
  case addressInUse(String)
  case badAddress(String, reason: String)
  /// Nobody answers.
  case unreachable(address: String, seconds: Double)
  /// The connection broke in the middle of a transfer. Passing: begin the transfer again.
  case connectionLost(address: String)
  /// Somebody is there but does not accept the keys of this join file.
  case notAdmitted(address: String, reason: String)
  /// The coordinator knows this process's key and does not let it do what it asked for.
  case notAllowed(reason: String)
  /// Final: a person must upgrade one of the two.
  case protocolMismatch(ours: UInt32, theirs: UInt32)
  case malformed(WireError)
  /// A join or key file that cannot be used.
  case badFile(path: String, reason: String)
  /// A file did not arrive.
  case transferFailed(name: String, reason: String, advice: String)
  /// The coordinator cannot give a file yet. Passing: ask again in a moment.
  case busy(name: String, reason: String)
  /// The system refused something ordinary.
  case system(operation: String, reason: String)

  package var description: String {
    switch self {
    case .curveUnavailable:
      """
      the ZeroMQ library of this machine has no CURVE encryption; install libzmq5 with libsodium, \
      or start every process with --insecure on a network you trust
      """
    case .addressInUse(let address):
      """
      \(address) is in use by another process; stop it, or choose another port with --port \
      (0 takes any free one)
      """
    case .badAddress(let address, let reason):
      "'\(address)' cannot be used as an address: \(reason); expected tcp://HOST:PORT"
    case .unreachable(let address, let seconds):
      """
      no coordinator answers at \(address) within \(seconds) s; check that it runs, that the join \
      file is its newest, and that no firewall stands between
      """
    case .connectionLost(let address): "the connection to the coordinator at \(address) broke"
    case .notAdmitted(let address, let reason):
      """
      the coordinator at \(address) does not admit this process (\(reason)); copy its present \
      join file
      """
    case .notAllowed(let reason): reason
    case .protocolMismatch(let ours, let theirs):
      WireError.protocolMismatch(ours: ours, theirs: theirs).description
    case .malformed(let error): error.description
    case .badFile(let path, let reason): "\(path): \(reason)"
    case .transferFailed(let name, let reason, let advice):
      "\(name) was not transferred: \(reason)" + (advice.isEmpty ? "" : "; \(advice)")
    case .busy(let name, let reason): "\(name) is not there yet: \(reason)"
    case .system(let operation, let reason): "\(operation): \(reason)"
    }
  }
}
