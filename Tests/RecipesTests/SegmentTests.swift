import Recipes
import Testing
import Training

@Suite struct SegmentTests {
  @Test(arguments: ["resnet18", "vit"])
  func `other encoders train too`(encoder: String) throws {
    let small = SmallJob.segment.with("options.encoder", .text(encoder))
      .with("options.depth", .integer(1))
    #expect(try digest(of: small, borders: [3]) == digest(of: small, borders: [], threads: 1))
  }

  @Test func `trains on crops and on resized images`() throws {
    let small = SmallJob.segment.with("options.imageHeight", .integer(24))
      .with("options.imageWidth", .integer(28)).with("options.cropHeight", .integer(16))
      .with("options.cropWidth", .integer(20))
    #expect(try digest(of: small, borders: [3]) == digest(of: small, borders: [], threads: 1))
  }

  @Test func `refuses images that are too small to halve`() throws {
    let small = SmallJob.segment.with("options.levels", .integer(6))
    #expect(throws: JobError.self) { try Trainer(small.job(), catalog: houseCatalog) }
  }

  @Test func `refuses a range of scales that is upside down`() {
    let small = SmallJob.segment.with("options.scaleMin", .number(2))
    #expect(throws: JobError.self) { try small.job() }
  }
}
