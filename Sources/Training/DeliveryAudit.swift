/// What a run was given, counted: in each epoch every sample once, and no step missing or twice.
package struct DeliveryAudit: Sendable {
  package struct Epoch: Sendable, Equatable {
    package let stage: Int
    package let epoch: Int
    package let steps: Int
    /// That were given, repetitions included.
    package let samples: Int
    /// How many were given exactly once.
    package let once: Int
    package let missing: [Int]
    package let repeated: [Int]
    /// Whether the training ended within it: then nothing can be missing.
    package let isPart: Bool
  }

  private let rows: [DeliveryTable.Row]
  package let epochs: [Epoch]
  /// In words; none for a run that is as it should be.
  package private(set) var problems: [String] = []

  /// `rows`: In the order in which they were recorded.
  package init(_ rows: [DeliveryTable.Row]) {
    self.rows = rows
    var groups: [[DeliveryTable.Row]] = []
    for row in rows {
      if let last = groups.last?.last, (last.stage, last.epoch) == (row.stage, row.epoch) {
        groups[groups.count - 1].append(row)
      } else {
        groups.append([row])
      }
    }
    // The last epoch is whole if it has as many steps as the one before it.
    let whole = groups.first?.count ?? 0
    epochs = groups.enumerated().map { index, rows in
      let isPart = index > 0 && index == groups.count - 1 && rows.count < whole
      return Self.epoch(rows, isPart: isPart)
    }
    if rows.isEmpty { problems.append("no steps are recorded") }
    for (row, step) in zip(rows, (rows.first?.step ?? 1)...) where row.step != step {
      problems.append("step \(step) was to follow, \(row.step) did")
      break
    }
    for epoch in epochs {
      let name = "epoch \(epoch.epoch + 1)" + (epoch.stage > 0 ? " of stage \(epoch.stage)" : "")
      if !epoch.missing.isEmpty { problems.append("\(name) lacks \(Self.text(epoch.missing))") }
      if !epoch.repeated.isEmpty { problems.append("\(name) repeats \(Self.text(epoch.repeated))") }
    }
  }

  private static func epoch(_ rows: [DeliveryTable.Row], isPart: Bool) -> Epoch {
    var times = [Int](repeating: 0, count: rows.map(\.count).max() ?? 0)
    var strangers: [Int] = []
    for sample in rows.flatMap(\.samples) {
      if times.indices.contains(sample) { times[sample] += 1 } else { strangers.append(sample) }
    }
    return Epoch(
      stage: rows[0].stage, epoch: rows[0].epoch, steps: rows.count,
      samples: rows.reduce(0) { $0 + $1.samples.count },
      once: times.count { $0 == 1 },
      missing: isPart ? [] : times.indices.filter { times[$0] == 0 },
      repeated: times.indices.filter { times[$0] > 1 } + strangers, isPart: isPart)
  }

  private static func text(_ samples: [Int]) -> String {
    let first = samples.prefix(8).map(String.init).joined(separator: ", ")
    return "\(samples.count) samples: \(first)" + (samples.count > 8 ? ", …" : "")
  }

  /// The first step whose samples are not the same in the same order; nil if all are.
  package func firstDifference(from other: DeliveryAudit) -> String? {
    for (mine, theirs) in zip(rows, other.rows) where mine != theirs {
      return "step \(mine.step) was \(mine.samples), not \(theirs.samples)"
    }
    return rows.count == other.rows.count
      ? nil : "\(rows.count) steps, not \(other.rows.count)"
  }
}
