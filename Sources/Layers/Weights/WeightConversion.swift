/// Tensors that have changed sides, and what there is to say of it.
public struct WeightConversion: Sendable {
  /// A tensor of the file that was read.
  public struct Stored: Sendable, Equatable {
    public let name: String
    public let shape: [Int]
  }

  /// Ready to be written, under their full names.
  public internal(set) var items: [Safetensors.Item] = []
  public internal(set) var sizes: [WeightLayout.ModelSize] = []
  /// What stands before every name of theirs, such as "bert."; mostly nothing.
  public internal(set) var prefix = ""
  /// How many tensors were of each type that is not float32, counters aside.
  public internal(set) var widened: [String: Int] = [:]
  /// What the file has and the result has not: of no use to Martlet, or as asked for.
  public internal(set) var leftOut: [Stored] = []
  /// Rows and columns of a position embedding that was resampled.
  public internal(set) var resampled: (from: [Int], to: [Int])?
}

extension WeightLayout {
  /// Their tensors under our names.
  ///
  /// - `scope`: Where the model stands in ours, such as "backbone"; empty for the top.
  /// - `imageSize`: The position embedding is brought to this height and width in pixels.
  /// - `leavingOut`: Tensors of theirs whose names begin with one of these are not wanted.
  ///
  /// Throws `WeightsError` for files that are not of this layout, `SafetensorsError`, `FileError`.
  public func imported(
    _ files: WeightFiles, into scope: String = "", imageSize: (height: Int, width: Int)? = nil,
    leavingOut: [String] = []
  ) throws -> WeightConversion {
    let prefix = try prefix(of: files)
    var match = WeightMatch(self, files, prefix: prefix, leavingOut: leavingOut) { name in
      unused.contains { $0.places(in: name) != nil } ? nil : modern(name)
    }
    var shapes: [String: [Int]] = [:]
    for (name, entry) in match.known {
      guard let (rule, ours) = ruleOfFirst(theirs: name) else { continue }
      shapes[ours] = rule.ourShape(entry.shape)
    }
    let entries = try match.entries(of: WeightShapes(shapes)) { ours, shape in
      guard let (rule, theirs) = rule(ours: ours) else { return ([ours], shape) }
      return (theirs, rule.theirShape(shape))
    }
    for entry in entries {
      guard let (rule, theirs) = rule(ours: entry.name) else { continue }
      let parts = try theirs.map { try match.tensor($0, isCounter: entry.layout == .counter) }
      match.conversion.items.append(
        Safetensors.Item(
          scope.isEmpty ? entry.name : "\(scope).\(entry.name)", rule.imported(parts),
          as: entry.layout == .counter ? .int64 : .float32))
    }
    if let imageSize {
      try resample(&match.conversion, in: scope, to: imageSize, file: files.path)
    }
    return match.conversion
  }

  /// Our tensors under their names: the inverse of `imported`.
  ///
  /// - `scope`: Where the model stands in ours; what is not below it is not looked at.
  /// - `prefix`: What to put before every name of theirs, such as "bert.".
  /// - `leavingOut`: Tensors of ours, below the scope, whose names begin with one of these.
  ///
  /// Throws `WeightsError` for weights of other models, `SafetensorsError`, `FileError`.
  public func exported(
    _ files: WeightFiles, from scope: String = "", prefix: String = "", leavingOut: [String] = []
  ) throws -> WeightConversion {
    let above = scope.isEmpty ? "" : "\(scope)."
    var match = WeightMatch(
      self, files, prefix: above, ignoringOthers: true, leavingOut: leavingOut.map { above + $0 }
    ) { $0 }
    guard !match.known.isEmpty else {
      throw WeightsError(
        file: files.path, problem: "has no tensor below \(scope)",
        advice: "Name the part of the model to export, or nothing for all of it")
    }
    let shapes = WeightShapes(match.known.mapValues(\.shape))
    let entries = try match.entries(of: shapes) { ([$0], $1) }
    for entry in entries {
      guard let (rule, theirs) = rule(ours: entry.name) else { continue }
      let isCounter = entry.layout == .counter
      let parts = rule.exported(try match.tensor(entry.name, isCounter: isCounter))
      match.conversion.items += zip(theirs, parts).map {
        Safetensors.Item(prefix + $0, $1, as: isCounter ? .int64 : .float32)
      }
    }
    match.conversion.prefix = prefix
    return match.conversion
  }

  /// What stands before their names in this file.
  private func prefix(of files: WeightFiles) throws -> String {
    let names = Set(files.entries.map(\.name))
    for prefix in [""] + prefixes where anchors.contains(where: { names.contains(prefix + $0) }) {
      return prefix
    }
    throw WeightsError(
      file: files.path, problem: "is not \(name): it has no \(anchors.joined(separator: " or "))",
      advice: "Name another layout, or a file of this one (\(summary))")
  }

  /// Today's spelling of a name.
  private func modern(_ name: String) -> String {
    for (old, new) in olderEndings where name.hasSuffix(old) {
      return name.dropLast(old.count) + new
    }
    return name
  }

  /// The rule of which this is the first name of theirs, and our name.
  private func ruleOfFirst(theirs name: String) -> (WeightRule, ours: String)? {
    for rule in rules {
      if let places = rule.theirs[0].places(in: name) {
        return (rule, rule.ours.filled(with: places))
      }
    }
    return nil
  }

  /// The rule for a tensor of ours, and their names for it.
  func rule(ours name: String) -> (WeightRule, theirs: [String])? {
    for rule in rules {
      if let places = rule.ours.places(in: name) {
        return (rule, rule.theirs.map { $0.filled(with: places) })
      }
    }
    return nil
  }
}
