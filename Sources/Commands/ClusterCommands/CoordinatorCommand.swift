import ArgumentParser
import Cluster
import Training

struct Coordinator: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a coordinator: it owns the jobs, the membership and the results.",
    discussion: "It prints the line that starts a worker, here or on another machine.")

  @Option(help: "Folder of keys, records and results.", completion: .directory)
  var store = ClusterArguments.standardStore
  @Option(help: "Address to listen on; 0.0.0.0 for all of this machine's.") var listen = "127.0.0.1"
  @Option(help: "Name or address that workers on other machines call this one by.")
  var advertise: String?
  @Option(help: "Port of the control plane; the next two are taken too. 0 takes any free ones.")
  var port = 7070
  @Option(help: "Where the join file is written; STORE/join.json by default.")
  var joinFile: String?
  @Flag(help: "No encryption and no keys: on networks you trust alone.") var insecure = false
  @Option(
    help: """
      How workers protect what they send to other hosts: sealed (encrypted, each generation with a \
      key of its own) or plain (on networks you trust, faster). Sealed, unless --insecure.
      """)
  var exchangeProtection: ProtectionMode?
  /// What `martlet bench reliability` compares with; no way to run a cluster.
  @Flag(
    help: ArgumentHelp(
      "For measurements: hourly heartbeats, and no step is recorded.", visibility: .hidden))
  var unwatched = false
  @OptionGroup var life: LifeOptions

  func validate() throws {
    guard !insecure || exchangeProtection != .sealed else {
      throw ValidationError(
        """
        --exchange-protection sealed needs keys, and --insecure sends none; leave one of them out.
        """)
    }
    guard (0...65533).contains(port) else { throw ValidationError("--port must be 0 to 65533.") }
  }

  func run(in house: House) throws {
    let interrupts = Interrupts()
    var settings = CoordinatorProcess.Settings(store: JobFile("").absolute(store))
    settings.listen = listen
    settings.advertise = advertise
    settings.port = port
    settings.isInsecure = insecure
    settings.protection = exchangeProtection ?? .sealed
    settings.isUnwatched = unwatched
    settings.joinFile = joinFile.map { JobFile("").absolute($0) }
    let coordinator = try CoordinatorProcess(settings, catalog: house.catalog) {
      Terminal.output.line($0)
    }
    Terminal.output.line(
      """
      coordinator at \(coordinator.join.control)
      start a worker with:  martlet worker --join \(coordinator.joinPath)
      """)
    if insecure {
      Terminal.error.line(
        """
        WARNING: --insecure: nothing is encrypted, and whoever reaches \(listen) may join, submit \
        jobs that read and write files here, and take results
        """)
    }
    interrupts.handle { coordinator.stop() }
    life.watch { coordinator.stop() }
    try coordinator.run()
    // Being asked to end is how a coordinator ends.
  }
}

extension ProtectionMode: ExpressibleByArgument {}
