import Data
import Tensors

/// Volumes with one smooth body each, for semi-supervised segmentation, in the layout of the left
/// atrium's preparation (2018 Atrial Segmentation Challenge).
///
/// The body is star-shaped with one or two veins and no brighter than one or two others of different
/// shape; noise is as strong as the contrast (`AtriumVolume`). Cases are named as those of the
/// challenge, in the order of their numbers. A sample depends on (seed, split, index) and the sides
/// alone: more cases leave the first as they were.
public struct Atria: World {
  public static let name = "atria"
  public static let summary =
    "noisy volumes with a smooth body among others, for semi-supervised segmentation (LA's layout)"
  public static let format = HDF5Source.format
  public static let options = [
    WorldOption("train", 40, in: 1...100_000, "number of training cases"),
    WorldOption("test", 10, in: 1...100_000, "number of test cases"),
    WorldOption("side", 48, in: 8...256, "voxels along the first two axes"),
    WorldOption("depth", 40, in: 8...256, "voxels along the third axis"),
    WorldOption("grain", 1, in: 1...16, "voxels along each axis over which noise is alike"),
    WorldOption("seed", 1, in: 0...Int.max, "seed of the whole world"),
  ]

  private let values: [String: Int]

  public init(options: [String: OptionValue] = [:]) throws {
    values = try Self.checked(options)
  }

  public let splits = ["test", "train"]

  public func source(split: String) throws -> any SampleSource {
    guard splits.contains(split) else {
      throw DataError(
        file: "world atria", problem: "has no split \(split)",
        advice: "Splits are \(splits.joined(separator: ", "))")
    }
    let side = values["side", default: 48]
    return AtriaSource(
      split: split, splits: splits, count: values[split, default: 1],
      sides: [side, side, values["depth", default: 40]], grain: values["grain", default: 1],
      seed: values["seed", default: 1])
  }

  /// `train.list`, `test.list` and `CASE/mri_norm2.h5` with `image` and `label`.
  public func write(to path: String) throws {
    for split in splits {
      let source = try source(split: split)
      var list = ""
      for index in 0..<source.count {
        let sample = try source.sample(at: index)
        guard let volume = sample.volume, let labels = volume.labels else {
          preconditionFailure("Atria: a sample without its volume")
        }
        try Files.makeFolder("\(path)/\(sample.id)")
        try Files.write(
          HDF5Writer.bytes(of: [("image", .floats(volume.values)), ("label", .bytes(labels))]),
          to: "\(path)/\(sample.id)/mri_norm2.h5")
        list += sample.id + "\n"
      }
      try Files.write(Array(list.utf8), to: "\(path)/\(split).list")
    }
  }
}

/// One split of `Atria`, made on demand.
struct AtriaSource: SampleSource {
  let split: String
  let splits: [String]
  let count: Int
  let sides: [Int]
  let grain: Int
  let seed: Int
  let classNames: [String] = []
  let labelNames: [String] = []

  func name(at index: Int) -> String { atrium(at: index).id }

  func sample(at index: Int) throws -> Sample {
    precondition(index >= 0 && index < count, "Atria: sample \(index) of \(count)")
    let atrium = atrium(at: index)
    var sample = Sample(id: atrium.id)
    sample.volume = atrium.volume()
    return sample
  }

  private func atrium(at index: Int) -> AtriumVolume {
    AtriumVolume(sides: sides, grain: grain, split: split, index: index, seed: seed)
  }

  func manifest() throws -> DataManifest {
    DataManifest(
      origin: "world atria, seed \(seed), sides \(sides), grain \(grain), \(count) cases",
      split: split, classNames: [], labelNames: [], entries: [])
  }
}
