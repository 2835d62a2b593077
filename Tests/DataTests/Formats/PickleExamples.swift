import Data
import Testing

extension FormatExample {
  static let pickles: [FormatExample] = [
    FormatExample(
      format: "cifar", split: "train", samples: 2,
      files: ["data_batch_1": batch, "test_batch": batch, "batches.meta": names])
  ]

  /// Two pictures, red and blue, as Python 2 and NumPy pickled them: protocol 2.
  static let batch: [UInt8] = {
    var file = LittleEndian()
    file.add([0x80, 2])
    file.add(
      text: "}q\u{1}(U\u{4}datacnumpy.core.multiarray\n_reconstruct\nq\u{2}cnumpy\nndarray\n")
    file.add(text: "K\u{0}")
    file.add([0x85])
    file.add(text: "U\u{1}b")
    file.add([0x87])
    file.add(text: "R(K\u{1}K\u{2}M")
    file.add([0, 12, 0x86])
    file.add(text: "cnumpy\ndtype\nU\u{2}u1K\u{0}K\u{1}")
    file.add([0x87])
    file.add(text: "R(K\u{3}U\u{1}|NNNJ")
    file.add([255, 255, 255, 255])
    file.add(text: "J")
    file.add([255, 255, 255, 255])
    file.add(text: "K\u{0}tb")
    file.add([0x89])
    file.add(text: "T")
    file.add(UInt32(6_144))
    for plane: UInt8 in [255, 0, 0, 0, 0, 255] { file.add([UInt8](repeating: plane, count: 1_024)) }
    file.add(text: "tbU\u{6}labels]q\u{3}(K\u{1}K\u{0}eu.")
    return file.bytes
  }()

  static let names = text("(dp1\nS'label_names'\np2\n(lp3\nS'cat'\np4\naS'dog'\np5\nas.")
}

@Suite struct PickleTests {
  private func example() throws -> FormatExample { try #require(FormatExample.pickles.first) }

  @Test func `pictures are planes of red, green and blue`() throws {
    let source = try example().source()
    #expect(source.labelNames == ["cat", "dog"] && source.splits == ["test", "train"])
    let samples = try (0..<2).map { try source.sample(at: $0) }
    #expect(samples.map(\.label) == [1, 0])
    #expect(try samples[0].image?.pixels().elements.prefix(6) == [255, 0, 0, 255, 0, 0])
    #expect(try samples[1].image?.pixels().elements.prefix(6) == [0, 0, 255, 0, 0, 255])
    // One picture of the file, not all of it, is what a sample needs.
    #expect(source.parts(at: 1)[0].range?.count == 3_072)
  }

  @Test(arguments: [
    "cos\nsystem\n(S'touch /tmp/x'\ntR.", "(S'x'\nios\nsystem\n.", "c__builtin__\neval\n.",
    "cnumpy.core.multiarray\nscalar\n.", "cnumpy\nndarray\nK\u{0}\u{81}.",
  ])
  func `nothing is called`(pickle: String) throws {
    var files = try example().files
    files["batches.meta"] = pickle.unicodeScalars.map { UInt8($0.value) }
    let report = try example().report(files)
    #expect(report.problems.count == 1)
    #expect(report.problems.first?.problem.contains("no data") == true, "\(report.problems)")
  }

  @Test func `deep and circular objects are only places in a table`() throws {
    var files = try example().files
    for pickle in [
      [UInt8](repeating: UInt8(ascii: "]"), count: 100_000)
        + [UInt8](repeating: UInt8(ascii: "a"), count: 99_999) + [UInt8(ascii: ".")],
      Array("]q\u{0}h\u{0}a.".utf8), Array("(((((".utf8), Array("0".utf8), Array("].".utf8),
    ] {
      files["batches.meta"] = pickle
      let report = try example().report(files)
      #expect(report.problems.count == 1 && report.sampleCount == 0)
    }
  }
}
