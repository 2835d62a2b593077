import Data
import TestSupport
import Testing
import Worlds

@Suite struct EmblemsTests {
  private let small: [String: OptionValue] = [
    "classes": 3, "modes": 2, "train": 3, "val": 1, "test": 2,
  ]

  @Test func `has as many pictures of each mode as it is told`() throws {
    let emblems = try Emblems()
    let counts = try ["train", "val", "test"].map { try emblems.source(split: $0).count }
    #expect(counts == [400, 400, 2400])
    let source = try Emblems(options: small).source(split: "train")
    #expect(try (0..<18).map { try source.label(at: $0) } == (0..<18).map { $0 / 6 })
    #expect(source.labelNames == ["0", "1", "2"])
    #expect(throws: DataError.self) { try emblems.source(split: "all") }
    #expect(throws: DataError.self) { try Emblems(options: ["classes": 10, "modes": 19]) }
    #expect(throws: Never.self) { try Emblems(options: ["classes": 10, "modes": 18]) }
  }

  @Test func `makes a picture from seed, split, mode and number alone`() throws {
    func pixels(_ options: [String: OptionValue], _ split: String, _ index: Int) throws -> [UInt8] {
      let source = try Emblems(options: small.merging(options) { $1 }).source(split: split)
      return try source.sample(at: index).image?.pixels().elements ?? []
    }
    // The second picture of the second mode of class 1.
    let one = try pixels([:], "train", 10)
    #expect(one.count == 32 * 32 * 3)
    #expect(try pixels(["train": 5, "classes": 4], "train", 16) == one)
    #expect(try pixels([:], "train", 11) != one)
    #expect(try pixels(["seed": 2], "train", 10) != one)
    #expect(try pixels(["noise": 0], "train", 10) != one)
    #expect(try pixels(["train": 2], "test", 7) != pixels(["train": 2], "train", 7))
  }

  @Test func `what it writes is ImageNet's layout and reads as the same samples`() throws {
    try withTemporaryFolder { folder in
      let emblems = try Emblems(options: small)
      try (emblems as any World).write(to: folder)
      let files = try LocalFiles(folder)
      #expect(try recognisedFormat(of: files).format == "imagenet")
      for split in emblems.splits {
        let made = try emblems.source(split: split)
        let read = try ImageNetSource(files: files, split: split)
        #expect(read.count == made.count && read.labelNames == made.labelNames)
        for index in 0..<read.count {
          let (a, b) = (try read.sample(at: index), try made.sample(at: index))
          #expect(a.id == b.id && a.label == b.label)
          #expect(try a.image?.pixels().elements == b.image?.pixels().elements)
        }
      }
    }
  }
}
