import Data
import Layers
import Tensors
import Training

extension CLIP {
  /// The captions and classes that fit each picture best.
  package func predict(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Prediction] {
    let gallery = try gallery(source, context)
    let classRows =
      source.labelNames.isEmpty ? nil : try classes(source.labelNames, context.pass)
    return try context.indices.map { index in
      let sample = try source.sample(at: index)
      let row = try model.embed([try Self.parts(of: sample).image], context.pass)
      var fields: [(name: String, value: String)] = []
      for (rank, place) in best(3, row, gallery.rows).enumerated() {
        fields.append(("caption \(rank + 1)", gallery.texts[place]))
      }
      if let classRows {
        for (rank, place) in best(3, row, classRows).enumerated() {
          fields.append(("class \(rank + 1)", source.labelNames[place]))
        }
      }
      return Prediction(sample: sample.id, fields: fields)
    }
  }

  /// Pictures with the caption that fits best, marked by whether it is their own.
  package func contactSheet(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> ByteTensor {
    let gallery = try gallery(source, context)
    let rows = try context.indices.map { index in
      let (image, captions) = try Self.parts(of: source.sample(at: index))
      let row = try model.embed([image], context.pass)
      let found = gallery.texts[best(1, row, gallery.rows)[0]]
      let isRight = captions.contains(found)
      return CaptionSheet.Row(
        image: try model.view(of: image),
        lines: isRight ? [found] : [found, "truth: \(captions[0])"], isRight: isRight)
    }
    return CaptionSheet(
      rows: rows, title: "\(source.split): best of \(gallery.texts.count) captions"
    ).picture()
  }

  /// Captions to choose from: those of the asked samples and of others spread over the split.
  private func gallery(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> (texts: [String], rows: Tensor) {
    let count = min(source.count, Self.gallerySamples)
    let spread = (0..<count).map { $0 * source.count / count }
    let indices = Set(spread + context.indices).sorted()
    var texts: [String] = []
    var known: Set<String> = []
    for index in indices {
      for caption in try Self.parts(of: source.sample(at: index)).captions
      where known.insert(caption).inserted { texts.append(caption) }
    }
    let rows = try stride(from: 0, to: texts.count, by: 64).map { first in
      try model.embed(tokens(of: Array(texts[first..<min(first + 64, texts.count)])), context.pass)
    }
    return (texts, concatenated(rows))
  }

  private static let gallerySamples = 100

  /// The places of the highest products of a row [1, d] with `rows` [n, d], ties to the lowest.
  private func best(_ count: Int, _ row: Tensor, _ rows: Tensor) -> [Int] {
    matmul(row, rows.transposed).topK(min(count, rows.shape[0])).indices.elements.map { Int($0) }
  }
}
