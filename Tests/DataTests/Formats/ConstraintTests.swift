import Data
import TestSupport
import Testing

@Suite struct ConstraintTests {
  private static let head = "id,tweet,label\r\n"

  private func source(
    _ table: [UInt8], split: String = "train"
  ) throws -> ConstraintSource {
    let name = ConstraintSource.tables[split] ?? split
    return try ConstraintSource(files: MemoryFiles([name: table]), split: split)
  }

  private func source(_ table: String) throws -> ConstraintSource { try source(Array(table.utf8)) }

  @Test func `a post may have quotes, commas and line ends`() throws {
    let source = try source(Self.head + "7,\"a \"\"b\"\"\nc, d\",fake\r\n")
    #expect(source.count == 1 && source.labelNames == ["real", "fake"])
    let sample = try source.sample(at: 0)
    #expect(sample.id == "7" && sample.text == "a \"b\"\nc, d" && sample.label == 1)
  }

  @Test(arguments: [
    ("id,tweet,label\r\n1,a,true", "record 1 (line 2) has the label \"true\""),
    ("id,tweet,label\r\n1,a,real\r\n2,\"b\nc\",fake\r\n1,d,real", "record 3 (line 5) has the id 1"),
    ("id,tweet,label\r\n,a,real", "record 1 (line 2) has no id"),
    ("id,tweet,label\r\n1,,real", "record 1 (line 2) has no text"),
    ("id,tweet,label\r\n1,a,b,real", "line 2: 4 fields, the header has 3"),
    ("id,tweet\r\n1,a", "has the columns"), ("id,text,label\r\n1,a,real", "has the columns"),
    ("id,tweet,label\r\n", "has no posts"), ("", "is empty"),
    ("id,tweet,label\r\n1,\"a,real", "no end"),
  ])
  func `damaged tables are refused by record`(table: String, problem: String) {
    let error = #expect(throws: DataError.self) { try source(table) }
    #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
    #expect(error?.file.contains("Constraint_Train.csv") == true)
  }

  @Test func `bytes that are no text are refused`() {
    let table = Array(Self.head.utf8) + [0x31, 0x2C, 0xFF, 0x2C] + Array("real".utf8)
    let error = #expect(throws: DataError.self) { try source(table) }
    #expect(error?.problem.contains("UTF-8") == true)
  }

  @Test func `a table without labels has none`() throws {
    let source = try source(Array("id,tweet\r\n1,a".utf8), split: "unlabelled")
    #expect(try source.labelNames == [] && source.sample(at: 0).label == nil)
    #expect(throws: DataError.self) {
      try self.source(Array("id,tweet,label\r\n1,a,real".utf8), split: "unlabelled")
    }
  }

  @Test func `what is written is read`() throws {
    let posts = [
      (id: "1", text: "plain", label: Int?(0)), ("2", "a, \"b\"\nc", 1), ("3", "\"", 0),
    ]
    let bytes = ConstraintSource.csv(of: posts)
    let source = try source(bytes)
    let samples = try (0..<3).map { try source.sample(at: $0) }
    #expect(samples.map(\.text) == posts.map(\.text) && samples.map(\.label) == [0, 1, 0])
    #expect(bytes.last != 10, "nothing follows the last record")
    #expect(bytes.count { $0 == 13 } == 3)
  }
}
