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
    /// SHA-256 of the manifest with zeros in this place.
    let sha256: String
    let job: JobValue
    let progress: Progress
    let files: [File]
  }

  /// What can be read of a manifest of any format.
  private struct FormatOnly: Codable {
    let format: Int
  }

  package static let formatVersion = 1
  private static let unsigned = String(repeating: "0", count: 64)
  package static let modelFile = "model.safetensors"
  package static let stateFile = "state.safetensors"
  package static let averageFile = "model-average.safetensors"
  package static let manifestFile = "manifest.json"
  /// The job, at most 1 MiB, is the most of it.
  private static let manifestBytesMax = 16 << 20

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
        format: formatVersion, sha256: unsigned, job: trainer.job.value,
        progress: trainer.progress, files: files)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let bytes = try [UInt8](encoder.encode(manifest))
      let signed = bytes.replacing(
        unsigned.utf8, with: Digest.sha256(bytes).utf8, maxReplacements: 1)
      try AtomicFile.write(to: "\(draft)/\(manifestFile)") { file in
        try signed.withUnsafeBytes { try file.append($0) }
      }
      try replaceFolder(final, by: draft)
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
  /// `names`: Only these files need to be here; all by default.
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
    let count = try Files.byteCount(of: "\(path)/\(manifestFile)")
    guard count <= manifestBytesMax else {
      throw fail("has a \(manifestFile) of \(count) bytes, expected at most \(manifestBytesMax)")
    }
    let bytes = try Files.bytes(of: "\(path)/\(manifestFile)")
    do {
      let content = FoundationEssentials.Data(bytes)
      let format = try JSONDecoder().decode(FormatOnly.self, from: content).format
      guard format == formatVersion else {
        throw fail("has format \(format), this program reads \(formatVersion)")
      }
      manifest = try JSONDecoder().decode(Manifest.self, from: content)
    } catch let error as TrainingError {
      throw error
    } catch { throw fail("\(manifestFile) cannot be read: \(error)") }
    let content = bytes.replacing(manifest.sha256.utf8, with: unsigned.utf8, maxReplacements: 1)
    guard manifest.sha256.utf8.count == unsigned.utf8.count,
      Digest.sha256(content) == manifest.sha256
    else { throw fail("\(manifestFile) was altered: its SHA-256 is not the one in it") }
    for name in [modelFile, stateFile] where !manifest.files.contains(where: { $0.name == name }) {
      throw fail("\(manifestFile) does not list \(name)")
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

extension Checkpoint {
  /// Gives `draft` its final name, durably; an older folder of that name goes only after it was
  /// moved aside.
  private static func replaceFolder(_ final: String, by draft: String) throws {
    let old = "\(final).old"
    try? FileManager.default.removeItem(atPath: old)
    if FileManager.default.fileExists(atPath: final) {
      try FileManager.default.moveItem(atPath: final, toPath: old)
    }
    do { try FileManager.default.moveItem(atPath: draft, toPath: final) } catch {
      try? FileManager.default.moveItem(atPath: old, toPath: final)
      throw error
    }
    try AtomicFile.syncDirectory(of: final)
    try? FileManager.default.removeItem(atPath: old)
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
        for (moment, kind) in job.optimizer.momentNames.enumerated() {
          tensors.append(
            Safetensors.Item(
              "\(kind)/\(entry.name)", optimizer.moment(moment, ofEntry: index)))
        }
      case .state:
        tensors.append(Safetensors.Item("state/\(entry.name)", arena.value(at: index)))
      }
    }
    return tensors
  }

  /// Continues a checkpoint: weights, moments, state and progress.
  ///
  /// Throws: `TrainingError.checkpoint` if the job's model or optimiser do not fit it; then this
  /// trainer is of no use any more. `SafetensorsError`, `FileError`.
  @discardableResult
  package func resume(_ checkpoint: Checkpoint) throws -> LoadReport {
    func refuse(_ problem: String) -> TrainingError {
      .checkpoint(path: checkpoint.path, problem: problem)
    }
    try enter(stage: checkpoint.progress.stage)
    let report = try loadWeights("\(checkpoint.path)/\(Checkpoint.modelFile)")
    guard report.isComplete else { throw refuse("does not fit the job's model: \(report.gaps)") }
    let file = try SafetensorsFile(path: "\(checkpoint.path)/\(Checkpoint.stateFile)")
    for item in internalState() {
      guard let entry = file.entry(named: item.name), entry.shape == item.tensor.shape else {
        throw refuse(
          "\(Checkpoint.stateFile) lacks \(item.name) of shape \(item.tensor.shape); the job's "
            + "options or optimiser differ from the checkpoint's")
      }
      let value = try file.tensor(named: item.name)
      item.tensor.storage.copyBytes(
        from: value.storage, value.byteRange, to: item.tensor.byteRange.lowerBound)
    }
    try adopt(checkpoint.progress, from: checkpoint.path)
    return report
  }
}

extension LoadReport {
  /// What did not fit, in words.
  package var gaps: String {
    func list(_ names: [String]) -> String {
      names.prefix(3).joined(separator: ", ")
        + (names.count > 3 ? " and \(names.count - 3) more" : "")
    }
    var parts: [String] = []
    if !missing.isEmpty { parts.append("it lacks \(list(missing))") }
    if !unexpected.isEmpty { parts.append("it has \(list(unexpected)), the model has not") }
    let otherShapes = mismatchedShape + grown
    if !otherShapes.isEmpty {
      parts.append(
        "shapes differ: "
          + list(otherShapes.map { "\($0.name) is \($0.found), expected \($0.expected)" }))
    }
    return parts.joined(separator: "; ")
  }
}

extension Arena.Entry {
  /// Whether the entry belongs to the model rather than to its training.
  var isOfModel: Bool {
    !name.hasPrefix(Optimizer.prefix + ".") && !name.hasPrefix(ParameterAverage.prefix + ".")
  }
}
