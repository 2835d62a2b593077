/// A door through which foreign bytes come in. The fuzzer and the test that replays the corpus use
/// the same `run`.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// Messages of the control plane, of all conversations, and what people are shown of them.
  case control
  /// Messages of the bulk plane, and a file arriving and leaving by them.
  case bulk
  /// Frames between workers, their heads, and the inbox that puts payloads together.
  case exchange
  /// The coordinator's machine under messages that are well-formed and senseless.
  case coordinator
  /// The worker's machine, likewise.
  case worker
  case joinFile
  case safetensors
  /// Job files, and jobs as they are sent.
  case job
  /// A checkpoint's manifest, and the head of a state sent by another worker.
  case checkpoint
  case jpeg
  case png
  /// The lists, captions and tables of data sets.
  case dataset
  /// Volumes, packed and plain.
  case volume
  /// Arrays of features.
  case array
  /// COCO's JSON.
  case coco
  /// The vocabularies and merges of tokenizers.
  case tokenizer
  /// Tar shards and their index.
  case shards

  /// The longest input worth trying.
  public var bytesMax: Int {
    switch self {
    case .coordinator, .worker, .exchange, .bulk: 4_096
    case .jpeg, .png, .shards: 8_192
    case .volume, .array, .coco: 4_096
    case .joinFile, .checkpoint, .dataset, .safetensors, .tokenizer: 2_048
    case .control, .job: 4_096
    }
  }

  /// Feeds bytes to the target. Errors are what hostile bytes should cause and are dropped; a trap,
  /// a failed precondition or memory without bound is what is looked for.
  public func run(_ bytes: [UInt8]) {
    switch self {
    case .control: fuzzControl(bytes)
    case .bulk: fuzzBulk(bytes)
    case .exchange: fuzzExchange(bytes)
    case .coordinator: fuzzCoordinator(bytes)
    case .worker: fuzzWorker(bytes)
    case .joinFile: fuzzJoinFile(bytes)
    case .safetensors: fuzzSafetensors(bytes)
    case .job: fuzzJob(bytes)
    case .checkpoint: fuzzCheckpoint(bytes)
    case .jpeg: fuzzImage(bytes, startingWith: [0xFF, 0xD8])
    case .png: fuzzImage(bytes, startingWith: [0x89, 0x50, 0x4E, 0x47])
    case .dataset: fuzzDataset(bytes)
    case .volume: fuzzVolume(bytes)
    case .array: fuzzArray(bytes)
    case .coco: fuzzCOCO(bytes)
    case .tokenizer: fuzzTokenizer(bytes)
    case .shards: fuzzShards(bytes)
    }
  }
}
