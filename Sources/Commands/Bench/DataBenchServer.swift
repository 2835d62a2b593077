import Cluster
import Coordination
import Data
import Foundation
import Messages
import Transport

/// The serving process of `martlet bench data`: a coordinator's bulk plane with one job, and a bare
/// ROUTER with the same keys.
enum DataBenchServer {
  /// Serves until standard input ends. Its first line names the two addresses.
  static func run(in folder: String) throws {
    let keys = try ClusterKeys(keptIn: folder)
    let context = try ZeroMQContext()
    let admission = Admission([
      KeyRecord(
        name: "bench", publicKey: keys.member.publicKey, roles: [.operator, .worker], createdAt: 0)
    ])
    let keyGuard = try KeyGuard(in: context, asking: admission) { _ in }
    defer { keyGuard.stop() }
    let files = JobFiles { _, _ in }
    let specification =
      #"{"recipe":"none","data":{"path":"\#(folder)/data","format":"folders","served":true}}"#
    let request = JobRequest(name: "bench", specification: specification, replicas: 1)
    files.know(JobRecord(job: DataBench.job, request: request, state: .running), folder: folder)
    let bulk = try BulkServer(
      address: "tcp://127.0.0.1:0", in: context, security: keys.serverSecurity,
      incarnation: freshIncarnation(), store: files)
    defer { bulk.stop() }
    let router = try ZeroMQSocket(.router, in: context)
    try router.secure(keys.serverSecurity)
    router.bound(messageBytes: WireLimits.messageBytes, queued: 512)
    router.refuseWhatCannotBeSent()
    let address = try router.bind("tcp://127.0.0.1:0")
    Terminal.output.line("\(bulk.address) \(address)")
    var poller = Poller()
    poller.add(router)
    let stopping = try Mailbox<Void>(capacity: 1)
    poller.add(descriptor: stopping.descriptor)
    Thread.detachNewThread {
      _ = try? FileHandle.standardInput.readToEnd()
      stopping.put(())
    }
    while true {
      poller.wait(milliseconds: -1)
      if poller.isReadable(1) { return }
      guard let (frames, _) = router.receive(), frames.count == 2 else { continue }
      let numbers = String(decoding: frames[1], as: UTF8.self).split(separator: " ")
        .compactMap { Int($0) }
      guard numbers.count == 2 else { continue }
      let message = [UInt8](repeating: 7, count: numbers[1])
      var sent = 0
      while sent < numbers[0] {
        if router.send([frames[0], message]) == .sent {
          sent += 1
        } else {
          Thread.sleep(forTimeInterval: 0.0002)
        }
      }
    }
  }
}

/// That process as a child of this one.
final class DataBenchChild {
  let blocks: String
  let plain: String
  private let child = Process()
  private let life = Pipe()

  var process: Int32 { child.processIdentifier }

  /// Throws: `LocalCluster.ChildFailed` if it does not say where it listens.
  init(in folder: String) throws {
    let output = Pipe()
    child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments = ["bench", "data", "--serve", folder]
    child.standardInput = life
    child.standardOutput = output
    try child.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let parts = line.split(whereSeparator: \.isWhitespace).map(String.init)
    guard parts.count == 2 else {
      throw LocalCluster.ChildFailed(name: "serving process", words: line)
    }
    (blocks, plain) = (parts[0], parts[1])
  }

  func stop() {
    try? life.fileHandleForWriting.close()
    child.waitUntilExit()
  }
}
