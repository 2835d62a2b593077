import Data
import TestSupport
import Testing

/// Two hundred damages of each format: an error of ours or a sample, nothing else.
@Suite(.serialized) struct DamageTests {
  private static let damages = 200

  @Test(arguments: FormatExample.all)
  func `damaged files end in an error or a sample`(example: FormatExample) throws {
    var draws = Draws(seed: example.description.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let memory = PeakMemory()
    var found = 0
    for number in 0..<Self.damages {
      let (files, what) = damaged(example.files, number, &draws)
      let tree = MemoryFiles(files)
      let check = try DataCheck(
        format: dataFormat(named: example.format), files: tree, options: example.options)
      let report = check.run(split: example.split).report
      found += report.problemCount > 0 ? 1 : 0
      for problem in report.problems {
        #expect(!problem.file.isEmpty && !problem.problem.isEmpty && !problem.advice.isEmpty)
        #expect(problem.file != "data set", "\(what): \(problem)")
        #expect(problem.description.utf8.count < 4_096, "\(what): \(problem)")
      }
      #expect(tree.strayNames == [], "\(what)")
      _ = try? recognisedFormat(of: tree)
    }
    // Most damages can be seen; some bits mean nothing.
    #expect(found > Self.damages / 4, "\(found) of \(Self.damages)")
    // Little was declared truly, so little is needed; other tests run at the same time.
    #expect(memory.growth < 512 << 20)
  }

  /// A tokenizer's files by their names; the first is the one to read.
  static let tokenizers: [[String: [UInt8]]] = [
    ["vocab.txt": FormatExample.text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nc\n##at\n")],
    [
      "vocab.json": FormatExample.text(#"{"<s>":0,"<pad>":1,"</s>":2,"t":3,"h":4,"th":5}"#),
      "merges.txt": FormatExample.text("#version: 0.2\nt h\n"),
    ],
    [
      "bpe_simple_vocab_16e6.txt.gz": FormatExample.gzip(
        FormatExample.text("#version: 0.2\nt h\nth e</w>\n"))
    ],
    [
      "tokenizer.json": FormatExample.text(
        #"{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"type":"BPE","#
          + #""vocab":{"<s>":0,"t":1,"h":2,"th":3},"merges":["t h"]}}"#)
    ],
  ]

  @Test(arguments: tokenizers)
  func `damaged tokenizers end in an error or a tokenizer`(files: [String: [UInt8]]) throws {
    var draws = Draws(seed: 11)
    let memory = PeakMemory()
    try withTemporaryFolder { folder in
      for (name, bytes) in files { try write(bytes, to: "\(folder)/\(name)") }
      _ = try Tokenizer.read(path: folder)
      for number in 0..<Self.damages {
        let (changed, what) = damaged(files, number, &draws)
        for (name, bytes) in changed { try write(bytes, to: "\(folder)/\(name)") }
        do {
          let tokenizer = try Tokenizer.read(path: folder)
          _ = tokenizer.decode(tokenizer.encode("the cat's <s> naïve \u{1F600}"))
        } catch let problem as DataError {
          #expect(problem.file.hasPrefix(folder) && !problem.advice.isEmpty, "\(what): \(problem)")
          #expect(problem.description.utf8.count < 4_096, "\(what)")
        }
      }
    }
    #expect(memory.growth < 512 << 20)
  }

  /// The files with one of them changed, and a word that says how.
  private func damaged(
    _ files: [String: [UInt8]], _ number: Int, _ draws: inout Draws
  ) -> ([String: [UInt8]], String) {
    let names = files.keys.sorted()
    let name = names[draws.below(names.count)]
    var bytes = files[name] ?? []
    let what: String
    switch number % 6 {
    case 0:
      what = "cut"
      bytes = Array(bytes.prefix(draws.below(bytes.count)))
    case 1:
      what = "bits"
      for _ in 0...draws.below(8) {
        bytes[draws.below(bytes.count)] ^= 1 << UInt8(draws.below(8))
      }
    case 2:
      what = "huge"
      // Sizes stand near the beginning: 1 to 8 bytes of ones, or of the largest positive number.
      let place = draws.below(min(bytes.count, draws.below(2) == 0 ? 64 : bytes.count))
      for index in place..<min(bytes.count, place + 1 << draws.below(4)) { bytes[index] = 0xFF }
      if draws.below(2) == 0 { bytes[min(bytes.count - 1, place + 7)] = 0x7F }
    case 3:
      what = "another type"
      let others = [
        FormatExample.jpeg, FormatExample.picture, FormatExample.hdf5, FormatExample.numpy, [],
        Array("{\"a\": [1, 2".utf8), [UInt8](repeating: 0, count: 600),
      ]
      bytes = others[draws.below(others.count)]
    case 4:
      what = "way out"
      let ways = ["../../etc/passwd", "/etc/passwd", "a/../../b", ".."]
      let way = Array(ways[draws.below(ways.count)].utf8)
      // Over a name, if the file holds one; anywhere otherwise.
      let words = ["train", "1.png", "a.raw", "case", "features", "a\n"].map { Array($0.utf8) }
      if let range = words.lazy.compactMap({ bytes.firstRange(of: $0) }).first {
        bytes.replaceSubrange(range, with: way)
      } else {
        let place = draws.below(bytes.count)
        bytes.replaceSubrange(place..<min(bytes.count, place + way.count), with: way)
      }
    default:
      what = "piece twice, or missing"
      let start = draws.below(bytes.count)
      let end = start + draws.below(bytes.count - start + 1)
      bytes.replaceSubrange(
        start..<end, with: draws.below(2) == 0 ? [] : Array(bytes[start..<end] + bytes[start..<end])
      )
    }
    var changed = files
    changed[name] = bytes
    return (changed, "\(what) of \(name), \(number)")
  }
}

/// Numbers that look like chance and are the same at every run (SplitMix64).
private struct Draws {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// 0 for a bound of 0.
  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return bound > 0 ? Int((mixed ^ mixed >> 31) % UInt64(bound)) : 0
  }
}
