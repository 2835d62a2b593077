import Data
import Tensors

/// Rows of numbers for metric learning: few columns that tell classes apart, and many that do not.
///
/// Of 38 columns eight are a class's own centre and noise, the other thirty noise alone. Classes of
/// `test` are others than those of `train`: a metric has to learn which columns count. Written as
/// `.npy`, read by `FeatureSource`.
public struct NuisanceFeatures: World {
  public static let name = "nuisance-features"
  public static let summary =
    "rows of numbers most of which say nothing of the class, for metric learning (NumPy)"
  public static let format = FeatureSource.format
  public static let options = [
    WorldOption("classes", 20, in: 2...10_000, "number of classes of each split"),
    WorldOption("samples", 40, in: 2...10_000, "number of samples of each class"),
    WorldOption("seed", 1, in: 0...Int.max, "seed of the whole world"),
  ]

  private let values: [String: Int]

  public init(options: [String: OptionValue] = [:]) throws {
    values = try Self.checked(options)
  }

  public let splits = ["test", "train"]

  public func source(split: String) throws -> any SampleSource { try rows(split) }

  private func rows(_ split: String) throws -> NuisanceSource {
    guard splits.contains(split) else {
      throw DataError(
        file: "world \(Self.name)", problem: "has no split \(split)",
        advice: "Splits are \(splits.joined(separator: ", "))")
    }
    return NuisanceSource(
      split: split, classes: values["classes", default: 20],
      samples: values["samples", default: 40],
      seed: values["seed", default: 1])
  }

  public func write(to path: String) throws {
    try Files.makeFolder(path)
    for split in splits {
      let source = try rows(split)
      let all = stacked((0..<source.count).map { source.row(at: $0) })
      let labels = (0..<source.count).map { Int32($0 / source.samples) }
      try Files.write(NumPyWriter.bytes(of: all), to: "\(path)/\(split).npy")
      try Files.write(NumPyWriter.bytes(of: labels), to: "\(path)/\(split).labels.npy")
    }
  }
}

/// One split of `NuisanceFeatures`.
struct NuisanceSource: SampleSource {
  let split: String
  let classes: Int
  /// Of each class.
  let samples: Int
  let seed: Int
  let splits = ["test", "train"]
  let classNames: [String] = []

  static let telling = 8
  static let columns = 38
  /// Standard deviation of centres; that of all noise is 1.
  static let spread: Float = 1.3

  var labelNames: [String] { (0..<classes).map { "\($0)" } }
  var count: Int { classes * samples }
  private var key: RandomKey {
    RandomKey(seed: UInt64(seed)).derived(NuisanceFeatures.name).derived(split)
  }

  func label(at index: Int) -> Int? { index / samples }
  func name(at index: Int) -> String { "\(index)" }

  /// Shapes: → [38].
  func row(at index: Int) -> Tensor {
    let own = key.derived(index / samples)
    let center = Tensor.normal([Self.telling], key: own.derived("center")) * Self.spread
    let noise = Tensor.normal([Self.columns], key: own.derived(index % samples))
    return center.padded(before: [0], after: [Self.columns - Self.telling]) + noise
  }

  func sample(at index: Int) throws -> Sample {
    precondition(index >= 0 && index < count, "nuisance-features: row \(index) of \(count)")
    var sample = Sample(id: "\(index)", label: label(at: index))
    sample.features = row(at: index)
    return sample
  }

  func manifest() throws -> DataManifest {
    DataManifest(
      origin: "world nuisance-features, seed \(seed), classes \(classes), samples \(samples)",
      split: split, classNames: [], labelNames: labelNames, entries: [])
  }
}
