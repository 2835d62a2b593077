import Data
import Layers
import Tensors

/// Supports of some classes of a split: one image more of each than is needed, so that a query of the
/// class can be left out.
struct SupportGallery {
  let labels: [Int]
  private let recipe: TDM
  private let source: any SampleSource
  private let shot: Int
  /// Indices into the split, `shot + 1` a class.
  private let images: [[Int]]
  private let maps: Tensor  // [classes · (shot + 1), r, d]

  private static let batch = 16

  /// Throws: `DataError` for a class with fewer images, and what reading throws.
  init(_ recipe: TDM, _ source: any SampleSource, labels: [Int], _ pass: Forward) throws {
    let classes = try EpisodeClasses(of: source)
    guard labels.count >= 2 else {
      throw DataError(
        file: "split \(source.split)", problem: "has \(labels.count) classes",
        advice: "Use a split with two classes or more to choose from")
    }
    let shape = recipe.options.testShapes[0]
    try classes.check(EpisodeShape(way: 1, shot: shape.shot, query: 1), of: source)
    let key = recipe.trialKey.derived("supports")
    images = labels.map { label in
      let all = classes.images[label]
      let order = KeyedPermutation(count: all.count, key: key.derived(label))
      return (0...shape.shot).map { all[order[$0]] }
    }
    let flat = images.flatMap { $0 }
    maps = concatenated(
      try stride(from: 0, to: flat.count, by: Self.batch).map { first in
        let part = flat[first..<min(first + Self.batch, flat.count)]
        return try recipe.maps(of: part.map { try source.sample(at: $0) }, pass)
      })
    shot = shape.shot
    self.recipe = recipe
    self.source = source
    self.labels = labels
  }

  /// Distances of a sample from the classes, [1, classes], the weights they were taken with,
  /// [1, classes, d], and its map, [1, r, d].
  func classify(
    _ index: Int, _ sample: Sample, _ pass: Forward
  ) throws -> (distances: Tensor, weights: Tensor?, query: Tensor) {
    let rows = places(without: index).flatMap { $0 }.map { Int32($0) }
    let supports = maps.gatherRows(IntTensor(rows))
      .reshaped([labels.count, shot] + maps.shape.dropFirst())
    let query = try recipe.maps(of: [sample], pass)
    let (distances, weights) = try recipe.model.distances(
      supports: supports, queries: query, pass)
    return (distances, weights, query)
  }

  /// The first support of each class.
  func pictures(without index: Int) throws -> [ByteTensor] {
    try places(without: index).map { own in
      let place = own[0]
      return try recipe.views.evaluation(
        source.sample(at: images[place / (shot + 1)][place % (shot + 1)]))
    }
  }

  /// Rows of `maps`, `shot` a class, none of them the sample's.
  private func places(without index: Int) -> [[Int]] {
    images.enumerated().map { number, own in
      Array(
        own.indices.filter { own[$0] != index }.prefix(shot).map { number * (shot + 1) + $0 })
    }
  }
}
