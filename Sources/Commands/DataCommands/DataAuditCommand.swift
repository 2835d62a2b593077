import ArgumentParser
import Training

struct DataAuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Check that a run with audit: true was given every sample once an epoch.",
    discussion: """
      Reads deliveries.csv of the run's folder, or of a job's after martlet fetch. With a second run \
      of the same job, say on one worker, also that both were given the same samples in the same \
      order. The exit code is 1 when they were not.
      """)

  @Argument(help: "The run's folder.", completion: .directory) var folder: String
  @Argument(help: "Another run of the job.", completion: .directory) var other: String?

  func run() throws {
    func audit(_ folder: String) throws -> DeliveryAudit {
      DeliveryAudit(try DeliveryTable.rows(of: "\(folder)/\(DeliveryTable.fileName)"))
    }
    let first = try audit(folder)
    Terminal.output.line(auditTable(first).text())
    var problems = first.problems
    if let other {
      if let difference = try first.firstDifference(from: audit(other)) {
        problems.append("not the order of \(other): \(difference)")
      } else {
        Terminal.output.line("the same samples in the same order as \(other)")
      }
    }
    for problem in problems { Terminal.output.line(problem) }
    guard problems.isEmpty else { throw ExitReason.failed }
  }
}

/// A line an epoch.
package func auditTable(_ audit: DeliveryAudit) -> TextTable {
  var table = TextTable([
    ("epoch", .right), ("steps", .right), ("samples", .right), ("once", .right),
    ("missing", .right), ("repeated", .right), ("", .left),
  ])
  for epoch in audit.epochs {
    table.add([
      (epoch.stage > 0 ? "\(epoch.stage)/" : "") + "\(epoch.epoch + 1)", "\(epoch.steps)",
      "\(epoch.samples)", "\(epoch.once)", "\(epoch.missing.count)", "\(epoch.repeated.count)",
      epoch.isPart ? "in part" : "",
    ])
  }
  return table
}
