import ArgumentParser
import Data
import Tensors

struct BenchDecode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Measure how fast JPEGs become training views, on one core.",
    discussion: """
      Every JPEG of a folder is decoded, cropped at random to a square (scale 0.08 to 1), jittered \
      in colour and normalised, from bytes in memory. `whole` decodes all of a picture first, \
      `part` what the view shows of it, `scaled` that at the smallest sufficient size; `floor` only \
      decodes. All ways take turns, and processor time is counted. Benchmarks/data/decode.py runs \
      other libraries beside it.
      """)

  @Argument(help: ArgumentHelp("Folder of .jpg files.", valueName: "folder")) var folder: String
  @Option(help: "Side of a view in pixels.") var side = 224
  @Option(help: "Times that each way goes over all pictures.") var rounds = 7
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard (8...2048).contains(side) else { throw ValidationError("--side must be 8 to 2048.") }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 1000.") }
  }

  func run() throws {
    let pictures = try DecodeBench.pictures(in: folder)
    let results = try DecodeBench(pictures: pictures, side: side, rounds: rounds).run()
    if json { return Terminal.output.line(try jsonText(results)) }
    var table = TextTable([
      ("way", .left), ("median ms", .right), ("fastest", .right), ("slowest", .right),
      ("pictures/s", .right),
    ])
    for result in results {
      let seconds = result.secondsPerPicture.sorted()
      let median = seconds[seconds.count / 2]
      table.add([
        result.way.rawValue, Numbers.fixed(median * 1e3, 3),
        Numbers.fixed((seconds.first ?? 0) * 1e3, 3), Numbers.fixed((seconds.last ?? 0) * 1e3, 3),
        Numbers.fixed(1 / median, 0),
      ])
    }
    Terminal.output.line(table.text())
  }
}

/// Runs the ways of making a view in turn over the same pictures.
struct DecodeBench {
  enum Way: String, Encodable, CaseIterable { case floor, whole, part, scaled }

  struct Result: Encodable {
    let way: Way
    /// Of each round, in order.
    var secondsPerPicture: [Double] = []
  }

  let pictures: [EncodedImage]
  let side: Int
  let rounds: Int

  /// Throws: `DataError` for a folder without JPEGs, and for what is no JPEG or PNG.
  static func pictures(in folder: String) throws -> [EncodedImage] {
    let names = try Files.names(in: folder).filter { $0.hasSuffix(".jpg") }
    guard !names.isEmpty else {
      throw DataError(
        file: folder, problem: "has no .jpg files", advice: "Name a folder of JPEG pictures")
    }
    return try names.map { name in
      let path = "\(folder)/\(name)"
      return try EncodedImage(Files.bytes(of: path), file: path)
    }
  }

  /// Throws: `DataError` for a damaged picture.
  func run() throws -> [Result] {
    var results = Way.allCases.map { Result(way: $0) }
    // The round before the first warms caches and pools up.
    for round in -1..<rounds {
      for (index, way) in Way.allCases.enumerated() {
        let start = ThreadClock.seconds
        for (slot, picture) in pictures.enumerated() {
          try make(way, picture, key: RandomKey(seed: 1).derived(max(round, 0)).derived(slot))
        }
        let seconds = ThreadClock.seconds - start
        if round >= 0 { results[index].secondsPerPicture.append(seconds / Double(pictures.count)) }
      }
    }
    return results
  }

  private func make(_ way: Way, _ picture: EncodedImage, key: RandomKey) throws {
    let size = ImageSize(height: side, width: side)
    var augmentation = Augmentation(
      size: size, framing: .resizedCrop(scale: 0.08...1, ratio: 0.75...(4 / 3)))
    augmentation.flip = 0.5
    augmentation.jitter = ColorJitter()
    augmentation.decodesScaled = way == .scaled
    let view: ByteTensor
    switch way {
    case .floor:
      _ = try picture.decoded()
      return
    case .whole: view = augmentation(try picture.decoded().pixels, key: key).image
    case .part, .scaled: view = try augmentation(SampleImage(picture), key: key).image
    }
    _ = Normalization.imageNet.batch([view], size: size)
  }
}
