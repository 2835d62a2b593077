import Data
import Tensors

/// Textured scenes of several objects (shape × colour × texture × size) on a busy ground, with class
/// masks, captions and labels.
///
/// - Mask classes are the seven shapes, background is 0.
/// - The label is colour and shape of the main object, which is larger than all others.
/// - `train`, `val` and `test` show the same kinds of scenes, without seven pairs of colour and shape;
///   in `heldout` the main object is one of those: what a model learns about parts, not about wholes.
///
/// A scene depends on (seed, split, index, imageSize, objects) alone: more samples leave the first as
/// they were.
public struct Scenes: World {
  public static let name = "scenes"
  public static let summary =
    "textured scenes of several objects with class masks, captions and held-out compositions"
  public static let options = [
    WorldOption("size", 2000, in: 1...10_000_000, "number of training scenes"),
    WorldOption("validation", 200, in: 1...1_000_000, "number of scenes in val"),
    WorldOption("test", 400, in: 1...1_000_000, "number of scenes in test"),
    WorldOption("heldout", 200, in: 1...1_000_000, "number of scenes in heldout"),
    WorldOption("seed", 1, in: 0...Int.max, "seed of the whole world"),
    WorldOption("imageSize", 64, in: 16...1024, "height and width in pixels"),
    WorldOption("objects", 5, in: 1...12, "largest number of objects in a scene"),
  ]

  private let values: [String: Int]

  public init(options: [String: OptionValue] = [:]) throws {
    values = try Self.checked(options)
  }

  public let splits = ["train", "val", "test", "heldout"]

  public func source(split: String) throws -> any SampleSource {
    let counts = ["train": "size", "val": "validation", "test": "test", "heldout": "heldout"]
    guard let option = counts[split], let count = values[option] else {
      throw DataError(
        file: "world scenes", problem: "has no split \(split)",
        advice: "Splits are \(splits.joined(separator: ", "))")
    }
    return ScenesSource(
      split: split, splits: splits, count: count, side: values["imageSize", default: 64],
      objectsMax: values["objects", default: 5], seed: values["seed", default: 1])
  }

  /// Sentences that fit a picture of this label, in the captions' own grammar: for zero-shot
  /// classification, average their embeddings.
  public static func prompts(label: String) -> [String] {
    let name = withArticle(label)
    return ["a picture of \(name)", "a scene with \(name)", "a large \(label)"]
  }
}

/// One split of `Scenes`, made on demand.
struct ScenesSource: SampleSource {
  let split: String
  let splits: [String]
  let count: Int
  let side: Int
  let objectsMax: Int
  let seed: Int

  let classNames = ["background"] + SceneShape.allCases.map(\.word)

  /// Shape varies slowest: all colours of circles, of squares …
  let labelNames = SceneShape.allCases.flatMap { shape in
    SceneColor.allCases.map { "\($0.word) \(shape.word)" }
  }

  /// Objects of which less is visible are in the mask but in no sentence.
  private static let visibleShareMin: Float = 0.4

  func sample(at index: Int) throws -> Sample {
    precondition(index >= 0 && index < count, "Scenes: sample \(index) of \(count)")
    let key = RandomKey(seed: UInt64(seed)).derived("scenes").derived(split).derived(index)
    let content = SceneContent(key: key, objectsMax: objectsMax, heldOut: split == "heldout")
    let (image, mask, visible) = SceneRenderer(side: side, content: content, key: key).render()
    let seen = zip(content.objects, visible).filter { $1 >= Self.visibleShareMin }.map(\.0)
    let captions = SceneCaptions(content: content, objects: seen)
      .sentences(key: key.derived("captions"))
    let label = content.objects.first.map { main in
      main.shape.rawValue * SceneColor.allCases.count + main.color.rawValue
    }
    return Sample(
      id: name(at: index), image: SampleImage(image), mask: mask, label: label, captions: captions)
  }

  func name(at index: Int) -> String {
    let digits = String(index)
    return "\(split)_" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  func manifest() throws -> DataManifest {
    DataManifest(
      origin:
        "world scenes, seed \(seed), imageSize \(side), objects \(objectsMax), count \(count)",
      split: split, classNames: classNames, labelNames: labelNames, entries: [])
  }
}
