import ArgumentParser
import Foundation
import Messages
import Transport

struct Token: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Issue join files for one role, one machine or one person.",
    subcommands: [TokenCreate.self], defaultSubcommand: TokenCreate.self)
}

struct TokenCreate: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Write a join file with a key of its own.",
    discussion: """
      worker    joins and trains; nothing else
      operator  submits, cancels, reads, issues and revokes keys
      viewer    status, jobs, show, logs, fetch

      The secret half of the key is in the file that is written and nowhere else.
      """)

  @OptionGroup var cluster: ClusterArguments
  @Option(help: "worker, operator or viewer; may be given several times.") var role: [KeyRole]
  @Option(help: "A name to list and revoke it by; made up by default.") var name: String?
  @Option(
    help: ArgumentHelp(
      "How long it is valid, like 12h or 7d; for ever by default.", valueName: "time"))
  var expires: Lifetime?
  @Option(
    help: ArgumentHelp("Where to write it; ./NAME.json by default.", valueName: "file"),
    completion: .file())
  var out: String?

  func run(in house: House) throws {
    let connection = try cluster.connect()
    let (key, file) = try connection.issue(name: name, roles: role, seconds: expires?.seconds)
    let path = JobFile("").absolute(out ?? "\(key.name).json")
    do throws(TransportError) {
      guard !FileManager.default.fileExists(atPath: path) else {
        throw .badFile(path: path, reason: "exists already; choose another --out")
      }
      try file.write(to: path)
    } catch {
      // Nobody has its secret half.
      _ = try? connection.revoke(fingerprint(key.publicKey))
      throw error
    }
    Terminal.output.line("\(path)  key \(key.title)  \(KeyTable.roles(key))")
  }
}

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Show and revoke the keys of a cluster.",
    subcommands: [KeysList.self, KeysRevoke.self], defaultSubcommand: KeysList.self)
}

struct KeysList: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show who may do what, and since when.")

  @OptionGroup var cluster: ClusterArguments

  func run(in house: House) throws {
    let keys = try cluster.connect().keys()
    Terminal.output.line(KeyTable(now: Int64(Date().timeIntervalSince1970)).text(keys))
  }
}

struct KeysRevoke: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Refuse a key from now on; workers with it are put out.",
    discussion: """
      Revoking the key of the coordinator's own join file makes a new one in its place.
      """)

  @OptionGroup var cluster: ClusterArguments
  @Argument(help: "Its name or fingerprint.") var key: String

  func run(in house: House) throws {
    let revoked = try cluster.connect().revoke(key)
    Terminal.output.line("\(revoked.title) revoked")
  }
}

extension KeyRole: ExpressibleByArgument {}

/// A length of time as people write it: 90s, 30m, 12h, 7d.
struct Lifetime: ExpressibleByArgument {
  let seconds: UInt64

  init?(argument: String) {
    let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let unit = argument.last.flatMap({ units[$0] }),
      let count = UInt64(argument.dropLast()), count > 0
    else { return nil }
    let (seconds, overflows) = count.multipliedReportingOverflow(by: unit)
    guard !overflows else { return nil }
    self.seconds = seconds
  }
}
