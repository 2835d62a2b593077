import Collectives
import Data
import Layers
import Tensors

extension Trainer {
  /// Predictions for samples of a split, with the averaged parameters if the job keeps an average.
  package func predict(_ source: any SampleSource, indices: [Int]) throws -> [Prediction] {
    try withPredictContext(indices) { try program.predict(source, $0) }
  }

  /// The recipe's picture of a few samples of the test split (or what the data has instead): [h, w, 3].
  package func contactSheet(samples: Int = 8) throws -> ByteTensor {
    let splits = try data.source("train").splits
    let split = ["test", job.validation.split, "train"].first { splits.contains($0) } ?? "train"
    let source = try data.source(split)
    let count = min(samples, source.count)
    // Spread over the split, so that neighbouring frames of a video do not fill the sheet.
    let indices = (0..<count).map { $0 * source.count / count }
    return try withPredictContext(indices) { try program.contactSheet(source, $0) }
  }

  private func withPredictContext<R>(
    _ indices: [Int], _ body: (PredictContext) throws -> R
  ) throws -> R {
    let pass = Forward(
      isTraining: false, exchange: soloExchange(),
      key: RandomKey(seed: job.seed).derived("predict"), slots: [])
    return try ReplicaThread().run {
      try withValues(average?.values ?? []) {
        try body(PredictContext(indices: indices, pass: pass))
      }
    }
  }
}
