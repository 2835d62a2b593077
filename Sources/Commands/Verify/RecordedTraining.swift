import Cluster
import Data
import Foundation
import Messages
import Training
import Transport

/// What is on record of a training that can be repeated: of a job of a cluster or in a run's folder.
struct RecordedTraining {
  /// What errors call it.
  let name: String
  /// In order, with at least one row.
  let digests: [DigestTable.Row]
  /// In order; at least one.
  let starts: [RunStart]
  /// Steps at which a checkpoint is kept.
  let checkpointSteps: [Int]
  /// Brings the checkpoint of a step here; a second folder is where to put it if it must be copied.
  let checkpoint: (Int, String) throws -> Training.Checkpoint

  /// Throws: `TrainingError.record` and `DataError` naming the file; `Failure` for a run without
  /// digests.
  init(folder: String) throws {
    name = folder
    let table = "\(folder)/\(DigestTable.fileName)"
    guard Files.isFile(table) else {
      throw TrainingError.record(
        path: table,
        problem: "is missing; name the folder of a run, or a job of a cluster like j3")
    }
    digests = try Self.checked(DigestTable.rows(of: table), of: folder)
    starts = try RunStart.all(in: folder)
    let shelf = CheckpointShelf(folder: "\(folder)/checkpoints", keep: 1)
    checkpointSteps = shelf.steps
    checkpoint = { step, _ in
      try Training.Checkpoint.open("\(shelf.folder)/\(Training.Checkpoint.name(step: step))")
    }
  }

  /// Throws: `Failure` for a job that is not there or has no digests; `TransportError`.
  init(_ job: JobID, _ connection: ClusterConnection) throws {
    name = "\(job)"
    let detail = try connection.show(job)
    let (commits, fingerprint) = try connection.digests(job)
    digests = try Self.checked(
      commits.filter { !$0.digest.isEmpty }.map {
        DigestTable.Row(
          step: Int(clamping: $0.position.step >> 4), passes: Int($0.position.step & 15),
          digest: $0.digest)
      }, of: name)
    starts = [
      RunStart(
        step: Self.stepsBefore(digests[0]),
        fingerprint: Dictionary(
          fingerprint.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
        job: try JSONDecoder().decode(
          JobValue.self, from: Foundation.Data(detail.specification.utf8)))
    ]
    let names = try connection.files(job).map { $0.name.split(separator: "/").map(String.init) }
    checkpointSteps = names.compactMap { parts in
      guard parts.count == 3, parts[0] == "checkpoints",
        parts[2] == Training.Checkpoint.manifestFile
      else { return nil }
      return CheckpointShelf.step(of: parts[1])
    }.sorted()
    checkpoint = { step, folder in
      let name = Training.Checkpoint.name(step: step)
      let wanted = [Training.Checkpoint.modelFile, Training.Checkpoint.stateFile]
      let bulk = try connection.bulk()
      try Files.makeFolder("\(folder)/\(name)")
      for file in [Training.Checkpoint.manifestFile] + wanted {
        try bulk.download("checkpoints/\(name)/\(file)", of: job, to: "\(folder)/\(name)/\(file)")
      }
      return try Training.Checkpoint.open("\(folder)/\(name)", only: wanted)
    }
  }

  var range: StepRange { StepRange(digests[0].step, digests[digests.count - 1].step) }

  private static func checked(
    _ digests: [DigestTable.Row], of name: String
  ) throws -> [DigestTable.Row] {
    guard !digests.isEmpty else {
      throw Failure(
        reason: "\(name) has no digests on record",
        advice: "it ran with `digest: false`, or has not made a step yet")
    }
    return digests
  }

  /// How many steps were done before a row's commit.
  private static func stepsBefore(_ row: DigestTable.Row) -> Int {
    row.passes > 0 ? row.step : row.step - 1
  }

  /// The start that all of a range comes from.
  ///
  /// Throws: `Failure` for steps that are not on record or come from several.
  func start(of range: StepRange) throws -> RunStart {
    let all = self.range
    guard all.contains(range.first), all.contains(range.last) else {
      throw Failure(
        reason: "steps \(all) are on record, \(range) were asked for",
        advice: "choose steps among them", field: "--steps")
    }
    let ends = starts.dropFirst().map(\.step) + [all.last]
    for (start, end) in zip(starts, ends) where range.first <= end {
      if range.last <= end { return start }
      break
    }
    let parts = zip(starts, ends).filter { $0.step < $1 }.map { "\($0.step + 1)..\($1)" }
    throw Failure(
      reason: "\(name) went on as another job or by another program in the midst of steps \(range)",
      advice: "verify them apart, with one of "
        + parts.map { "--steps \($0)" }.joined(separator: ", "),
      field: "--steps")
  }

  /// The newest checkpoint from which the whole of a range can be repeated; nil for the beginning.
  ///
  /// Throws: `Failure` if there is none and the record does not reach back to the beginning.
  func checkpointStep(before range: StepRange, of start: RunStart) throws -> Int? {
    if let step = checkpointSteps.last(where: { $0 < range.first && $0 >= start.step }) {
      return step
    }
    guard start.step > 0 else { return nil }
    let usable = checkpointSteps.first { $0 >= start.step && $0 < self.range.last }
    throw Failure(
      reason:
        "\(name) was continued at step \(start.step), and no checkpoint from there to before step "
        + "\(range.first) is kept",
      advice: usable.map { "the first that can be verified is step \($0 + 1)" }
        ?? "keep more of them, with `checkpoint: { keep: N }`",
      field: "--steps")
  }

  /// Throws: `Failure` naming the item in which this program's arithmetic is not the training's.
  static func checkFingerprint(of start: RunStart) throws {
    for item in Fingerprint.items where start.fingerprint[item.name] != item.value {
      let advice =
        switch item.name {
        case "build": "verify with the program that trained it"
        case "OpenBLAS", "kernels":
          "choose the instructions that it was trained with, --isa native or --isa avx2, or verify on a "
            + "machine like those that trained it"
        default: "verify on a machine like those that trained it"
        }
      throw Failure(
        reason:
          "other arithmetic gives other digests: \(item.name) was "
          + "\(start.fingerprint[item.name] ?? "not recorded") in the training, here it is "
          + item.value, advice: advice)
    }
  }
}
