import Data
import Tensors
import Testing

/// What `martlet data check` finds and counts.
@Suite struct CheckTests {
  private func example(_ format: String) throws -> FormatExample {
    try #require(FormatExample.all.first { $0.format == format })
  }

  @Test func `all bad lines are listed and the rest is read`() throws {
    let example = try example("camvid")
    var files = example.files
    files["train.txt"] = Array(
      "one\n\n../x.png y.png\ntrain/x.png trainannot/x.png\ntrain/z.png trainannot/x.png\n".utf8)
    let report = try example.report(files)
    #expect(report.sampleCount == 1 && report.summary.samples == 1)
    #expect(report.problems.count == 3)
    // Lines are numbered as an editor numbers them.
    #expect(report.problems.map { $0.problem.firstMatch(of: /line (\d+)/)?.1 } == ["1", "3", "5"])
    #expect(throws: DataError.self) { try example.source(files) }
  }

  @Test func `bad samples are listed with their files`() throws {
    let example = try example("voc")
    var files = example.files
    files["JPEGImages/a.png"] = [1, 2, 3]
    files["SegmentationClass/b.png"] = FormatExample.mask(9)
    let report = try example.report(files)
    #expect(
      report.problems.map(\.file) == ["memory/JPEGImages/a.png", "memory/SegmentationClass/b.png"])
    #expect(report.sampleCount == 2 && report.summary.samples == 0)
  }

  @Test func `a name that comes twice is a problem`() throws {
    let example = try example("camvid")
    var files = example.files
    files["train.txt"] = files["train.txt"].map { $0 + $0 }
    let report = try example.report(files)
    #expect(report.problems.count == 1 && report.problems[0].problem.contains("named x"))
  }

  @Test func `what cannot be opened is the only problem`() throws {
    let report = try example("voc").report(["a": []])
    #expect(report.problems.count == 1 && report.sampleCount == 0)
  }

  @Test func `counts classes, labels and pixels`() throws {
    let summary = try example("voc").report().summary
    #expect(summary.classes.map(\.name) == ["none", "thing"])
    #expect(summary.classes.map(\.pixels) == [0, 24] && summary.ignoredPixels == 24)
    #expect(summary.classes.map(\.samples) == [0, 1] && summary.captions == 1)
    #expect(summary.height?.median == 4 && summary.width?.max == 6)
    #expect(summary.mean.count == 3 && abs(summary.mean[0] - 50.0 / 255) < 1e-12)
    #expect(summary.standardDeviation == [0, 0, 0])
    let folders = try example("folders").report().summary
    #expect(folders.labels.map(\.samples) == [2, 1])
    let objects = try example("coco").report().summary
    #expect(objects.objects == 3 && objects.crowds == 1)
    #expect(objects.classes.map(\.objects) == [2, 1])
    let volume = try example("hdf5").report().summary
    #expect(volume.depth?.min == 2 && volume.classes.map(\.pixels) == [12, 12])
    #expect(abs(volume.mean[0] - 11.5) < 1e-9)
    #expect(abs(volume.standardDeviation[0] - (575.0 / 12).squareRoot()) < 1e-9)
    #expect(try example("features").report().summary.featureShapes == ["[2]": 3])
  }

  @Test func `numbers that are none are a problem`() throws {
    let example = try example("features")
    var files = example.files
    files["train.npy"]?.replaceSubrange(
      FormatExample.numpy.count - 4..<FormatExample.numpy.count, with: [0, 0, 0xC0, 0x7F])
    let report = try example.report(files)
    #expect(report.problems.count == 1 && report.problems[0].problem.contains("not finite"))
    #expect(report.problems[0].file == "memory/train.npy, row 2")
  }

  @Test(arguments: FormatExample.all)
  func `draws what can be seen`(example: FormatExample) throws {
    let check = try DataCheck(
      format: dataFormat(named: example.format), files: MemoryFiles(example.files),
      options: example.options)
    var seen: [Int] = []
    let sheet = check.run(split: example.split) { seen.append($0.done) }.sheet
    #expect(seen == Array(0...example.samples))
    guard example.format != "features" || sheet != nil else { return }
    let picture = try #require(sheet).picture()
    #expect(picture.shape[1] == 936 && picture.shape[2] == 3)
    #expect(Set(picture.elements).count > 2)
  }
}
