import Data
import Tensors

/// Fine-grained classes for few-shot learning: birds of one build that differ in two or three small
/// parts, in the layout of CUB-200-2011.
///
/// A class changes two or three of five parts (`BirdKind`); pose, size, plumage, ground and a leaf in
/// front of some part are drawn anew for each picture and say nothing about the class. Splits are by
/// class number as in `CUBSource`; a job's samples are what `CUBSource` reads of the written files,
/// to the byte.
///
/// A picture depends on (seed, class, number) alone: more classes or images leave the first as they
/// were.
public struct Birds: World {
  public static let name = "birds"
  public static let summary =
    "birds of one build whose classes differ in small parts, for few-shot learning (CUB's layout)"
  public static let format = CUBSource.format
  public static let options = [
    WorldOption("classes", 60, in: 4...BirdKind.count, "number of classes in all splits"),
    WorldOption("images", 40, in: 1...9_999, "number of pictures of each class"),
    WorldOption("seed", 1, in: 0...Int.max, "seed of the whole world"),
    WorldOption("imageSize", 84, in: 16...512, "side of val's and test's pictures in pixels"),
  ]

  private let values: [String: Int]

  public init(options: [String: OptionValue] = [:]) throws {
    values = try Self.checked(options)
  }

  public let splits = ["test", "train", "val"]

  public func source(split: String) throws -> any SampleSource { try birds(split) }

  private func birds(_ split: String) throws -> BirdsSource {
    guard splits.contains(split) else {
      throw DataError(
        file: "world birds", problem: "has no split \(split)",
        advice: "Splits are \(splits.joined(separator: ", "))")
    }
    return BirdsSource(
      split: split, splits: splits, classes: values["classes", default: 60],
      images: values["images", default: 40], side: values["imageSize", default: 84],
      seed: values["seed", default: 1])
  }

  /// CUB-200-2011's folders and lists; pictures are JPEG.
  public func write(to path: String) throws {
    let sources = try splits.map { try birds($0) }
    let kinds = sources.flatMap(\.kinds).sorted { $0.number < $1.number }
    var (images, labels, boxes) = ("", "", "")
    var number = 0
    for kind in kinds {
      try Files.makeFolder("\(path)/images/\(kind.name)")
      for image in 1...values["images", default: 40] {
        number += 1
        let picture = BirdPicture(kind: kind, image: image, seed: values["seed", default: 1])
        try Files.write(picture.jpegBytes(), to: "\(path)/\(picture.file)")
        images += "\(number) \(picture.file.dropFirst("images/".count))\n"
        labels += "\(number) \(kind.number)\n"
        let box = picture.box
        boxes += "\(number) \(box.x0) \(box.y0) \(box.width) \(box.height)\n"
      }
    }
    let classes = kinds.map { "\($0.number) \($0.name)\n" }.joined()
    for (file, text) in [
      ("images.txt", images), ("image_class_labels.txt", labels), ("bounding_boxes.txt", boxes),
      ("classes.txt", classes),
    ] {
      try Files.write(Array(text.utf8), to: "\(path)/\(file)")
    }
  }
}

/// One split of `Birds`, made on demand.
struct BirdsSource: SampleSource {
  let split: String
  let splits: [String]
  let images: Int
  let side: Int
  let seed: Int
  let kinds: [BirdKind]
  let classNames: [String] = []
  let labelNames: [String]

  init(split: String, splits: [String], classes: Int, images: Int, side: Int, seed: Int) {
    self.split = split
    self.splits = splits
    self.images = images
    self.side = side
    self.seed = seed
    kinds = (1...classes).filter { CUBSource.split(ofClass: $0) == split }
      .map { BirdKind(number: $0, seed: seed) }
    labelNames = kinds.map(\.name)
  }

  var count: Int { kinds.count * images }

  func label(at index: Int) -> Int? { index / images }

  func name(at index: Int) -> String { picture(at: index).file }

  func sample(at index: Int) throws -> Sample {
    precondition(index >= 0 && index < count, "Birds: sample \(index) of \(count)")
    let picture = picture(at: index)
    let whole = try Image.decoded(picture.jpegBytes(), file: picture.file).pixels
    let cut = whole.cut(picture.region)
    let view = CenterView(side: side, fit: .stretched)
    return Sample(
      id: picture.file, image: SampleImage(split == "train" ? cut : view(cut)),
      label: label(at: index))
  }

  private func picture(at index: Int) -> BirdPicture {
    BirdPicture(kind: kinds[index / images], image: index % images + 1, seed: seed)
  }

  func manifest() throws -> DataManifest {
    DataManifest(
      origin:
        "world birds, seed \(seed), classes \(kinds.count), images \(images), imageSize \(side)",
      split: split, classNames: [], labelNames: labelNames, entries: [])
  }
}
