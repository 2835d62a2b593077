/// What happens when a sample cannot be read.
public enum BadSamplePolicy: String, Hashable, Sendable, CaseIterable {
  /// The error ends the job.
  case fail
  /// The slot is left out of its step and counted; divisors count what is there.
  case skip
}

/// A slot with its samples, one for each reference in order.
public struct LoadedSlot: Sendable {
  public let slot: Slot
  public let samples: [Sample]

  /// The first reference's: the only one in most plans.
  public var sample: Sample { samples[0] }
}

/// A sample that was left out and why.
public struct SkippedSample: Hashable, Sendable {
  public let slot: Int
  public let file: String
  public let reason: String

  init(_ slot: Slot, _ error: DataError) {
    (self.slot, file, reason) = (slot.index, error.file, error.problem)
  }
}

/// What loading some slots gave, in slot order.
public struct LoadedSlots: Sendable {
  public let loaded: [LoadedSlot]
  public let skipped: [SkippedSample]

  /// The same without those for which `make` throws a `DataError`: a picture's damage shows when a
  /// view needs what is damaged.
  ///
  /// Throws: what is no `DataError`.
  package func skipping(_ make: (LoadedSlot) throws -> Void) throws -> LoadedSlots {
    var (kept, skipped) = ([LoadedSlot](), self.skipped)
    for item in loaded {
      do {
        try make(item)
        kept.append(item)
      } catch let error as DataError { skipped.append(SkippedSample(item.slot, error)) }
    }
    return LoadedSlots(loaded: kept, skipped: skipped.sorted { $0.slot < $1.slot })
  }
}

extension SampleSource {
  /// Reads the samples of these slots. Which are skipped depends on the files alone.
  ///
  /// Throws: the first `DataError` under `.fail`; under `.skip` only what is no `DataError`.
  public func load(_ slots: [Slot], onBadSample policy: BadSamplePolicy) throws -> LoadedSlots {
    var loaded: [LoadedSlot] = []
    var skipped: [SkippedSample] = []
    for slot in slots {
      do {
        let samples = try slot.references.map { try sample(at: $0.sample) }
        loaded.append(LoadedSlot(slot: slot, samples: samples))
      } catch let error as DataError where policy == .skip {
        skipped.append(SkippedSample(slot, error))
      }
    }
    return LoadedSlots(loaded: loaded, skipped: skipped)
  }
}
