import Data
import Layers
import Losses
import Tensors
import Training

extension CLIP {
  /// Retrieval in both directions over the whole split, then zero-shot classes if it has labels.
  ///
  /// Every caption is a query for its image; an image finds any of its captions.
  package func evaluate(
    _ source: any SampleSource, _ context: PassContext
  ) throws -> [Score] {
    let own = try embeddings(of: source, context)
    let images = try context.exchange.gatherValues(own.images)
    let texts = try context.exchange.gatherValues(own.texts)
    let owners = try context.exchange.gatherValues(IntTensor(own.owners)).rows.elements
    var (toText, toImage) = (RetrievalTally(), RetrievalTally())
    for first in stride(from: 0, to: own.images.shape[0], by: Self.tileRows) {
      let rows = first..<min(first + Self.tileRows, own.images.shape[0])
      toText.add(scores: matmul(own.images.rows(rows), texts.rows.transposed)) { query, text in
        Int(owners[text]) == images.mine.lowerBound + first + query
      }
    }
    for first in stride(from: 0, to: own.texts.shape[0], by: Self.tileRows) {
      let rows = first..<min(first + Self.tileRows, own.texts.shape[0])
      toImage.add(scores: matmul(own.texts.rows(rows), images.rows.transposed)) { query, image in
        Int(own.owners[first + query]) == image
      }
    }
    toText = try toText.summed(over: context.exchange)
    toImage = try toImage.summed(over: context.exchange)
    var scores = [Score("meanR@1", (toText.recalls[0] + toImage.recalls[0]) / 2)]
    for (name, tally) in [("imageToText", toText), ("textToImage", toImage)] {
      scores += zip(tally.depths, tally.recalls).map { Score("\(name)/R@\($0)", $1) }
    }
    if let accuracy = try zeroShot(own, source, context) {
      scores.append(Score("zeroShotAccuracy", accuracy))
    }
    return scores
  }

  /// Rows of one product of scores; fixed, so that scores do not depend on memory or hosting.
  private static let tileRows = 64

  /// This replica's part of a split.
  struct Embeddings {
    var images: Tensor  // [n, d]
    var texts: Tensor  // [m, d]
    /// The sample that each text belongs to, by its index in the split.
    var owners: [Int32]
    /// Of each image.
    var labels: [Int?]
  }

  private func embeddings(
    of source: any SampleSource, _ context: PassContext
  ) throws -> Embeddings {
    var (images, texts): ([Tensor], [Tensor]) = ([], [])
    var (owners, labels): ([Int32], [Int?]) = ([], [])
    for range in context.batches(source.count) {
      let samples = try range.map { try source.sample(at: $0) }
      let parts = try samples.map { try Self.parts(of: $0) }
      images.append(try model.embed(parts.map(\.image), context.pass))
      texts.append(try model.embed(tokens(of: parts.flatMap(\.captions)), context.pass))
      for (index, part) in zip(range, parts) {
        owners += part.captions.map { _ in Int32(index) }
      }
      labels += samples.map(\.label)
    }
    let none = Tensor.zeros([0, options.embedding])
    return Embeddings(
      images: images.isEmpty ? none : concatenated(images),
      texts: texts.isEmpty ? none : concatenated(texts), owners: owners, labels: labels)
  }

  /// The fraction of labelled images whose class sentences are nearer than any other class's; `nil`
  /// where the data has no labels.
  private func zeroShot(
    _ own: Embeddings, _ source: any SampleSource, _ context: PassContext
  ) throws -> Double? {
    guard !source.labelNames.isEmpty else { return nil }
    var rows: [Tensor] = []
    for range in context.batches(source.labelNames.count) {
      rows.append(try classes(Array(source.labelNames[range]), context.pass))
    }
    let mine = rows.isEmpty ? Tensor.zeros([0, options.embedding]) : concatenated(rows)
    let all = try context.exchange.gatherValues(mine).rows
    var matrix = ConfusionMatrix(classes: 2)  // right or wrong
    for first in stride(from: 0, to: own.labels.count, by: Self.tileRows) {
      let range = first..<min(first + Self.tileRows, own.labels.count)
      let best = matmul(own.images.rows(range), all.transposed).argMax().elements
      let hits = zip(range, best).compactMap { index, found -> UInt8? in
        own.labels[index].map { $0 == Int(found) ? 1 : 0 }
      }
      matrix.add(
        prediction: ByteTensor(hits), truth: ByteTensor(repeating: 1, shape: [hits.count]))
    }
    return try matrix.summed(over: context.exchange).accuracy
  }

  /// One unit row for each class: the mean of its sentences' rows.
  func classes(_ names: [String], _ pass: Forward) throws -> Tensor {
    let sentences = names.map { prompts(for: $0) }
    let rows = try model.embed(tokens(of: sentences.flatMap { $0 }), pass)
    let count = sentences.first?.count ?? 1
    return l2Normalized(
      rows.reshaped([names.count, count, options.embedding]).mean(axes: [1]))
  }

  private func prompts(for name: String) -> [String] {
    let vowels: Set<Character> = ["a", "e", "i", "o", "u"]
    let isVowel = name.lowercased().first.map { vowels.contains($0) } ?? false
    return options.templates.split(separator: "|").map { template in
      var text = String(template)
      while let place = text.firstRange(of: "{}") {
        text.replaceSubrange(place, with: (isVowel ? "an " : "a ") + name)
      }
      return text
    }
  }
}
