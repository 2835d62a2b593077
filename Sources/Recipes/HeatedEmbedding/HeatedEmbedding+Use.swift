import Data
import Layers
import Tensors
import Training

extension HeatedEmbedding {
  /// How many samples' nearest other one is of their class, and how near a class's samples are to
  /// their mean: cosines, averaged over samples, then over classes.
  package func evaluate(
    _ source: any SampleSource, _ context: PassContext
  ) throws -> [Score] {
    var (rows, labels): ([Tensor], [Int32]) = ([], [])
    for range in context.batches(source.count) {
      let samples = try range.map { try source.sample(at: $0) }
      rows.append(try embedded(self.rows(samples), context.pass))
      labels += try samples.map { Int32(try Self.label(of: $0)) }
    }
    let own = rows.isEmpty ? try embedded(self.rows([]), context.pass) : concatenated(rows)
    let all = try context.exchange.gatherValues(own)
    let truths = try context.exchange.gatherValues(IntTensor(labels)).rows.elements
    var hits = 0
    for first in stride(from: 0, to: labels.count, by: Self.tileRows) {
      let part = first..<min(first + Self.tileRows, labels.count)
      let places = part.map { all.mine.lowerBound + $0 }
      let found = Self.nearest(own.rows(part), all.rows, without: places)
      hits += zip(part, found).count { labels[$0] == truths[$1] }
    }
    hits = Int(try context.exchange.sum([Double(hits)])[0])
    return [
      Score("recall@1", Double(hits) / Double(max(1, source.count))),
      Score("compactness", Self.compactness(all.rows, truths), isFraction: false),
    ]
  }

  /// Rows of one product; fixed, so that scores do not depend on memory or hosting.
  private static let tileRows = 64

  /// The row with the highest cosine for each query, its own place left out.
  private static func nearest(_ queries: Tensor, _ rows: Tensor, without own: [Int]) -> [Int] {
    let cosines = matmul(queries, rows.transposed).elements
    return own.enumerated().map { query, own in
      var best = own == 0 ? min(1, rows.shape[0] - 1) : 0
      for place in 0..<rows.shape[0] where place != own {
        let first = query * rows.shape[0]
        if cosines[first + place] > cosines[first + best] { best = place }
      }
      return best
    }
  }

  private static func compactness(_ rows: Tensor, _ labels: [Int32]) -> Double {
    let groups = Set(labels).sorted().map { label in
      labels.indices.filter { labels[$0] == label }.map { Int32($0) }
    }
    let means = groups.map { group -> Double in
      let own = rows.gatherRows(IntTensor(group))
      let mean = l2Normalized(own.mean(axes: [0], keep: true))
      return matmul(own, mean.transposed).elements.reduce(0) { $0 + Double($1) }
        / Double(group.count)
    }
    return means.isEmpty ? 0 : means.reduce(0, +) / Double(means.count)
  }

  /// The class of the nearest other sample of the split.
  package func predict(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Prediction] {
    let (rows, labels) = try embedded(source, Array(0..<source.count), context.pass)
    return try context.indices.map { index in
      let found = Self.nearest(rows.rows(index..<index + 1), rows, without: [index])[0]
      return Prediction(
        sample: try source.sample(at: index).id,
        fields: [
          ("class", labels[found].map { source.labelNames[$0] } ?? "unknown"),
          ("nearest", source.name(at: found)),
        ])
    }
  }

  private func embedded(
    _ source: any SampleSource, _ indices: [Int], _ pass: Forward
  ) throws -> (rows: Tensor, labels: [Int?]) {
    var (rows, labels): ([Tensor], [Int?]) = ([], [])
    for first in stride(from: 0, to: indices.count, by: Self.tileRows) {
      let samples = try indices[first..<min(first + Self.tileRows, indices.count)].map {
        try source.sample(at: $0)
      }
      rows.append(try embedded(self.rows(samples), pass))
      labels += samples.map(\.label)
    }
    return (rows.isEmpty ? try embedded(self.rows([]), pass) : concatenated(rows), labels)
  }

  /// Cosines of samples spread over the split with each other, black for −1 to white for 1; in the
  /// order of their classes, compact classes are bright squares along the diagonal.
  package func contactSheet(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> ByteTensor {
    let count = min(source.count, Self.pictured)
    let spread = (0..<count).map { $0 * source.count / count }
    let labels = try spread.map { try source.label(at: $0) ?? 0 }
    let order = spread.indices.sorted { (labels[$0], $0) < (labels[$1], $1) }.map { spread[$0] }
    let rows = try embedded(source, order, context.pass).rows
    let cosines = matmul(rows, rows.transposed).elements
    let scale = max(1, 480 / max(1, count))
    let side = count * scale
    return ByteTensor(shape: [side, side, 3]) { pixels in
      for y in 0..<side {
        for x in 0..<side {
          let cosine = max(-1, min(1, cosines[y / scale * count + x / scale]))
          for channel in 0..<3 {
            pixels[3 * (y * side + x) + channel] = UInt8((cosine + 1) * 127.5)
          }
        }
      }
    }
  }

  private static let pictured = 240
}
