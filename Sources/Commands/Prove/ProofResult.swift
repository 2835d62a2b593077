import Data
import Foundation
import Training

/// What is kept of a finished run of a proof, in its folder: that it need not be trained again.
package struct ProofResult: Codable, Sendable {
  static let fileName = "result.json"

  /// Of the run; a file of another is not read.
  let digest: String
  /// SHA-256 of the final weights.
  let model: String
  let scores: [Training.Progress.SplitScores]
  /// From begin to end; nil if it was interrupted between.
  let seconds: Double?
  /// Of the program, by hash.
  let build: String
  /// Instructions and library that decide the bits.
  let arithmetic: String

  package init(
    digest: String, model: String, scores: [Training.Progress.SplitScores], seconds: Double?,
    build: String, arithmetic: String
  ) {
    self.digest = digest
    self.model = model
    self.scores = scores
    self.seconds = seconds
    self.build = build
    self.arithmetic = arithmetic
  }

  /// The result in a run's folder; nil if there is none of this digest.
  static func stored(in folder: String, digest: String) -> ProofResult? {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let bytes = try? Files.bytes(of: "\(folder)/\(fileName)"),
      let result = try? decoder.decode(ProofResult.self, from: Foundation.Data(bytes)),
      result.digest == digest
    else { return nil }
    return result
  }

  /// Throws: `DataError`.
  func store(in folder: String) throws {
    try Files.write(Array(try jsonText(self).utf8), to: "\(folder)/\(Self.fileName)")
  }
}
