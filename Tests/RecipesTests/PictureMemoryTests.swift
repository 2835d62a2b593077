import Data
import Recipes
import Tensors
import TestSupport
import Testing
import Training

/// Training on files whose pictures are decoded as far as views show them.
@Suite struct PictureMemoryTests {
  /// JPEGs in VOC's layout with masks and captions; the third of the training ends too early, where
  /// some views do not look.
  private func writePictures(to root: String) throws {
    var captions = ""
    for (split, count) in [("train", 11), ("val", 3)] {
      let names = (0..<count).map { "\(split)\($0)" }
      for (number, name) in names.enumerated() {
        let picture = ByteTensor(shape: [56, 72, 3]) { out in
          for index in out.indices {
            let (y, x, c) = (index / 216, index / 3 % 72, index % 3)
            out[index] = UInt8((x * (c + 2) + y * (number + 1) + (x / 9 + y / 7) % 2 * 70) % 256)
          }
        }
        let mask = ByteTensor(shape: [56, 72]) { out in
          for index in out.indices { out[index] = UInt8((index / 72 / 14 + number) % 3) }
        }
        var file = picture.jpegBytes()
        if name == "train2" { file.removeLast(file.count / 4) }
        try write(file, to: "\(root)/JPEGImages/\(name).jpg")
        try write(mask.pngBytes(), to: "\(root)/SegmentationClass/\(name).png")
        captions += "{\"image\": \"\(name)\", \"captions\": [\"number \(number)\"]}\n"
      }
      try write(
        names.joined(separator: "\n"), to: "\(root)/ImageSets/Segmentation/\(split).txt")
    }
    try write(captions, to: "\(root)/captions.jsonl")
    try write("a\nb\nc\n", to: "\(root)/classes.txt")
  }

  /// The job with these pictures, of which views show small parts.
  private func views(of small: SmallJob, in root: String) -> SmallJob {
    let job = small.with("data", .map(["path": .text(root), "format": .text("voc")]))
      .with("onBadSample", .text("skip"))
    return small.recipe == "segment"
      ? job.with("options.scaleMin", .number(1.5)).with("options.scaleMax", .number(3))
      : job.with("options.cropMin", .number(0.1))
  }

  @Test(arguments: [SmallJob.segment, .clip])
  func `weights are the same whichever pictures stay in memory, and where`(small: SmallJob) throws {
    try withTemporaryFolder { root in
      try writePictures(to: root)
      let small = views(of: small, in: root)
      let none = try digest(of: small, borders: [], memoryBytes: [0])
      #expect(try digest(of: small, borders: [], memoryBytes: [64 << 20]) == none)
      #expect(try digest(of: small, borders: [3], memoryBytes: [64 << 20, 50_000]) == none)
      #expect(try digest(of: small, borders: [2, 5], memoryBytes: [0, 90_000, 20_000]) == none)
    }
  }

  @Test func `a picture that ends too early is left out where its view needs the rest`() throws {
    try withTemporaryFolder { root in
      try writePictures(to: root)
      let job = try views(of: .segment, in: root).with("epochs", .integer(12)).job()
      let counts = try [0, 64 << 20].map { bytes in
        let data = try RecipeData(job: job, memoryBytes: bytes)
        let run = try LoaderRun(job, catalog: houseCatalog, data: data)
        defer { run.stop() }
        return try (0..<12 * run.stepsPerEpoch).map { _ in try run.takeStep() }
      }
      #expect(counts[0] == counts[1])
      let missing = 12 * 11 - counts[0].reduce(0, +)
      #expect((1..<12).contains(missing), "\(missing) of 12")
    }
  }
}
