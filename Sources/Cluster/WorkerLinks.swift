import Collectives
import Messages
import Transport

/// How workers reach each other (`--exchange`).
package enum ExchangeMode: String, Sendable, CaseIterable {
  /// Unix sockets within a host, TCP between hosts.
  case direct
  /// TCP also within a host.
  case tcp
  /// Through the coordinator, where workers cannot reach each other.
  case hub

  func route(relay: String, security: ClientSecurity) -> ExchangeRoute {
    switch self {
    case .direct: .direct
    case .tcp: .network
    case .hub: .hub(address: relay, security: security)
    }
  }
}

/// Makes a worker's link to the members of each generation.
struct WorkerLinks: Sendable {
  let endpoint: ExchangeEndpoint
  let route: ExchangeRoute

  /// The member of a generation that this process is, if any.
  func mine(in prepare: PrepareGeneration) -> Member? {
    prepare.members.first { $0.incarnation == endpoint.incarnation }
  }

  /// Opens the link.
  func open(_ prepare: PrepareGeneration) -> ExchangeLink? {
    guard
      let index = prepare.members.firstIndex(where: { $0.incarnation == endpoint.incarnation })
    else { return nil }
    return endpoint.open(
      job: prepare.job, generation: prepare.generation,
      members: prepare.members.map { member in
        ExchangeMember(
          incarnation: member.incarnation, replicas: member.replicas.range,
          address: Transport.ExchangeAddress(
            host: member.hostIdentity, local: member.exchange.local,
            network: member.exchange.remote,
            password: member.exchange.password.isEmpty ? nil : member.exchange.password))
      }, index: index, route: route, protection: prepare.protection)
  }
}

extension ExchangeLink {
  /// Tells all members whether this one lacks the generation's state, and learns who else does:
  /// the first who has it sends it to those who lack it. Comes before the generation's first step.
  ///
  /// - Returns: The peer to receive from, or those to send to.
  func callTheRoll(isLacking: Bool) throws -> (source: Int?, lacking: [Int]) {
    let call = CallIdentifier(serial: 0, isBackground: false, number: 0, phase: 0)
    let mine = PeerPayload(head: [isLacking ? 1 : 0])
    let all = peers.map(\.index)
    let answers = try swap(
      call, outgoing: Dictionary(uniqueKeysWithValues: all.map { ($0, mine) }), awaiting: all)
    let lacking = all.filter { answers[$0]?.head == [1] }
    let having = all.filter { answers[$0]?.head == [0] }
    if isLacking { return (having.min(), []) }
    let index = (0...all.count).first { !all.contains($0) } ?? 0
    // A lower member that has the state sends it; only one does.
    return (nil, having.contains { $0 < index } ? [] : lacking)
  }
}

extension Messages.ExchangeAddress {
  init(_ address: Transport.ExchangeAddress) {
    self.init(
      local: address.local, remote: address.network, password: address.password ?? [],
      hasAES: ExchangeCipher.hasAES)
  }
}
