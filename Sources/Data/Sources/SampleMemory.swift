import Synchronization

/// Decoded samples that stay in memory, so that the next epoch needs neither read nor decode them:
/// all those that were read first, up to a bound in bytes.
///
/// Nothing is ever displaced: every epoch reads every sample once, in another order, so each that is
/// kept saves one reading an epoch, and which ones they are makes no difference. Of those for which
/// there is no room, views decode what they show. Their files' bytes are not kept instead: the
/// system's page cache, or for served data that of blocks, has them already, and reading is the
/// small part of the work. Views are the same to the bit wherever their sample comes from.
public final class SampleMemory: Sendable {
  private struct Key: Hashable {
    let split: String
    let index: Int
  }

  private struct State {
    var samples: [Key: Sample] = [:]
    var byteCount = 0
    var hits: UInt64 = 0
    var misses: UInt64 = 0
  }

  public let bytesMax: Int
  private let state = Mutex(State())

  /// `bytesMax`: 0 keeps none.
  public init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// Bytes of what is kept.
  public var byteCount: Int { state.withLock { $0.byteCount } }

  /// Samples that were at hand, and those that were not, so far.
  public var counts: (hits: UInt64, misses: UInt64) { state.withLock { ($0.hits, $0.misses) } }

  /// The same split, with its samples kept here.
  public func keeping(_ source: any SampleSource) -> any SampleSource {
    bytesMax > 0 ? RememberedSource(base: source, memory: self) : source
  }

  fileprivate func sample(_ split: String, _ index: Int) -> Sample? {
    state.withLock { state in
      let sample = state.samples[Key(split: split, index: index)]
      if sample == nil { state.misses += 1 } else { state.hits += 1 }
      return sample
    }
  }

  fileprivate func holds(_ split: String, _ index: Int) -> Bool {
    state.withLock { $0.samples[Key(split: split, index: index)] != nil }
  }

  /// Whether this sample could be kept with its picture decoded.
  fileprivate func hasRoom(for sample: Sample) -> Bool {
    state.withLock { $0.byteCount + sample.decodedByteCount <= bytesMax }
  }

  fileprivate func keep(_ sample: Sample, _ split: String, _ index: Int) {
    let bytes = sample.byteCount
    state.withLock { state in
      let key = Key(split: split, index: index)
      // Two threads may have read the same one.
      guard state.byteCount + bytes <= bytesMax, state.samples[key] == nil else { return }
      state.samples[key] = sample
      state.byteCount += bytes
    }
  }
}

private struct RememberedSource: WrappedSource {
  let base: any SampleSource
  let memory: SampleMemory

  func sample(at index: Int) throws -> Sample {
    if let sample = memory.sample(split, index) { return sample }
    let read = try base.sample(at: index)
    guard memory.hasRoom(for: read) else { return read }
    // What cannot be decoded whole stays as it is: a view may do without the damaged part.
    let sample = (try? read.decoded()) ?? read
    memory.keep(sample, split, index)
    return sample
  }

  func expect(_ samples: [Int]) {
    base.expect(samples.filter { !memory.holds(split, $0) })
  }
}

extension Sample {
  /// What it takes in memory, about.
  var byteCount: Int { otherByteCount + (image?.byteCount ?? 0) }

  /// The same with its picture decoded.
  var decodedByteCount: Int { otherByteCount + (image?.decodedByteCount ?? 0) }

  private var otherByteCount: Int {
    var bytes = 256 + (mask?.count ?? 0)
    bytes += captions.reduce(0) { $0 + $1.utf8.count } + (text?.utf8.count ?? 0)
    bytes += annotations.reduce(0) { $0 + $1.byteCount }
    if let volume { bytes += volume.values.count * 4 + (volume.labels?.count ?? 0) }
    return bytes + (features?.count ?? 0) * 4
  }
}

extension Annotation {
  fileprivate var byteCount: Int {
    let outline =
      switch region {
      case .polygons(let polygons): polygons.reduce(0) { $0 + $1.count * 4 + 32 }
      case .runs(let mask): mask.runs.count * 4
      case nil: 0
      }
    return 64 + outline + keypoints.count * MemoryLayout<Keypoint>.stride
  }
}
