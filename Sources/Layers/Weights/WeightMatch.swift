import Tensors

/// A file's tensors against those of the model that their shapes ask for.
struct WeightMatch {
  private let layout: WeightLayout
  private let files: WeightFiles
  /// What stands before every name of the model in the file.
  private let prefix: String
  /// What may belong to the model, by name without prefix.
  private(set) var known: [String: SafetensorsFile.Entry] = [:]
  /// What cannot.
  private var unknown: [SafetensorsFile.Entry] = []
  var conversion = WeightConversion()

  /// - `ignoringOthers`: Whether names without the prefix are somebody else's.
  /// - `leavingOut`: Beginnings of full names that are not wanted.
  /// - `rename`: The name as the layout has it, from one without prefix; `nil` for what is of no use.
  init(
    _ layout: WeightLayout, _ files: WeightFiles, prefix: String, ignoringOthers: Bool = false,
    leavingOut: [String], rename: (String) -> String?
  ) {
    self.layout = layout
    self.files = files
    self.prefix = prefix
    conversion.prefix = prefix
    for entry in files.entries {
      let isBelow = entry.name.hasPrefix(prefix)
      if ignoringOthers, !isBelow { continue }
      let name = rename(isBelow ? String(entry.name.dropFirst(prefix.count)) : entry.name)
      if name == nil || leavingOut.contains(where: { entry.name.hasPrefix($0) }) {
        conversion.leftOut.append(.init(name: entry.name, shape: entry.shape))
      } else if isBelow, let name, known[name] == nil {
        known[name] = entry
      } else {
        unknown.append(entry)
      }
    }
    conversion.leftOut.sort { $0.name < $1.name }
  }

  /// The entries of the model of these shapes, all of which the file has.
  ///
  /// - `needs`: The file's names, without prefix, and their shape, for an entry's name and shape.
  ///
  /// Throws `WeightsError` that lists what is missing, misshapen or unknown; `SafetensorsError`.
  mutating func entries(
    of shapes: WeightShapes, needs: (String, [Int]) -> (names: [String], shape: [Int])
  ) throws -> [Arena.Entry] {
    for entry in known.values.sorted(by: { $0.name < $1.name })
    where StoredType(rawValue: entry.type) == nil {
      throw SafetensorsError.unsupportedType(
        file: files.path, tensor: entry.name, type: entry.type)
    }
    let arena = Arena()
    var scope = Scope(arena)
    var problems = WeightProblems()
    do { conversion.sizes = try layout.declare(shapes, &scope) } catch let fault
      as WeightShapes.Fault
    {
      // Without its sizes there is no model to compare the others with.
      let name = prefix + needs(fault.name, [1]).names[0]
      guard let found = fault.found else {
        problems.missing.append("\(name) (\(fault.expected))")
        throw problems.error(layout, files.path)
      }
      problems.misshapen.append("\(name): found \(found), expected \(fault.expected)")
      throw problems.error(layout, files.path)
    }
    var used: Set<String> = []
    for entry in arena.entries {
      let (names, shape) = needs(entry.name, entry.exportedShape)
      for name in names {
        used.insert(name)
        if let stored = known[name] {
          guard stored.shape != shape else { continue }
          problems.misshapen.append("\(stored.name): found \(stored.shape), expected \(shape)")
        } else {
          problems.missing.append("\(prefix + name) \(shape)")
        }
      }
    }
    let others = unknown + known.filter { !used.contains($0.key) }.values
    problems.unknown = others.map { "\($0.name) \($0.shape)" }.sorted()
    guard problems.isEmpty else { throw problems.error(layout, files.path) }
    return arena.entries
  }

  /// A tensor of the file by its name without prefix, as float32.
  ///
  /// Throws `SafetensorsError`, `FileError`.
  mutating func tensor(_ name: String, isCounter: Bool) throws -> Tensor {
    guard let entry = known[name] else {
      throw SafetensorsError.noTensor(file: files.path, tensor: prefix + name)
    }
    if !isCounter, entry.type != StoredType.float32.rawValue {
      conversion.widened[entry.type, default: 0] += 1
    }
    return try files.tensor(named: entry.name)
  }
}

/// In what a file and a model differ.
struct WeightProblems {
  var missing: [String] = []
  var misshapen: [String] = []
  var unknown: [String] = []

  private static let listedMax = 12

  var isEmpty: Bool { missing.isEmpty && misshapen.isEmpty && unknown.isEmpty }

  func error(_ layout: WeightLayout, _ file: String) -> WeightsError {
    func list(_ title: String, _ names: [String]) -> String {
      if names.isEmpty { return "" }
      let rest = names.count - Self.listedMax
      return "\n  \(title) (\(names.count)):"
        + names.prefix(Self.listedMax).map { "\n    \($0)" }.joined()
        + (rest > 0 ? "\n    and \(rest) more" : "")
    }
    var advice = "Name the layout that the file has"
    if missing.isEmpty, misshapen.isEmpty {
      advice = "Leave out what the model can do without (--leave-out), or name another layout"
    }
    return WeightsError(
      file: file,
      problem: "does not fit \(layout.name) (\(layout.summary)):" + list("missing", missing)
        + list("of another shape", misshapen) + list("unknown", unknown), advice: advice)
  }
}
