import Foundation
import Recipes
import TestSupport
import Testing

@Suite struct BytePairEncodingTests {
  private let captions = [
    "a picture of a striped red circle", "a red circle left of a small blue square",
    "a scene with a red ring and a blue square on a pale cloudy background",
  ]

  @Test func `what was encoded reads the same`() {
    let encoding = BytePairEncoding(learnedFrom: captions, mergesMax: 100)
    for text in captions { #expect(encoding.decode(encoding.encode(text)) == text) }
    #expect(encoding.decode(encoding.encode("Überraschung 🦜 naïve")) == "überraschung 🦜 naïve")
    // Digits and signs are words of their own.
    #expect(encoding.decode(encoding.encode("it's 42!")) == "it 's 4 2 !")
  }

  @Test func `learned words become one symbol`() {
    let encoding = BytePairEncoding(learnedFrom: captions, mergesMax: 1000)
    #expect(encoding.encode("red").count == 1)
    #expect(encoding.encode("red red square").count == 3)
    #expect(encoding.encode("der").count == 3)
  }

  @Test func `the first merge is the most frequent pair, ties in the symbols' order`() {
    // "aab" twice: a·a and a·b</w> occur twice each.
    let encoding = BytePairEncoding(learnedFrom: ["aab aab"], mergesMax: 1)
    #expect(encoding.merges == [BytePairEncoding.Pair("a", "a")])
    // Nothing occurs twice.
    #expect(BytePairEncoding(learnedFrom: ["abc"], mergesMax: 5).merges.isEmpty)
  }

  @Test func `numbers follow CLIP's order of symbols`() {
    let encoding = BytePairEncoding(merges: [.init("a", "b</w>")])
    #expect(encoding.count == 256 + 256 + 1 + 2)
    #expect(encoding.encode("!") == [256])  // "!" is the first byte; it ends the word
    #expect(encoding.encode("ab") == [512])
    #expect(encoding.encode("ba") == [65, 320])  // b = 98 − 33, a</w> = 256 + 97 − 33
    #expect(encoding.start == 513)
    #expect(encoding.end == 514)
  }

  @Test func `texts are framed, cut and filled`() {
    let encoding = BytePairEncoding(merges: [])
    #expect(encoding.encode("ab", length: 6) == [512, 64, 321, 513, 0, 0])
    #expect(encoding.encode("abcdef", length: 4) == [512, 64, 65, 513])
  }

  @Test func `a merges file is read like CLIP's`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/merges.txt"
      try Data("#version: 0.2\na b</w>\nc ab</w>\n".utf8).write(to: URL(fileURLWithPath: path))
      let encoding = try BytePairEncoding(path: path)
      #expect(encoding.merges == [.init("a", "b</w>"), .init("c", "ab</w>")])
      #expect(encoding.encode("cab") == [513])
      try Data("#version\na b c\n".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: (any Error).self) { try BytePairEncoding(path: path) }
    }
  }
}
