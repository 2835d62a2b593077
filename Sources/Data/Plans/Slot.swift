/// What a sample is used as within its slot: "sample", or "support", "query", "labelled" …
public struct SlotRole: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  public let name: String

  public init(_ name: String) { self.name = name }
  public init(stringLiteral name: String) { self.name = name }
  public var description: String { name }

  /// The only role of plans that make no distinction.
  public static let sample: SlotRole = "sample"
}

/// A sample by its index in the source, and what it is there for.
public struct SampleReference: Hashable, Sendable {
  public let sample: Int
  public let role: SlotRole

  public init(sample: Int, role: SlotRole = .sample) {
    self.sample = sample
    self.role = role
  }
}

/// One unit of a step's batch: an image, a pair, an episode. Its index keys all its randomness.
public struct Slot: Hashable, Sendable {
  /// Place within the step's global batch, from 0.
  public let index: Int
  /// Never empty.
  public let references: [SampleReference]

  /// Precondition: at least one reference.
  public init(index: Int, references: [SampleReference]) {
    precondition(!references.isEmpty, "Slot \(index): no sample references")
    self.index = index
    self.references = references
  }

  public init(index: Int, sample: Int, role: SlotRole = .sample) {
    self.init(index: index, references: [SampleReference(sample: sample, role: role)])
  }

  /// The first reference's sample: the only one in most plans.
  public var sample: Int { references[0].sample }
  public var role: SlotRole { references[0].role }
}

/// Which replica works on which slot of a step: slot s of B belongs to replica ⌊s·R/B⌋ of R.
public struct SlotDivision: Hashable, Sendable {
  /// Slots of this step; a short last batch has fewer.
  public let batch: Int
  public let replicas: Int

  /// Precondition: batch ≥ 0, replicas ≥ 1.
  public init(batch: Int, replicas: Int) {
    precondition(
      batch >= 0 && replicas >= 1, "SlotDivision: \(batch) slots over \(replicas) replicas")
    self.batch = batch
    self.replicas = replicas
  }

  /// Precondition: 0 ≤ slot < batch.
  public func replica(of slot: Int) -> Int {
    precondition(slot >= 0 && slot < batch, "SlotDivision: slot \(slot) of \(batch)")
    return slot * replicas / batch
  }

  /// Consecutive; empty for some replicas when there are fewer slots than replicas.
  public func slots(of replica: Int) -> Range<Int> {
    precondition(
      replica >= 0 && replica < replicas, "SlotDivision: replica \(replica) of \(replicas)")
    // The first s with ⌊s·R/B⌋ ≥ r is ⌈r·B/R⌉.
    return (replica * batch + replicas - 1) / replicas..<((replica + 1) * batch + replicas - 1)
      / replicas
  }
}
