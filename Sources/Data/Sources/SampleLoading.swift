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
}

/// What loading some slots gave, in slot order.
public struct LoadedSlots: Sendable {
  public let loaded: [LoadedSlot]
  public let skipped: [SkippedSample]
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
        skipped.append(
          SkippedSample(slot: slot.index, file: error.file, reason: error.problem))
      }
    }
    return LoadedSlots(loaded: loaded, skipped: skipped)
  }
}
