import Data
import Tensors
import TestSupport
import Testing
import Worlds

@Suite struct AtriaTests {
  private let small: [String: OptionValue] = ["train": 6, "test": 3, "side": 24, "depth": 20]

  private func volumes(_ split: String, _ options: [String: OptionValue]) throws -> [Sample] {
    let source = try Atria(options: options).source(split: split)
    return try (0..<source.count).map { try source.sample(at: $0) }
  }

  @Test func `a body of 5 to 10 percent in one part, in a standardised image`() throws {
    for sample in try volumes("train", small) + volumes("test", small) {
      let volume = try #require(sample.volume)
      let labels = try #require(volume.labels)
      #expect(volume.values.shape == [24, 24, 20])
      let count = labels.elements.count { $0 == 1 }
      #expect(Set(labels.elements) == [0, 1])
      #expect((0.05...0.1).contains(Double(count) / Double(labels.count)))
      #expect(labels.largestComponent().elements == labels.elements)
      let values = volume.values.elements.map { Double($0) }
      let mean = values.reduce(0, +) / Double(values.count)
      let square = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      #expect(abs(mean) < 1e-5 && abs(square - 1) < 1e-4)
    }
  }

  /// Contrast to noise of about 1: brighter on the whole, but no threshold finds it.
  @Test func `the body is brighter, and much of it is not`() throws {
    for sample in try volumes("test", small) {
      let volume = try #require(sample.volume)
      let labels = try #require(volume.labels).elements
      let values = volume.values.elements.map { Double($0) }
      func statistics(_ label: UInt8) -> (mean: Double, deviation: Double) {
        let own = values.indices.filter { labels[$0] == label }.map { values[$0] }
        let mean = own.reduce(0, +) / Double(own.count)
        let square = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count)
        return (mean, square.squareRoot())
      }
      let (inside, outside) = (statistics(1), statistics(0))
      let ratio = (inside.mean - outside.mean) / outside.deviation
      #expect((0.4...1.4).contains(ratio), "\(ratio)")
    }
  }

  /// Neighbours are as unlike as any two with white noise, and alike with grain; deviations are 1.
  @Test func `noise has the grain that is asked for`() throws {
    func likeness(_ grain: Int) throws -> Double {
      let sample = try volumes("test", small.merging(["grain": .integer(grain)]) { $1 })[0]
      let volume = try #require(sample.volume)
      let labels = try #require(volume.labels).elements
      let values = volume.values.elements.map { Double($0) }
      let places = values.indices.dropLast().filter {
        $0 % 20 < 19 && labels[$0] == 0 && labels[$0 + 1] == 0
      }
      return places.reduce(0) { $0 + values[$1] * values[$1 + 1] } / Double(places.count)
    }
    let (white, grained) = (try likeness(1), try likeness(3))
    #expect(white < 0.35 && grained > 0.5, "\(white), \(grained)")
  }

  @Test func `cases have the challenge's names, in order, and none is in both splits`() throws {
    let names = try ["train", "test"].map { split in
      let source = try Atria(options: ["train": 50, "test": 40]).source(split: split)
      return (0..<source.count).map { source.name(at: $0) }
    }
    for list in names {
      #expect(list == list.sorted())
      #expect(list.allSatisfy { $0.wholeMatch(of: /[A-Z0-9]{20}/) != nil })
    }
    #expect(Set(names.joined()).count == 90)
    #expect(throws: DataError.self) { try Atria().source(split: "val") }
  }

  @Test func `more cases leave the first as they were, other seeds do not`() throws {
    let few = try volumes("train", small)
    let many = try volumes("train", small.merging(["train": 9]) { $1 })
    let other = try volumes("train", small.merging(["seed": 2]) { $1 })
    for (index, sample) in few.enumerated() {
      #expect(ScenesTests().isSame(sample, many[index]))
      #expect(sample.volume?.labels?.elements != other[index].volume?.labels?.elements)
    }
    #expect(Set(few.map { $0.volume?.labels?.elements }).count == few.count)
  }

  @Test func `what it writes is the left atrium's layout and reads as the same samples`() throws {
    try withTemporaryFolder { folder in
      let atria = try Atria(options: small)
      try atria.write(to: folder)
      let files = try LocalFiles(folder)
      #expect(try recognisedFormat(of: files).format == "hdf5")
      for split in atria.splits {
        let made = try atria.source(split: split)
        let read = try HDF5Source(files: files, split: split)
        #expect(read.count == made.count)
        for index in 0..<read.count {
          #expect(read.name(at: index).hasSuffix("\(made.name(at: index))/mri_norm2.h5"))
          #expect(ScenesTests().isSame(try read.sample(at: index), try made.sample(at: index)))
        }
      }
    }
  }
}
