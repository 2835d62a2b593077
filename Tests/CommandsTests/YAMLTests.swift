import Commands
import Testing
import Training

@Suite struct YAMLTests {
  @Test(arguments: [
    ("3", JobValue.integer(3)), ("-7", .integer(-7)), ("2e-3", .number(0.002)),
    ("1.5", .number(1.5)), ("true", .bool(true)), ("yes", .text("yes")), ("off", .text("off")),
    ("~", .null), ("'3'", .text("3")), ("\"true\"", .text("true")), ("nan", .text("nan")),
    ("0x10", .text("0x10")), ("1.2.3", .text("1.2.3")), (".inf", .number(.infinity)),
    ("+", .text("+")), ("[1, a]", .list([.integer(1), .text("a")])),
  ])
  func `reads scalars as people mean them`(text: String, value: JobValue) throws {
    #expect(try YAMLReader.value(of: "key: \(text)", name: "t") == .map(["key": value]))
  }

  @Test(arguments: [
    ("a: 1\nb: [1, 2\nc: 3\n", "line 3"), ("a: 1\na: 2\n", "given twice"),
    ("a: 1\n\tb: 2\n", "line 2"), ("a: *nowhere\n", "line 1"),
    ("a: 'open\n", "line"), ("{[1]: 2}\n", "a key must be a word"),
  ])
  func `says where the syntax is wrong`(text: String, part: String) {
    let error = #expect(throws: JobError.self) { try YAMLReader.value(of: text, name: "job.yaml") }
    #expect(error?.description.contains("job.yaml") == true)
    #expect(error?.description.contains(part) == true, "\(String(describing: error))")
  }

  @Test func `stops where a key stands for a billion values`() {
    let lines = (1...9).map { level in
      "a\(level): &a\(level) ["
        + [String](repeating: "*a\(level - 1)", count: 9)
        .joined(separator: ",") + "]"
    }
    let bomb = (["a0: &a0 x"] + lines + ["? *a9", ": 1"]).joined(separator: "\n")
    let error = #expect(throws: JobError.self) { try YAMLReader.value(of: bomb, name: "t") }
    #expect(error?.description.contains("aliases") == true)
  }

  @Test(arguments: ["[", "{a: ", "- ", "? "])
  func `stops where lists and maps are nested without end`(opening: String) {
    let text = String(repeating: opening, count: 100_000)
    #expect(throws: JobError.self) { try YAMLReader.value(of: text, name: "t") }
  }

  @Test(arguments: [("? ", ""), ("[", "]"), ("{", "}")])
  func `stops where keys are within keys`(opening: String, closing: String) {
    let key =
      String(repeating: opening, count: 20) + "a" + String(repeating: closing, count: 20)
    let error = #expect(throws: JobError.self) { try YAMLReader.value(of: key, name: "t") }
    #expect(error?.description.contains("keys are words") == true)
  }

  @Test func `stops where aliases multiply`() {
    let lines = (1...9).map { level in
      "a\(level): &a\(level) ["
        + [String](repeating: "*a\(level - 1)", count: 9)
        .joined(separator: ",") + "]"
    }
    let bomb = (["a0: &a0 x"] + lines).joined(separator: "\n")
    #expect(throws: JobError.self) { try YAMLReader.value(of: bomb, name: "t") }
  }
}
