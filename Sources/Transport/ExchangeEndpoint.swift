import CZeroMQ
import Collectives
import Glibc
import Messages
import Synchronization
import Tensors

/// Where a worker's process takes exchange messages.
package struct ExchangeAddress: Hashable, Sendable {
  /// Equal for processes that can open each other's Unix sockets.
  package var host: String
  /// ipc://…, in a folder only this user may enter.
  package var local: String
  /// tcp://…
  package var network: String
  /// Of its `ExchangeGuard`; `nil` where everybody may connect.
  package var password: [UInt8]?

  package init(host: String, local: String, network: String, password: [UInt8]?) {
    (self.host, self.local, self.network, self.password) = (host, local, network, password)
  }
}

/// A worker as the others of a generation reach it.
package struct ExchangeMember: Hashable, Sendable {
  package var incarnation: Incarnation
  package var replicas: Range<Int>
  package var address: ExchangeAddress

  package init(incarnation: Incarnation, replicas: Range<Int>, address: ExchangeAddress) {
    (self.incarnation, self.replicas, self.address) = (incarnation, replicas, address)
  }
}

/// How messages travel.
package enum ExchangeRoute: Sendable {
  /// Worker to worker: Unix sockets within a host, TCP between hosts.
  case direct
  /// Worker to worker by TCP, also within a host.
  case network
  /// Through the coordinator's relay.
  case hub(address: String, security: ClientSecurity)
}

/// A process's end of the exchange plane, for all its generations: one thread owns all sockets.
package final class ExchangeEndpoint: Sendable {
  package let address: ExchangeAddress
  package let incarnation: Incarnation
  let mailbox: Mailbox<ExchangeCommand>
  let inboxes: ExchangeInboxes
  let protections: ExchangeProtections
  private let folder: String
  private let thread: OwnedThread
  /// The last generation opened and its members.
  private let last = Mutex((job: JobID(0), generation: Generation.zero, Set<Incarnation>()))

  /// `listen`: Such as `tcp://0.0.0.0:*`.
  ///
  /// `reachedAs`: The host name or address others connect to, if it is not the one bound.
  ///
  /// `host`: An identity of this host, such as its boot identifier.
  ///
  /// `admission`: The context's guard of TCP connections; `nil` lets everybody in.
  ///
  /// `note`: A line for people, about frames that were refused; from the endpoint's thread.
  ///
  /// Throws: `TransportError`.
  package init(
    context: ZeroMQContext, incarnation: Incarnation, listen: String, reachedAs: String? = nil,
    host: String, admission: ExchangeGuard?, note: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(TransportError) {
    self.incarnation = incarnation
    var template = Array("/tmp/martlet-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {  // mode 0700
      throw .system(operation: "make a folder in /tmp", reason: String(cString: strerror(errno)))
    }
    folder = String(
      decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let local = try ZeroMQSocket(.router, in: context)
    let network = try ZeroMQSocket(.router, in: context)
    if admission != nil { ExchangeGuard.demand(at: network) }
    for socket in [local, network] {
      // Unbounded queues, bounded contents: nobody is more than one call ahead of its peers.
      socket.bound(messageBytes: ExchangeFrame.headBytesMax + 1024, queued: 0)
    }
    network.set(ZMQ_RCVHWM, Self.waitingMax)
    let localAddress = try local.bind("ipc://\(folder)/exchange")
    var networkAddress = try network.bind(listen)
    if let reachedAs, let colon = networkAddress.lastIndex(of: ":") {
      networkAddress = "tcp://\(reachedAs)\(networkAddress[colon...])"
    }
    address = ExchangeAddress(
      host: host, local: localAddress, network: networkAddress, password: admission?.password)
    let mailbox = try Mailbox<ExchangeCommand>(capacity: 1 << 16)
    let inboxes = ExchangeInboxes()
    let protections = ExchangeProtections()
    (self.mailbox, self.inboxes, self.protections) = (mailbox, inboxes, protections)
    let loop = Handed(
      ExchangeLoop(
        context: context, incarnation: incarnation, local: local, network: network, host: host,
        inboxes: inboxes, protections: protections, note: note))
    thread = try OwnedThread(name: "exchange") { loop.take().run(mailbox) }
  }

  /// Messages of one connection that wait for the endpoint's thread; then its sender waits.
  private static let waitingMax: Int32 = 64

  /// This worker's part in a generation; frames that came early are in it. Older links have ended.
  ///
  /// `index`: This worker's position in `members`.
  ///
  /// `relayed`: Members that can be reached by `relay` only; what still waits for the direct way to
  /// them is dropped.
  ///
  /// `protection`: Of frames that leave the host; the same at all members. A process that has no
  /// AES instructions must not be given a key for them.
  package func open(
    job: JobID, generation: Generation, members: [ExchangeMember], index: Int,
    route: ExchangeRoute, protection: ExchangeProtection, relayed: Set<Int> = [],
    by relay: ExchangeRoute? = nil
  ) -> ExchangeLink {
    precondition(
      members.indices.contains(index) && members[index].incarnation == incarnation,
      "ExchangeEndpoint.open: member \(index) is not this process")
    let known = last.withLock { last in
      defer { last = (job, generation, Set(members.map(\.incarnation))) }
      return last.job == job && last.generation.next == generation ? last.2 : []
    }
    // A connection to a member that was away, or from which this process was, may hang in what it
    // could not deliver then: TCP would try that again only after seconds.
    for (member, other) in members.enumerated()
    where relayed.contains(member) || !known.contains(other.incarnation) {
      mailbox.put(.forget(other.address))
    }
    protections.open(
      job: job, generation: generation, members: members, own: incarnation, protection)
    let inbox = inboxes.open(job: job.number, generation: generation.number)
    return ExchangeLink(
      endpoint: self, job: job, generation: generation, members: members, index: index,
      routes: members.indices.map { relayed.contains($0) ? relay ?? route : route },
      inbox: inbox)
  }

  /// Ends all links and closes the sockets.
  package func close() {
    inboxes.endAll()
    mailbox.put(.stop)
    thread.join()
    unlink("\(folder)/exchange")
    rmdir(folder)
  }
}

/// What the endpoint's thread is asked to do.
enum ExchangeCommand: Sendable {
  case send(ExchangeFrame, PeerPayload, to: ExchangeAddress, ExchangeRoute)
  /// Close the direct connection to a peer with all that waits in it; a later send makes another.
  case forget(ExchangeAddress)
  case stop
}

/// `GenerationInboxes` for the endpoint's thread and those that open generations.
package final class ExchangeInboxes: Sendable {
  private let state = Mutex(GenerationInboxes<ExchangeInbox>())

  package init() {}

  package func open(job: UInt64, generation: UInt64) -> ExchangeInbox {
    let (inbox, over) = state.withLock {
      $0.open(job: job, generation: generation, make: ExchangeInbox.init)
    }
    for inbox in over { inbox.end() }
    inbox.open()
    return inbox
  }

  /// Where a message belongs; `nil` if its generation is over or too many lie ahead.
  package func inbox(job: UInt64, generation: UInt64) -> ExchangeInbox? {
    state.withLock { $0.inbox(job: job, generation: generation, make: ExchangeInbox.init) }
  }

  package func endAll() {
    for inbox in state.withLock({ $0.all }) { inbox.end() }
  }
}
