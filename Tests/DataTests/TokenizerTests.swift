import Data
import Foundation
import TestSupport
import Testing

/// Against Hugging Face's tokenizers: `Tests/Golden/Tokenizers/make.py` made the files.
@Suite struct TokenizerTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden/Tokenizers").path

  private func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer.read(path: "\(Self.folder)/\(name)")
  }

  private func unpacked(_ name: String) throws -> Foundation.Data {
    let path = "\(Self.folder)/\(name)"
    let bytes = [UInt8](try Foundation.Data(contentsOf: URL(filePath: path)))
    return Foundation.Data(try Gzip.unpacked(bytes, file: path))
  }

  private func hash(_ numbers: [Int32]) -> String {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325
    for number in numbers {
      for shift in [0, 8, 16, 24] {
        value = (value ^ UInt64(number >> shift & 255)) &* 0x100_0000_01B3
      }
    }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test func `numbers equal those of the ecosystem on 10,000 strings`() throws {
    let tokenizers = [
      ("bert", try tokenizer("vocab.txt")), ("bert", try tokenizer("bert-tokenizer.json")),
      (
        "cased",
        try Tokenizer.bert(
          vocabulary: String(contentsOfFile: "\(Self.folder)/vocab.txt", encoding: .utf8)
            .split(separator: "\n").map { String($0) }, lowercases: false)
      ),
      ("roberta", try tokenizer("vocab.json")),
      ("roberta", try tokenizer("roberta-tokenizer.json")),
      ("clip", try tokenizer("bpe_simple_vocab.txt.gz")),
      ("clip", try tokenizer("clip-tokenizer.json")),
    ]
    var (rows, different) = (0, [String: Int]())
    for line in try unpacked("golden.jsonl.gz").split(separator: UInt8(ascii: "\n")) {
      let row = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
      let text = try #require(row["text"] as? String)
      rows += 1
      for (name, tokenizer) in tokenizers {
        let numbers = tokenizer.encode(text)
        guard hash(numbers) != row[name] as? String else { continue }
        different[name, default: 0] += 1
        if different[name] == 1 {
          Issue.record(
            "\(name) of \(text.debugDescription): \(numbers), \(row["\(name)-numbers"] ?? "")")
        }
      }
    }
    #expect(rows == 10_000)
    #expect(different == [:])
  }

  @Test func `rows are framed, cut and padded like the ecosystem's`() throws {
    let tokenizers = [
      "bert": try tokenizer("bert-tokenizer.json"), "roberta": try tokenizer("vocab.json"),
    ]
    let rows = try #require(
      try JSONSerialization.jsonObject(with: unpacked("rows.json.gz")) as? [[String: Any]])
    #expect(rows.count == 400)
    for row in rows {
      let tokenizer = try #require(tokenizers[row["tokenizer"] as? String ?? ""])
      let first = try #require(row["first"] as? String)
      let found = tokenizer.rows(
        of: [first], and: (row["second"] as? String).map { [$0] } ?? [],
        length: try #require(row["length"] as? Int))
      #expect(found.numbers.map(Int.init) == row["numbers"] as? [Int], "\(row)")
      #expect(found.mask.map(Int.init) == row["mask"] as? [Int])
      #expect(found.types.map(Int.init) == row["types"] as? [Int])
    }
  }

  @Test func `a space before the first word is an option`() throws {
    let path = "\(Self.folder)/roberta-tokenizer.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
      .replacing(
        "\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true",
        with: "\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true")
    try withTemporaryFolder { folder in
      try Foundation.Data(text.utf8).write(to: URL(filePath: "\(folder)/tokenizer.json"))
      let tokenizer = try Tokenizer.read(path: folder)
      for line in try unpacked("golden.jsonl.gz").split(separator: UInt8(ascii: "\n")).prefix(2000)
      {
        let row = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
        let numbers = tokenizer.encode(try #require(row["text"] as? String))
        #expect(hash(numbers) == row["prefixed"] as? String, "\(row["text"] ?? "")")
      }
    }
  }

  @Test func `many threads get what one gets`() async throws {
    let tokenizer = try tokenizer("vocab.json")
    let texts = (0..<200).map { "text number \($0), a gradient of the tensor \($0 % 7)" }
    let expected = texts.map { tokenizer.encode($0) }
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { texts.map { tokenizer.encode($0) } == expected } }
      for await isEqual in group { #expect(isEqual) }
    }
  }

  @Test func `what was learned reads the same everywhere`() throws {
    let texts = ["a picture of a red circle", "a red ring and a blue circle", "Über naïve 世界"]
    let clip = Tokenizer.learnedCLIP(from: texts, mergesMax: 100)
    #expect(clip.decode(clip.encode("a red circle")) == "a red circle")
    #expect(clip.encode("red").count == 1)
    #expect(clip.decode(clip.encode("it's 42!")) == "it 's 4 2 !")
    let roberta = Tokenizer.learnedRoberta(from: texts, mergesMax: 100)
    #expect(roberta.decode(roberta.encode("Über 世界, 42?")) == "Über 世界, 42?")
    let bert = Tokenizer.learnedBERT(from: texts, countMax: 200)
    #expect(bert.decode(bert.encode("A red Über circle")) == "a red uber circle")
    #expect(bert.encode("🦜") == [try #require(bert.number(of: "[UNK]"))])
    for tokenizer in [clip, roberta, bert] {
      #expect(tokenizer.rows(of: ["a red ring"], length: 5).numbers.count == 5)
    }
  }

  @Test func `files that are not understood are refused by what is wrong with them`() throws {
    try withTemporaryFolder { folder in
      func problem(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Foundation.Data(text.utf8).write(to: URL(filePath: path))
        do {
          _ = try Tokenizer.read(path: path)
          return "accepted"
        } catch { return "\(error)" }
      }
      #expect(try problem("vocab.txt", "a\nb\n").contains("[CLS]"))
      #expect(try problem("tokenizer.json", "{").contains("tokenizer.json"))
      let unigram = #"{"model":{"type":"Unigram","vocab":{}}}"#
      #expect(try problem("tokenizer.json", unigram).contains("Unigram"))
      let far = #"{"model":{"type":"BPE","vocab":{"a":99999999},"merges":[]}}"#
      #expect(try problem("tokenizer.json", far).contains("99999999"))
      let twice = #"{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}"#
      #expect(try problem("tokenizer.json", twice).contains("both"))
      let metaspace =
        #"{"pre_tokenizer":{"type":"Metaspace"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#
      #expect(try problem("tokenizer.json", metaspace).contains("Metaspace"))
      #expect(try problem("bpe_simple_vocab.txt", "#version\na b c\n").contains("line 2"))
      #expect(try problem("bpe_simple_vocab.txt", "#version\nxx yy\n").contains("'xx'"))
      let packed = try Foundation.Data(
        contentsOf: URL(filePath: "\(Self.folder)/bpe_simple_vocab.txt.gz"))
      let path = "\(folder)/bpe_simple_vocab_16e6.txt.gz"
      try packed.prefix(packed.count / 2).write(to: URL(filePath: path))
      #expect(throws: DataError.self) { try Tokenizer.read(path: folder) }
      #expect(throws: DataError.self) {
        try Gzip.unpacked([UInt8](packed), file: "x", bytesMax: 1000)
      }
    }
  }
}

