import Data
import Tensors

/// Small pictures of emblems for classification, in the layout of ImageNet's list files: every class is
/// a union of several modes that look unlike one another and share shapes, patterns and colours with
/// those of other classes.
///
/// A picture depends on (seed, split, mode, number) and the noise alone: more pictures leave the first
/// as they were.
public struct Emblems: World {
  public static let name = "emblems"
  public static let summary =
    "small emblems whose classes are unions of modes that look unlike, for classification "
    + "(ImageNet's list files)"
  public static let format = ImageNetSource.format
  public static let options = [
    WorldOption("classes", 10, in: 2...90, "number of classes"),
    WorldOption("modes", 4, in: 1...90, "number of modes of each class"),
    WorldOption("train", 10, in: 1...9_999, "number of training pictures of each mode"),
    WorldOption("val", 10, in: 1...9_999, "number of val's pictures of each mode"),
    WorldOption("test", 60, in: 1...9_999, "number of test's pictures of each mode"),
    WorldOption("noise", 50, in: 0...100, "noise in colours and pixels, in percent"),
    WorldOption("seed", 1, in: 0...Int.max, "seed of the whole world"),
  ]

  private let values: [String: Int]

  public init(options: [String: OptionValue] = [:]) throws {
    values = try Self.checked(options)
    let (classes, modes) = (values["classes", default: 10], values["modes", default: 4])
    guard classes * modes <= EmblemMode.count else {
      throw DataError(
        file: "world emblems",
        problem:
          "option modes is \(modes) with \(classes) classes, \(classes * modes) looks in all",
        advice: "There are \(EmblemMode.count) looks; ask for fewer classes or modes")
    }
  }

  public let splits = ["test", "train", "val"]

  public func source(split: String) throws -> any SampleSource { try emblems(split) }

  private func emblems(_ split: String) throws -> EmblemsSource {
    guard splits.contains(split), let pictures = values[split] else {
      throw DataError(
        file: "world emblems", problem: "has no split \(split)",
        advice: "Splits are \(splits.joined(separator: ", "))")
    }
    return EmblemsSource(
      split: split, splits: splits, classes: values["classes", default: 10],
      modes: values["modes", default: 4], pictures: pictures,
      noise: values["noise", default: 50], seed: values["seed", default: 1])
  }

  /// Lists in `meta`, pictures as JPEG below folders of their splits.
  public func write(to path: String) throws {
    try Files.makeFolder("\(path)/\(ImageNetSource.listFolder)")
    for split in splits {
      let source = try emblems(split)
      var list = ""
      for index in 0..<source.count {
        let file = source.file(at: index)
        let folder = "\(split)/\(file)".split(separator: "/").dropLast().joined(separator: "/")
        try Files.makeFolder("\(path)/\(folder)")
        try Files.write(source.picture(at: index).jpegBytes(), to: "\(path)/\(split)/\(file)")
        list += "\(file) \(source.place(at: index).label)\n"
      }
      try Files.write(Array(list.utf8), to: "\(path)/\(ImageNetSource.listFolder)/\(split).txt")
    }
  }
}

/// One split of `Emblems`, made on demand.
struct EmblemsSource: SampleSource {
  let split: String
  let splits: [String]
  let classes: Int
  let modes: Int
  /// Of each mode.
  let pictures: Int
  let noise: Int
  let seed: Int
  let classNames: [String] = []

  var labelNames: [String] { (0..<classes).map { "\($0)" } }
  var count: Int { classes * modes * pictures }

  /// Class after class, mode after mode.
  func place(at index: Int) -> (label: Int, mode: Int, number: Int) {
    (index / (modes * pictures), index / pictures % modes, index % pictures)
  }

  func label(at index: Int) -> Int? { place(at: index).label }

  /// Below the split's folder: of `train` in a folder for each class, of the others in one.
  func file(at index: Int) -> String {
    let place = place(at: index)
    return split == "train"
      ? "e\(padded(place.label, to: 8))/e\(padded(place.label, to: 8))_\(index).JPEG"
      : "emblems_\(split)_\(padded(index + 1, to: 8)).JPEG"
  }

  private func padded(_ number: Int, to digits: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  func name(at index: Int) -> String { "\(split)/\(file(at: index))" }

  func picture(at index: Int) -> EmblemPicture {
    let place = place(at: index)
    let look = place.label * modes + place.mode
    return EmblemPicture(
      mode: EmblemMode(number: look, seed: seed), noise: Float(noise) / 100,
      key: RandomKey(seed: UInt64(seed)).derived("emblems").derived(split).derived(look)
        .derived(place.number))
  }

  func sample(at index: Int) throws -> Sample {
    precondition(index >= 0 && index < count, "Emblems: sample \(index) of \(count)")
    let name = name(at: index)
    let image = try Image.decoded(picture(at: index).jpegBytes(), file: name).pixels
    return Sample(id: name, image: SampleImage(image), label: place(at: index).label)
  }

  func manifest() throws -> DataManifest {
    DataManifest(
      origin:
        "world emblems, seed \(seed), classes \(classes), modes \(modes), pictures \(pictures), "
        + "noise \(noise)",
      split: split, classNames: [], labelNames: labelNames, entries: [])
  }
}
