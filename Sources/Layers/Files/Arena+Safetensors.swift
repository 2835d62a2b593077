import Tensors

/// What loading weights by name did and did not do.
public struct LoadReport: Sendable, Equatable {
  public struct Mismatch: Sendable, Equatable {
    public let name: String
    /// In the ecosystem's order of axes, as the file has it.
    public let expected: [Int]
    public let found: [Int]
  }

  /// Names that were written.
  public internal(set) var loaded: [String] = []
  /// Names of the model that the file lacks; these entries are as they were.
  public internal(set) var missing: [String] = []
  /// Names of the file that the model lacks.
  public internal(set) var unexpected: [String] = []
  /// Names of both with different shapes; these entries are as they were.
  public internal(set) var mismatchedShape: [Mismatch] = []
  /// Tables of vocabularies that were written and have rows behind those of the file.
  public internal(set) var grown: [Mismatch] = []

  /// Whether model and file agree in every name and shape.
  public var isComplete: Bool {
    missing.isEmpty && unexpected.isEmpty && mismatchedShape.isEmpty && grown.isEmpty
  }
}

extension Arena {
  /// Copies of the entries under the ecosystem's names and in its order of axes, sorted by name.
  ///
  /// - `prefix`: Only what lies below this scope, without the prefix; all by default.
  /// - `isIncluded`: By full name; for instance to leave copies and queues out.
  public func exported(
    below prefix: String = "", where isIncluded: (Entry) -> Bool = { _ in true }
  ) -> [Safetensors.Item] {
    entries.indices.compactMap { index -> Safetensors.Item? in
      let entry = entries[index]
      guard let name = entry.name(below: prefix), isIncluded(entry) else { return nil }
      return Safetensors.Item(
        name, Tensor(entry.layout.exported(value(at: index)).elements, shape: entry.exportedShape),
        as: entry.layout == .counter ? .int64 : .float32)
    }.sorted { $0.name < $1.name }
  }

  /// Writes the file's tensors into the entries of the same names; between steps only.
  ///
  /// Copies of a loaded parameter that the file lacks begin as their source again. A vocabulary's table
  /// with rows for added symbols takes a file's table without them and keeps its own rows behind it;
  /// any other number of rows is that of another vocabulary and an error.
  ///
  /// - `prefix`: As in `exported`.
  /// - `isIncluded`: Entries that the file is expected to hold; others are left alone.
  /// - `rename`: The model's name for a name of the file, `nil` to skip it; for other projects'
  ///   prefixes.
  ///
  /// The caller decides whether a gap in the report is an error. Throws `FileError`, `SafetensorsError`; entries
  /// before the faulty one are then already written.
  public func load(
    from file: SafetensorsFile, below prefix: String = "",
    where isIncluded: (Entry) -> Bool = { _ in true },
    renaming rename: (String) -> String? = { $0 }
  ) throws -> LoadReport {
    var report = LoadReport()
    var origins: [String: String] = [:]  // the model's name → the file's
    for stored in file.entries {
      if let name = rename(stored.name) { origins[name] = stored.name }
    }
    var written: Set<Int> = []
    var claimed: Set<String> = []
    for index in entries.indices {
      let entry = entries[index]
      guard let name = entry.name(below: prefix), isIncluded(entry) else { continue }
      guard let origin = origins[name], let stored = file.entry(named: origin) else {
        report.missing.append(entry.name)
        continue
      }
      claimed.insert(origin)
      let expected = entry.exportedShape
      if case .vocabulary(let base, let added, _) = entry.initial, stored.shape != expected,
        stored.shape.count == 2, stored.shape[1] == expected[1]
      {
        guard stored.shape[0] == base else {
          throw SafetensorsError.otherVocabulary(
            file: file.path, tensor: origin, rows: stored.shape[0], symbols: base,
            added: added.count)
        }
        write(
          entry.initial.grown(
            from: try file.tensor(named: origin), added,
            initial: value(at: index).rows(base..<expected[0])), at: index)
        written.insert(index)
        report.loaded.append(entry.name)
        report.grown.append(
          LoadReport.Mismatch(name: entry.name, expected: expected, found: stored.shape))
        continue
      }
      guard stored.shape == expected else {
        report.mismatchedShape.append(
          LoadReport.Mismatch(name: entry.name, expected: expected, found: stored.shape))
        continue
      }
      write(entry.layout.imported(try file.tensor(named: origin)), at: index)
      written.insert(index)
      report.loaded.append(entry.name)
    }
    report.unexpected = file.entries.map(\.name).filter {
      !claimed.contains($0) && rename($0) != nil
    }
    for index in entries.indices where !written.contains(index) {
      guard let source = entries[index].source, written.contains(source) else { continue }
      write(value(at: source), at: index)
      report.missing.removeAll { $0 == entries[index].name }
    }
    return report
  }
}

extension Arena.Entry {
  var exportedShape: [Int] { layout.exportedShape(shape) }

  /// The name without `prefix`, `nil` for an entry that is not below it.
  fileprivate func name(below prefix: String) -> String? {
    if prefix.isEmpty { return name }
    return name.hasPrefix(prefix + ".") ? String(name.dropFirst(prefix.count + 1)) : nil
  }
}
