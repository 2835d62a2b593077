import Foundation
import TestSupport

/// A job of seconds with everything in it that could differ between worlds: batch norm, dropout,
/// augmentation, a batch that does not divide the data set.
func tinyJob(steps: Int = 4, more: String = "") -> String {
  """
  recipe: segment
  data: { world: scenes, size: 44, imageSize: 32, validation: 8, test: 8, heldout: 8 }
  batch: 16
  replicas: 8
  steps: \(steps)
  seed: 7
  options: { width: 8, levels: 2, dropout: 0.1 }
  \(more)

  """
}

/// Writes the job file and returns its path.
func write(job: String, in folder: String) throws -> String {
  let path = "\(folder)/job.yaml"
  try write(job, to: path)
  return path
}

/// SHA-256 of the weights that one process alone makes of a job.
func digestAlone(_ job: String, threads: Int = 1) throws -> String {
  try withTemporaryFolder { folder in
    let run = try Program.run(
      [
        "run", try write(job: job, in: folder), "--threads", "\(threads)", "--print-digest",
        "--output", "\(folder)/alone",
      ], in: folder, seconds: 3_600)
    guard run.status == 0 else { throw TookTooLong(what: run.errors) }
    return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