/// CLIP's conventions, by hand.
@Suite struct CLIPTokenizerTests {
  @Test func `the first merge is the most frequent pair, ties in the symbols' order`() {
    // "aab" twice: a·a and a·b</w> occur twice each.
    let learned = Tokenizer.learnedCLIP(from: ["aab aab"], mergesMax: 1)
    #expect(learned.vocabulary.symbols[512] == "aa")
    // Nothing occurs twice.
    #expect(Tokenizer.learnedCLIP(from: ["abc"], mergesMax: 5).count == 514)
  }

  @Test func `numbers follow CLIP's order of symbols`() throws {
    let tokenizer = try Tokenizer.clip(merges: [("a", "b</w>")])
    #expect(tokenizer.count == 256 + 256 + 1 + 2)
    #expect(tokenizer.encode("!") == [256])  // "!" is the first byte; it ends the word
    #expect(tokenizer.encode("ab") == [512])
    #expect(tokenizer.encode("ba") == [65, 320])  // b = 98 − 33, a</w> = 256 + 97 − 33
    #expect(tokenizer.frame.start == [513])
    #expect(tokenizer.frame.end == [514])
  }

  @Test func `texts are framed, cut and filled`() throws {
    let tokenizer = try Tokenizer.clip(merges: [])
    #expect(tokenizer.rows(of: ["ab"], length: 6).numbers == [512, 64, 321, 513, 0, 0])
    #expect(tokenizer.rows(of: ["abcdef"], length: 4).numbers == [512, 64, 65, 513])
  }
}
