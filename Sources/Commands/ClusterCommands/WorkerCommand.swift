import ArgumentParser
import Cluster
import Foundation
import Training

struct Worker: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a worker: it trains what the coordinator gives it.",
    discussion: "One for each machine is enough: it uses all cores.")

  @OptionGroup var cluster: ClusterArguments
  @OptionGroup var compute: ComputeOptions
  @Option(help: "A name for people, one a worker; host and process number by default.")
  var name: String?
  @Option(
    help: "How it exchanges with other workers: direct, tcp (also within a host), hub (relayed).")
  var exchange = ExchangeMode.direct
  @Option(help: "Most memory to use, in MiB; 0 for no limit.") var memory = 0
  @Option(help: "Address that other workers reach this machine by.") var advertise: String?
  @Option(
    help: ArgumentHelp(
      "Most time from the signal to stop until the end, for the step in flight and its hand-over.",
      valueName: "seconds"))
  var grace = 25.0
  @Option(help: "Folder for drafts and downloads; one of the system's by default.")
  var scratch: String?
  @Option(
    help: ArgumentHelp(
      "Folder where data served by the coordinator is kept, shared by the host's workers; "
        + "martlet in the user's cache folder by default.", valueName: "folder"))
  var cache: String?
  @Option(
    name: .customLong("cache-size"),
    help: ArgumentHelp("Most MiB in that folder; 0 keeps nothing.", valueName: "MiB"))
  var cacheSize = 10_240
  @OptionGroup var life: LifeOptions

  func validate() throws {
    guard memory >= 0 else { throw ValidationError("--memory must be 0 or more.") }
    guard cacheSize >= 0, cacheSize <= 1 << 30 else {
      throw ValidationError("--cache-size must be 0 to 1073741824 MiB.")
    }
    guard grace >= 0, grace <= 86_400 else {
      throw ValidationError("--grace must be 0 to 86400 seconds.")
    }
  }

  func run(in house: House) throws {
    Arithmetic.prepare(compute.isa)
    // Schedulers may warn with SIGUSR1 before they stop a process.
    let interrupts = Interrupts(also: [SIGUSR1])
    let join = try cluster.joinFile()
    let process = ProcessInfo.processInfo.processIdentifier
    let own = "martlet-worker-\(process)"
    let folder =
      scratch.map { "\(JobFile("").absolute($0))/\(own)" }
      ?? "\(NSTemporaryDirectory())/\(own)"
    var settings = WorkerProcess.Settings(
      name: name ?? "\(HostFacts.name)-\(process)", threads: compute.threadCount(),
      scratch: folder)
    settings.exchange = exchange
    settings.memoryLimit = UInt64(memory) << 20
    settings.advertise = advertise
    settings.grace = .seconds(grace)
    if cacheSize > 0 {
      settings.cache = WorkerProcess.Settings.Cache(
        folder: cache.map { JobFile("").absolute($0) } ?? Self.cacheFolder,
        bytesMax: cacheSize << 20)
    }
    let worker = try WorkerProcess(settings, join: join, catalog: house.catalog) {
      Terminal.output.line($0)
    }
    interrupts.handle { worker.leave("asked to stop") }
    life.watch { worker.stop() }
    try worker.run()
  }
}

extension Worker {
  /// Where this user's programs keep what they can get again.
  fileprivate static var cacheFolder: String {
    let variables = ProcessInfo.processInfo.environment
    if let folder = variables["XDG_CACHE_HOME"], folder.hasPrefix("/") {
      return "\(folder)/martlet"
    }
    return "\(NSHomeDirectory())/.cache/martlet"
  }
}

extension ExchangeMode: ExpressibleByArgument {}
