/// How far a job has come: steps committed, and the passes done since the last of them.
///
/// Passes (validation, final scores) are commits like steps, so a failure loses at most one.
public struct Progress: Sendable, Equatable, Codable {
  /// The stage that runs, from 0.
  public var stage = 0
  /// Steps committed, in all stages.
  public var step = 0
  /// What was committed after that step: passes, and the beginning of a stage.
  public var passes = 0
  /// The best validation score so far and its step.
  public var best: Best?
  /// The scores of the newest pass of each split.
  public var scores: [SplitScores] = []
  /// Samples left out under `onBadSample: skip`.
  public var skippedSamples = 0
  /// Of this progress and the state that goes with it; nil before a training has begun, with
  /// `digest: false`, and in checkpoints of programs that had none.
  package var digest: StateDigest?

  public init() {}

  public struct Best: Sendable, Equatable, Codable {
    public var name: String
    public var value: Double
    public var step: Int
  }

  public struct SplitScores: Sendable, Equatable, Codable {
    public var split: String
    public var step: Int
    public var scores: [Score]

    public init(split: String, step: Int, scores: [Score]) {
      self.split = split
      self.step = step
      self.scores = scores
    }
  }

  /// Rises with every commit; the same on all workers.
  package var serial: UInt64 { UInt64(step) << 4 | UInt64(passes) }

  /// The serial once `work` is committed.
  package func serial(after work: Work) -> UInt64 {
    switch work {
    case .step: UInt64(step + 1) << 4
    case .pass, .beginStage: serial + 1
    case .finished: serial
    }
  }
}

extension Progress {
  /// Throws: `DecodingError` for numbers that no training reaches: files and peers may be faulty.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func count(_ key: CodingKeys) throws -> Int {
      let count = try values.decode(Int.self, forKey: key)
      guard (0...Self.countMax).contains(count) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: values, debugDescription: "\(count) is not in 0…\(Self.countMax)")
      }
      return count
    }
    stage = try count(.stage)
    step = try count(.step)
    passes = try count(.passes)
    skippedSamples = try count(.skippedSamples)
    best = try values.decodeIfPresent(Best.self, forKey: .best)
    scores = try values.decode([SplitScores].self, forKey: .scores)
    digest = try values.decodeIfPresent(StateDigest.self, forKey: .digest)
  }

  /// Far beyond what is reached, far below where arithmetic overflows.
  private static let countMax = 1 << 50
}

/// What comes next.
package enum Work: Equatable, Sendable {
  case step(Int)
  /// Scores the model on `split`; `decidesBest` if the checkpoint of the best score is kept by it.
  case pass(split: String, decidesBest: Bool)
  /// Builds the next stage's model from this one's state.
  case beginStage
  case finished
}
