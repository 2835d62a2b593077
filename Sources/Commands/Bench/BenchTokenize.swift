import ArgumentParser
import Data
import Glibc

struct BenchTokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Measure how fast texts become token numbers, on one core.",
    discussion: """
      Every line of a file is a text. The tokenizer is read anew for each round, so that no word is \
      known from before; reading it does not count. Benchmarks/data/tokenize.py runs Hugging Face's \
      tokenizers beside it.
      """)

  @Argument(help: ArgumentHelp("tokenizer.json, vocab.txt or another of its files."))
  var tokenizer: String
  @Argument(help: ArgumentHelp("A text a line (UTF-8).", valueName: "texts")) var file: String
  @Option(help: "Times that all texts are encoded.") var rounds = 7
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 1000.") }
  }

  struct Result: Encodable {
    let texts: Int
    let bytes: Int
    let tokens: Int
    /// Of each round, in order, of all texts.
    let seconds: [Double]
  }

  func run() throws {
    let result = try Self.measure(tokenizer, Files.lines(of: file), rounds: rounds)
    if json { return Terminal.output.line(try jsonText(result)) }
    let seconds = result.seconds.sorted()
    let median = seconds[seconds.count / 2]
    var table = TextTable([
      ("texts", .right), ("tokens", .right), ("median s", .right), ("fastest", .right),
      ("slowest", .right), ("MB/s", .right),
    ])
    table.add([
      "\(result.texts)", "\(result.tokens)", Numbers.fixed(median, 4),
      Numbers.fixed(seconds.first ?? 0, 4), Numbers.fixed(seconds.last ?? 0, 4),
      Numbers.fixed(Double(result.bytes) / median / 1e6, 1),
    ])
    Terminal.output.line(table.text())
  }

  /// Throws: `DataError` for a tokenizer that cannot be read, and for no texts.
  static func measure(_ path: String, _ texts: [String], rounds: Int) throws -> Result {
    guard !texts.isEmpty else {
      throw DataError(file: path, problem: "got no texts", advice: "Name a file with a text a line")
    }
    var seconds: [Double] = []
    var tokens = 0
    for _ in 0..<rounds {
      let tokenizer = try Tokenizer.read(path: path)
      let start = ThreadClock.seconds
      tokens = tokenizer.encode(texts).reduce(0) { $0 + $1.count }
      seconds.append(ThreadClock.seconds - start)
    }
    return Result(
      texts: texts.count, bytes: texts.reduce(0) { $0 + $1.utf8.count }, tokens: tokens,
      seconds: seconds)
  }
}

/// Processor time of the calling thread: what others do on the machine counts less than by the clock
/// on the wall.
enum ThreadClock {
  static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
