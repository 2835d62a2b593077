import Data
import FoundationEssentials
import Layers
import Tensors

/// A checkpoint: a folder that holds all of a training's state at one commit.
///
/// ```
/// step-00000200/
///   manifest.json        format, job, progress, size and SHA-256 of the other files
///   model.safetensors    parameters and running statistics, the ecosystem's names and axis order
///   state.safetensors    optimiser moments and other state, by name, internal
/// ```
/// It does not depend on the number of workers. A folder without a valid manifest is none: the
/// manifest is written last and the folder gets its name by one rename.
package struct Checkpoint: Sendable {
  package struct File: Codable, Sendable, Equatable {
    package let name: String
    package let size: Int
    package let sha256: String
  }

  struct Manifest: Codable {
    let format: Int
    let job: JobValue
    let progress: Progress
    let files: [File]
  }

  package static let formatVersion = 1
  package static let modelFile = "model.safetensors"
  package static let stateFile = "state.safetensors"
  package static let averageFile = "model-average.safetensors"
  package static let manifestFile = "manifest.json"

  package let path: String
  package let progress: Progress
  package let job: JobValue
  package let files: [File]

  /// SHA-256 of `model.safetensors`: what `--print-digest` prints.
  package var modelDigest: String { files.first { $0.name == Self.modelFile }?.sha256 ?? "" }

  /// How many checkpoints the job keeps.
  package var kept: Int {
    guard case .integer(let keep)? = job[path: "checkpoint.keep"], keep >= 1 else {
      return Job.CheckpointSettings().keep
    }
    return keep
  }

  package static func name(step: Int) -> String {
    let digits = "\(step)"
    return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  /// Writes the trainer's committed state into `folder/step-…` and returns it.
  ///
  /// Throws: `TrainingError.write`; then nothing of that name exists and older ones are intact.
  package static func write(_ trainer: Trainer, into folder: String) throws -> Checkpoint {
    let final = "\(folder)/\(name(step: trainer.progress.step))"
    let draft = "\(final).writing"
    do {
      try? FileManager.default.removeItem(atPath: draft)
      try Files.makeFolder(draft)
      var files: [File] = []
      func add(_ name: String, _ tensors: [Safetensors.Item]) throws {
        let path = "\(draft)/\(name)"
        try Safetensors.write(tensors, to: path)
        files.append(
          File(
            name: name, size: try Files.byteCount(of: path), sha256: try Digest.sha256(file: path)))
      }
      try add(modelFile, trainer.model())
      try add(stateFile, trainer.internalState())
      if let average = trainer.averagedModel() { try add(averageFile, average) }
      let manifest = Manifest(
        format: formatVersion, job: trainer.job.value, progress: trainer.progress, files: files)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try Files.write([UInt8](encoder.encode(manifest)), to: "\(draft)/\(manifestFile)")
      if FileManager.default.fileExists(atPath: final) {
        try FileManager.default.removeItem(atPath: final)
      }
      try FileManager.default.moveItem(atPath: draft, toPath: final)
      return Checkpoint(
        path: final, progress: trainer.progress, job: trainer.job.value, files: files)
    } catch {
      try? FileManager.default.removeItem(atPath: draft)
      throw TrainingError.write(
        path: final, problem: "\(error); the checkpoints written before are intact")
    }
  }

  /// Reads the manifest and checks the size and SHA-256 of its files.
  ///
  /// - Parameter names: Only these files need to be here; all by default.
  /// Throws: `TrainingError.checkpoint` naming the file that is missing, cut or altered.
  package static func open(
    _ path: String, only names: [String]? = nil
  ) throws -> Checkpoint {
    func fail(_ problem: String) -> TrainingError { .checkpoint(path: path, problem: problem) }
    guard Files.isFolder(path) else {
      throw fail("is no folder; give a folder like runs/x/checkpoints/step-00000200")
    }
    guard Files.isFile("\(path)/\(manifestFile)") else {
      throw fail("has no \(manifestFile), so it was not written completely")
    }
    let manifest: Manifest
    do {
      let bytes = try Files.bytes(of: "\(path)/\(manifestFile)")
      manifest = try JSONDecoder().decode(Manifest.self, from: FoundationEssentials.Data(bytes))
    } catch { throw fail("\(manifestFile) cannot be read: \(error)") }
    guard manifest.format == formatVersion else {
      throw fail("has format \(manifest.format), this program reads \(formatVersion)")
    }
    for file in manifest.files where names?.contains(file.name) ?? true {
      guard !file.name.contains("/"), !file.name.hasPrefix(".") else {
        throw fail("names a file outside itself: \(file.name)")
      }
      let full = "\(path)/\(file.name)"
      guard Files.isFile(full) else { throw fail("\(file.name) is missing") }
      let size = try Files.byteCount(of: full)
      guard size == file.size else {
        throw fail("\(file.name) has \(size) bytes, the manifest says \(file.size); it was cut")
      }
      guard try Digest.sha256(file: full) == file.sha256 else {
        throw fail("\(file.name) was altered: its SHA-256 is not the manifest's")
      }
    }
    return Checkpoint(
      path: path, progress: manifest.progress, job: manifest.job, files: manifest.files)
  }
}

extension Trainer {
  /// The model as the ecosystem knows it.
  func model() -> [Safetensors.Item] { arena.exported(where: \.isOfModel) }

  /// The model with averaged parameters, if the job keeps an average.
  func averagedModel() -> [Safetensors.Item]? {
    guard let average else { return nil }
    let averages = arena.exported(below: ParameterAverage.prefix)
    let names = Set(averages.map(\.name))
    precondition(names.count == average.count, "Trainer: averages of other parameters")
    return (averages + model().filter { !names.contains($0.name) }).sorted { $0.name < $1.name }
  }

  /// Reads weights by name; optimiser and averages are left alone.
  ///
  /// Throws: `SafetensorsError`.
  func loadWeights(_ path: String) throws -> LoadReport {
    try arena.load(from: SafetensorsFile(path: path), where: \.isOfModel)
  }

  /// Everything of the arena that `model.safetensors` does not hold, by internal names.
  func internalState() -> [Safetensors.Item] {
    var tensors: [Safetensors.Item] = []
    for (index, entry) in arena.entries.enumerated() {
      switch entry.kind {
      case .parameter:
        for moment in 0..<job.optimizer.moments {
          tensors.append(
            Safetensors.Item(
              "moment\(moment)/\(entry.name)", optimizer.moment(moment, ofEntry: index)))
        }
      case .state: 
        tensors.append(Safetensors.Item("state/\(entry.name)", arena.value(at: index)))
      }
    }
    return tensors
  }

  /// Takes over a checkpoint's state.
  ///
  /// - Parameter isSameJob: Continue its progress. Otherwise its weights and statistics begin a
  ///   training of their own; what this job lacks or adds is reported, not refused.
  ///
  /// Throws: `TrainingError.checkpoint`, `SafetensorsError`.
  package func restore(_ checkpoint: Checkpoint, isSameJob: Bool) throws -> LoadReport {
    let report = try loadWeights("\(checkpoint.path)/\(Checkpoint.modelFile)")
    if isSameJob, !report.isComplete {
      throw TrainingError.checkpoint(
        path: checkpoint.path, problem: "does not fit the job's model: \(report)")
    }
    let file = try SafetensorsFile(path: "\(checkpoint.path)/\(Checkpoint.stateFile)")
    for (index, entry) in arena.entries.enumerated() {
      switch entry.kind {
      case .parameter:
        for moment in 0..<job.optimizer.moments {
          try restore("moment\(moment)/\(entry.name)", from: file, checkpoint, isSameJob) {
            optimizer.moment(moment, ofEntry: index)
          }
        }
      case .state:
        try restore("state/\(entry.name)", from: file, checkpoint, isSameJob) {
          arena.value(at: index)
        }
      }
    }
    if isSameJob { adopt(checkpoint.progress) }
    return report
  }

  private func restore(
    _ name: String, from file: SafetensorsFile, _ checkpoint: Checkpoint, _ isRequired: Bool,
    _ target: () -> Tensor
  ) throws {
    let place = target()
    guard file.entry(named: name) != nil, let value = try? file.tensor(named: name),
      value.shape == place.shape
    else {
      if !isRequired { return }
      throw TrainingError.checkpoint(
        path: checkpoint.path,
        problem: "\(Checkpoint.stateFile) lacks \(name) of shape \(place.shape); the job's options "
          + "or optimiser differ from the checkpoint's")
    }
    value.withUnsafeElements { _ = place.mutableElements.update(from: $0) }
  }
}

extension Arena.Entry {
  /// Whether the entry belongs to the model rather than to its training.
  var isOfModel: Bool {
    !name.hasPrefix(Optimizer.prefix + ".") && !name.hasPrefix(ParameterAverage.prefix + ".")
  }
}
