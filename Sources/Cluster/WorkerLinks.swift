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
  /// For members that the coordinator says cannot be reached otherwise.
  let relay: ExchangeRoute

  /// The member of a generation that this process is, if any.
  func mine(in prepare: PrepareGeneration) -> Member? {
    prepare.members.first { $0.incarnation == endpoint.incarnation }
  }

  /// Opens the link.
  func open(_ prepare: PrepareGeneration) -> ExchangeLink? {
    guard
      let index = prepare.members.firstIndex(where: { $0.incarnation == endpoint.incarnation })
    else { return nil }
    let mine = prepare.members[index].worker
    let cut = Set(prepare.relayed.compactMap { $0.other(than: mine) })
    // Who exchanges through the coordinator has no address for others.
    let relayed = prepare.members.indices.filter {
      cut.contains(prepare.members[$0].worker) || prepare.members[$0].exchange.isRelayed
    }
    return endpoint.open(
      job: prepare.job, generation: prepare.generation,
      members: prepare.members.map { member in
        ExchangeMember(
          incarnation: member.incarnation, replicas: member.replicas.range,
          address: Transport.ExchangeAddress(
            host: member.hostIdentity, local: member.exchange.local,
            network: member.exchange.remote,
            password: member.exchange.password.isEmpty ? nil : member.exchange.password))
      }, index: index, route: route, protection: prepare.protection,
      relayed: Set(relayed), by: relay)
  }
}

extension ExchangeLink {
  /// Tells all members whether this one lacks the generation's state, and learns who else does:
  /// the first who has it sends it to those who lack it. Comes before the generation's first step.
  func callTheRoll(isLacking: Bool) throws -> StateRoll {
    let mine = PeerPayload(head: [isLacking ? 1 : 0])
    let all = peers.map(\.index)
    let heads = try swap(
      StateRoll.call, outgoing: Dictionary(uniqueKeysWithValues: all.map { ($0, mine) }),
      awaiting: all)
    let index = (0...all.count).first { !all.contains($0) } ?? 0
    let answers = heads.compactMapValues { [[0]: false, [1]: true][$0.head] }
    return StateRoll(index: index, isLacking: isLacking, answers: answers)
  }
}

extension Messages.ExchangeAddress {
  /// What others are told of an endpoint: nothing to connect to if they shall use the relay.
  init(_ address: Transport.ExchangeAddress, _ mode: ExchangeMode) {
    guard mode != .hub else {
      self.init(hasAES: ExchangeCipher.hasAES)
      return
    }
    self.init(
      local: address.local, remote: address.network, password: address.password ?? [],
      hasAES: ExchangeCipher.hasAES)
  }

  var isRelayed: Bool { local.isEmpty && remote.isEmpty }
}
