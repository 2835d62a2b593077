import Data
import FoundationEssentials
import Layers

/// The folder of one job's results.
///
/// ```
/// job.json            the job as it ran
/// scalars.csv         every number of every step and pass; also as a TensorBoard event file
/// digests.csv         the digest of every commit, for `martlet verify`
/// deliveries.csv      with `audit: true`: the samples of every step, for `martlet data audit`
/// arithmetic.json     the job and the arithmetic fingerprint that those digests come from
/// scores.json         the newest scores of each split
/// checkpoints/        the newest few and the best
/// model.safetensors   the final weights
/// *.png               contact sheet, loss curve
/// ```
package final class RunFolder {
  package static let contactSheetFile = "contact-sheet.png"
  package static let initialWeightsFile = "initial-weights.txt"
  package static let lossCurveFile = "loss-curve.png"

  package let path: String
  package let shelf: CheckpointShelf
  private let table: ScalarTable
  private let digests: DigestTable
  private let deliveries: DeliveryTable?
  private let board: TensorBoardWriter
  /// (step, loss) of every step seen, for the loss curve.
  package private(set) var losses: [(step: Int, loss: Double)] = []

  /// Makes the folder, or continues in it.
  ///
  /// `step`: Where a run continues; numbers of later steps will be written anew.
  /// Throws: `JobError` for a folder in use, `DataError`, `TrainingError.write`.
  package init(path: String, job: Job, continuing: Bool, from step: Int = .max) throws {
    self.path = path
    shelf = CheckpointShelf(folder: "\(path)/checkpoints", keep: job.checkpoint.keep)
    if !continuing, Files.isFile("\(path)/scalars.csv") {
      throw JobError(
        "output",
        "\(path) holds the results of another run; choose another folder, or --resume \(path)")
    }
    try Files.makeFolder(shelf.folder)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Files.write([UInt8](encoder.encode(job.value)), to: "\(path)/job.json")
    let scalars = "\(path)/scalars.csv"
    if continuing, Files.isFile(scalars) {
      try Self.cut(scalars, after: step)
      losses = Self.readLosses(scalars)
    }
    let digests = "\(path)/\(DigestTable.fileName)"
    if continuing, Files.isFile(digests) { try Self.cut(digests, after: step) }
    self.digests = try DigestTable(path: digests)
    let deliveries = "\(path)/\(DeliveryTable.fileName)"
    if continuing, Files.isFile(deliveries) {
      try Self.cut(deliveries, after: step, columns: 5)
    }
    self.deliveries = job.isAudited ? try DeliveryTable(path: deliveries) : nil
    table = try ScalarTable(path: scalars)
    board = try TensorBoardWriter(folder: path, name: Self.freeName(in: path))
  }

  /// Leaves the rows of steps up to `step`, and no row that was cut off by a crash.
  private static func cut(_ path: String, after step: Int, columns: Int = 3) throws {
    let text = try Files.text(of: path)
    let lines = text.split(separator: "\n").enumerated().filter { index, line in
      if index == 0 { return true }
      let parts = line.split(separator: ",")
      guard parts.count == columns, let number = Int(parts[0]) else { return false }
      return number <= step
    }
    let kept = lines.map { "\($0.element)\n" }.joined()
    if kept != text { try Files.write(Array(kept.utf8), to: path) }
  }

  /// An event file for each start: a reader gives up at a record that a crash cut off.
  private static func freeName(in path: String) -> String {
    let taken = ((try? Files.names(in: path)) ?? []).filter { $0.hasPrefix("events.") }
    return taken.isEmpty ? "martlet" : "martlet-\(taken.count)"
  }

  package func add(_ numbers: [NamedValue], step: Int) throws {
    let scalars = numbers.map { (tag: $0.name, value: $0.value) }
    if let loss = numbers.first(where: { $0.name == "loss" }) { losses.append((step, loss.value)) }
    try table.add(scalars, step: step)
    try board.add(scalars, step: step, time: Date().timeIntervalSince1970)
  }

  /// Records the digest of a commit; empty for a job without.
  package func add(_ digest: String, step: Int, passes: Int) throws {
    guard !digest.isEmpty else { return }
    try digests.add(DigestTable.Row(step: step, passes: passes, digest: digest))
  }

  /// Records what a step of an audited job was made of.
  package func add(_ delivery: DeliveryTable.Row) throws { try deliveries?.add(delivery) }

  /// Records what the digests from here on come from.
  ///
  /// Throws: `DataError`.
  package func add(_ start: RunStart) throws { try start.add(to: "\(path)/\(RunStart.fileName)") }

  package func add(_ split: String, _ scores: [Score], step: Int) throws {
    try add(scores.map { NamedValue("\(split)/\($0.name)", $0.value) }, step: step)
  }

  /// Keeps a checkpoint that lies in `shelf.folder`, and forgets the ones it replaces.
  package func keep(_ checkpoint: Checkpoint) {
    shelf.prune(best: checkpoint.progress.best?.step, newest: checkpoint.progress.step)
  }

  /// Puts the final weights and scores where people look for them, and draws the loss curve.
  package func finish(_ checkpoint: Checkpoint) throws {
    for name in [Checkpoint.modelFile, Checkpoint.averageFile]
    where Files.isFile("\(checkpoint.path)/\(name)") {
      let target = "\(path)/\(name)"
      try? FileManager.default.removeItem(atPath: target)
      try FileManager.default.copyItem(atPath: "\(checkpoint.path)/\(name)", toPath: target)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Files.write(
      [UInt8](encoder.encode(checkpoint.progress.scores)), to: "\(path)/scores.json")
    try drawLosses()
  }

  private func drawLosses() throws {
    guard losses.count > 1 else { return }
    let curve = LossCurve(
      series: [.init(name: "loss", points: losses.map { (Double($0.step), $0.loss) })],
      title: "training loss")
    try Files.write(curve.pngBytes(), to: "\(path)/\(Self.lossCurveFile)")
  }

  private static func readLosses(_ path: String) -> [(step: Int, loss: Double)] {
    ((try? Files.lines(of: path)) ?? []).compactMap { line in
      let parts = line.split(separator: ",")
      guard parts.count == 3, parts[1] == "loss", let step = Int(parts[0]),
        let loss = Double(parts[2])
      else { return nil }
      return (step, loss)
    }
  }
}
