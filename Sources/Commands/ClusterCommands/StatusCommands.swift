import ArgumentParser
import Foundation
import Messages
import Training

struct Status: HouseCommand {
  static let configuration = CommandConfiguration(abstract: "Show workers and jobs.")

  @OptionGroup var cluster: ClusterArguments
  @Flag(help: "Redraw twice a second until Ctrl-C.") var watch = false
  @Flag(help: "Print JSON; with --watch one object a line.") var json = false

  func run(in house: House) throws {
    let connection = try cluster.connect()
    let terminal = Terminal.output
    while true {
      let status = try connection.status()
      if json {
        let view = StatusJSON(status)
        terminal.line(watch ? try jsonLine(view) : try jsonText(view))
      } else {
        let text = statusText(status, columns: terminal.isInteractive ? terminal.columns : .max)
        if watch && terminal.isInteractive { terminal.live(text) } else { terminal.line(text) }
      }
      guard watch else { return }
      Thread.sleep(forTimeInterval: 0.5)
    }
  }
}

struct Jobs: HouseCommand {
  static let configuration = CommandConfiguration(abstract: "List all jobs.")

  @OptionGroup var cluster: ClusterArguments

  func run(in house: House) throws {
    let jobs = try cluster.connect().jobs()
    Terminal.output.line(jobs.isEmpty ? "no jobs" : jobTable(jobs).text())
  }
}

struct Show: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show everything about a job.")

  @OptionGroup var cluster: ClusterArguments
  @Argument(help: "The job, like j3.") var job: JobArgument

  func run(in house: House) throws {
    Terminal.output.line(jobPage(try cluster.connect().show(job.job)))
  }
}

struct Cancel: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "End a job; its last checkpoint stays.")

  @OptionGroup var cluster: ClusterArguments
  @Argument(help: "The job, like j3.") var job: JobArgument
  @Option(help: "Why, for its log.") var reason = "cancelled by its user"

  func run(in house: House) throws {
    try cluster.connect().cancel(job.job, reason: reason)
    Terminal.output.line("\(job.job) cancelled")
  }
}

struct LogsCommand: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print a job's log.")

  @OptionGroup var cluster: ClusterArguments
  @Argument(help: "The job, like j3.") var job: JobArgument
  @Flag(name: .shortAndLong, help: "Go on until the job is over.") var follow = false

  func run(in house: House) throws {
    let connection = try cluster.connect()
    var offset: UInt64 = 0
    while true {
      let logs = try connection.logs(job.job, from: offset)
      Terminal.output.bytes(Array(logs.text.utf8))
      let isNew = logs.nextOffset > offset
      offset = logs.nextOffset
      if isNew { continue }
      guard follow, !logs.ended else { return }
      Thread.sleep(forTimeInterval: 0.25)
    }
  }
}
