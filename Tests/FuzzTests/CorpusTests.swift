import Foundation
import FuzzEntries
import Testing

/// What the fuzzer has found worth keeping, and every input that ever crashed.
@Suite(.serialized) struct CorpusTests {
  private static let corpus = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/Corpus")

  /// The most memory this process has ever had, in bytes.
  private func peakBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let match = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/))
    return try #require(Int(match.1)) * 1024
  }

  @Test(arguments: FuzzTarget.allCases)
  func `every input of the corpus is survived, in little memory`(target: FuzzTarget) throws {
    let folder = Self.corpus.appending(path: target.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(!names.isEmpty)
    let before = try peakBytes()
    for name in names { target.run(Array(try Data(contentsOf: folder.appending(path: name)))) }
    // Suites that run beside this one count too; what is looked for are gigabytes for a few bytes.
    #expect(try peakBytes() < before + 2 << 30)
  }

  @Test(arguments: FuzzTarget.allCases)
  func `seeds are survived`(target: FuzzTarget) {
    #expect(!target.seeds.isEmpty)
    for seed in target.seeds {
      #expect(!seed.isEmpty && seed.count <= target.bytesMax, "\(target): \(seed.count) bytes")
      target.run(seed)
      // Every beginning of it too: files are cut short more often than they are forged.
      for count in stride(from: 0, to: seed.count, by: max(1, seed.count / 64)) {
        target.run(Array(seed.prefix(count)))
      }
    }
  }
}
