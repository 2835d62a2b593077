import ArgumentParser
import Data
import Foundation

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Read all of a data set: what is wrong with it, and what is in it.",
    discussion: """
      Every sample of every split is read. Each problem is listed with its file; the summary counts
      classes, labels and sizes. The exit code is 4 when there are problems.
      Formats: \(dataFormats.map { $0.format }.joined(separator: ", ")).
      """)

  @OptionGroup var data: DataSetArguments
  @Option(help: "A folder for SPLIT.png, samples with their labels, and report.json.")
  var out: String?
  @Flag(help: "Print the report as JSON.") var json = false

  func run() throws {
    let opened = try data.open()
    let check = try DataCheck(
      format: opened.format, files: opened.files, options: opened.options)
    let all = try check.splits()
    if let absent = data.split.first(where: { !all.contains($0) }) {
      throw DataError(
        file: data.path, problem: "has no split \(absent), only \(all)",
        advice: "Name a split that is there")
    }
    if let out { try Files.makeFolder(out) }
    var reports: [SplitReport] = []
    for split in all where data.split.isEmpty || data.split.contains(split) {
      let (report, sheet) = check.run(split: split, progress: show)
      Terminal.error.clear()
      reports.append(report)
      if !json { print(report) }
      if let out, let sheet {
        try Files.write(sheet.pngBytes(), to: "\(out)/\(split).png")
      }
    }
    let whole = DataReport(path: data.path, format: opened.format.format, splits: reports)
    let text = try jsonText(whole)
    if json { Terminal.output.line(text) }
    if let out { try Files.write(Array((text + "\n").utf8), to: "\(out)/report.json") }
    guard whole.problemCount == 0 else { throw ExitReason.data }
  }

  private func print(_ report: SplitReport) {
    for problem in report.problems { Terminal.error.line("\(problem)") }
    if report.problemsLeftOut > 0 {
      Terminal.error.line("and \(report.problemsLeftOut) more problems")
    }
    Terminal.output.line(dataSummary(report))
  }

  private func show(_ progress: DataCheck.Progress) {
    guard Terminal.error.isInteractive, progress.done % 64 == 0 else { return }
    Terminal.error.live("\(progress.split): \(progress.done) of \(progress.count) read")
  }
}

/// `martlet data check --json`: keys are only ever added.
struct DataReport: Encodable {
  let path: String
  let format: String
  let splits: [SplitReport]

  var problemCount: Int { splits.reduce(0) { $0 + $1.problemCount } }
}
