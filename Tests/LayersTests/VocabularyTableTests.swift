import Layers
import Tensors
import Testing

/// A table of words that has rows for added symbols.
@Suite struct VocabularyTableTests {
  private static let width = 4

  private func table(
    _ base: Int, _ added: [Initializer.AddedRow], seed: UInt64 = 1
  ) -> (table: Embedding, arena: Arena) {
    built(seed: seed) {
      Embedding(vocabulary: base, adding: added, Self.width, deviation: 0.02, in: &$0["words"])
    }
  }

  private func saved(_ arena: Arena, to path: String) throws -> SafetensorsFile {
    try Safetensors.write(arena.exported(), to: path)
    return try SafetensorsFile(path: path)
  }

  @Test func `old rows do not depend on added ones, nor added ones on their order`() {
    let (plain, _) = table(5, [])
    let (ab, _) = table(5, [.init("a"), .init("b")])
    let (ba, _) = table(5, [.init("b"), .init("a")])
    #expect(ab.weight.shape == [7, Self.width])
    #expect(ab.weight.value.rows(0..<5).elements == plain.weight.value.elements)
    #expect(ab.weight.value.rows(5..<6).elements == ba.weight.value.rows(6..<7).elements)
    #expect(ab.weight.value.rows(5..<6).elements != ab.weight.value.rows(6..<7).elements)
    let (other, _) = table(5, [.init("a")], seed: 2)
    #expect(other.weight.value.rows(5..<6).elements != ab.weight.value.rows(5..<6).elements)
  }

  @Test func `a row of pieces begins with their mean`() {
    let (words, _) = table(3, [.init("ab", pieces: [0, 2])])
    let rows = words.weight.value
    for column in 0..<Self.width {
      let mean = (rows[0].elements[column] + rows[2].elements[column]) / 2
      #expect(abs(rows[3].elements[column] - mean) < 1e-7)
    }
  }

  @Test func `a grown table takes the old rows of a file and keeps its own`() throws {
    try withTemporaryFile { path in
      let file = try saved(table(3, [], seed: 9).arena, to: path)
      let old = try file.tensor(named: "words.weight")
      let (words, arena) = table(3, [.init("a"), .init("ac", pieces: [0, 2])])
      let own = words.weight.value.rows(3..<4).elements
      let report = try arena.load(from: file)
      #expect(report.loaded == ["words.weight"] && report.mismatchedShape == [])
      #expect(report.grown.map(\.name) == ["words.weight"])
      #expect(report.grown.first?.expected == [5, 4] && report.grown.first?.found == [3, 4])
      #expect(!report.isComplete, "a checkpoint of another vocabulary is not resumed")
      let rows = words.weight.value
      #expect(rows.rows(0..<3).elements == old.elements)
      #expect(rows.rows(3..<4).elements == own)
      // The mean is that of the file's rows.
      let mean = zip(old[0].elements, old[2].elements).map { ($0 + $1) / 2 }
      #expect(zip(rows[4].elements, mean).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  @Test func `a table with all rows is taken as it is`() throws {
    try withTemporaryFile { path in
      let file = try saved(table(3, [.init("a")], seed: 9).arena, to: path)
      let (words, arena) = table(3, [.init("a")])
      #expect(try arena.load(from: file).isComplete)
      #expect(try words.weight.value.elements == file.tensor(named: "words.weight").elements)
    }
  }

  @Test(arguments: [2, 4, 6])
  func `a table of another vocabulary is refused`(rows: Int) throws {
    try withTemporaryFile { path in
      let file = try saved(table(rows, []).arena, to: path)
      let (words, arena) = table(3, [.init("a"), .init("b")])
      let before = words.weight.value.elements
      let error = #expect(throws: SafetensorsError.self) { try arena.load(from: file) }
      #expect(error?.description.contains("\(rows) rows") == true)
      #expect(words.weight.value.elements == before)
    }
  }
}
