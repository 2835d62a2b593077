import Data
import Tensors
import TestSupport
import Testing
import Worlds

@Suite struct BirdsTests {
  private let small: [String: OptionValue] = ["classes": 8, "images": 3]

  @Test func `splits the classes as CUB's numbers do`() throws {
    let birds = try Birds()
    let counts = try ["train", "val", "test"].map { try birds.source(split: $0).labelNames.count }
    #expect(counts == [30, 15, 15])
    let names = try birds.splits.flatMap { try birds.source(split: $0).labelNames }
    #expect(Set(names).count == 60)
    // Number aside, no two classes have the same parts.
    #expect(Set(names.map { $0.dropFirst(4) }).count == 60)
    #expect(try birds.source(split: "train").count == 30 * 40)
    #expect(throws: DataError.self) { try birds.source(split: "trian") }
    #expect(throws: DataError.self) { try Birds(options: ["classes": 121]) }
    #expect(try Birds(options: ["classes": 120]).source(split: "train").labelNames.count == 60)
  }

  @Test func `makes a picture from seed, class and number alone`() throws {
    let few = try Birds(options: small).source(split: "train")
    let many = try Birds(options: ["classes": 40, "images": 5]).source(split: "train")
    let other = try Birds(options: ["classes": 8, "images": 3, "seed": 2]).source(split: "train")
    for (index, same) in [(0, 0), (2, 2), (4, 6)] {
      let picture = try few.sample(at: index)
      #expect(
        try picture.image?.pixels().elements == many.sample(at: same).image?.pixels().elements)
      #expect(try picture.id == many.sample(at: same).id)
      #expect(
        try picture.image?.pixels().elements != other.sample(at: index).image?.pixels().elements)
    }
  }

  @Test func `pictures of a class differ, and their boxes`() throws {
    let source = try Birds(options: small).source(split: "train")
    let samples = try (0..<source.count).map { try source.sample(at: $0) }
    let pictures = try samples.map { try #require($0.image).pixels() }
    #expect(Set(pictures.map(\.elements)).count == samples.count)
    #expect(Set(pictures.map(\.shape)).count > samples.count / 2)
    #expect(pictures.allSatisfy { $0.shape.min() == 3 && $0.shape[0] > 30 })
    #expect(samples.map(\.label) == (0..<samples.count).map { $0 / 3 })
    #expect(try (0..<source.count).map { try source.label(at: $0) } == samples.map(\.label))
  }

  @Test func `evaluation sees prepared pictures`() throws {
    for side in [84, 42] {
      let source = try Birds(options: ["classes": 8, "images": 2, "imageSize": .integer(side)])
        .source(split: "test")
      #expect(try source.sample(at: 1).image?.size == ImageSize(height: side, width: side))
    }
  }

  @Test func `what it writes is CUB and reads as the same samples`() throws {
    try withTemporaryFolder { folder in
      let birds = try Birds(options: small)
      try (birds as any World).write(to: folder)
      let files = try LocalFiles(folder)
      #expect(try recognisedFormat(of: files).format == "cub")
      let check = try DataCheck(format: CUBSource.self, files: files)
      for split in birds.splits {
        #expect(check.run(split: split).report.problems == [])
        let made = try birds.source(split: split)
        let read = try CUBSource(files: files, split: split)
        #expect(read.count == made.count && read.labelNames == made.labelNames)
        for index in 0..<read.count {
          let (a, b) = (try read.sample(at: index), try made.sample(at: index))
          #expect(a.id == b.id && a.label == b.label && a.image?.size == b.image?.size)
          #expect(try a.image?.pixels().elements == b.image?.pixels().elements)
        }
      }
    }
  }
}
