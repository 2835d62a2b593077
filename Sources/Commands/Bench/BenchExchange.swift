import ArgumentParser
import Foundation

struct BenchExchange: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exchange",
    abstract: "Measure how fast workers exchange bytes, by each way they can travel.",
    discussion: """
      Members stand on this machine and talk through real sockets, TCP over loopback. All ways take
      turns, so that a machine that slows down slows all of them. What a network adds is not in it.
      """)

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Bytes of a payload.", valueName: "count"))
  var bytes = [1 << 10, 1 << 16, 1 << 20, 4 << 20]
  @Option(help: "Members of the exchange.") var peers = 2
  @Option(help: "Measurements of each kind.") var rounds = 7
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard !bytes.isEmpty, bytes.allSatisfy({ (4...1 << 30).contains($0) && $0 % 4 == 0 }) else {
      throw ValidationError("--bytes must be multiples of 4 from 4 to 1073741824.")
    }
    guard (2...32).contains(peers) else { throw ValidationError("--peers must be 2 to 32.") }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 1000.") }
  }

  func run() throws {
    let results = try ExchangeBench(peers: peers, bytes: bytes, rounds: rounds).run()
    Terminal.output.line(json ? try jsonText(results.map(Row.init)) : table(results))
  }

  /// A result as a program reads it.
  private struct Row: Encodable {
    let kind: String
    let way: String
    let bytes: Int
    let medianSeconds: Double
    let fastestSeconds: Double
    let slowestSeconds: Double
    let bytesPerSecond: Double

    init(_ result: ExchangeBench.Result) {
      (kind, way, bytes) = (result.kind.rawValue, result.way.rawValue, result.bytes)
      (medianSeconds, bytesPerSecond) = (result.median, Double(result.bytes) / result.median)
      (fastestSeconds, slowestSeconds) = (result.seconds.first ?? 0, result.seconds.last ?? 0)
    }
  }

  private func table(_ results: [ExchangeBench.Result]) -> String {
    var table = TextTable([
      ("what", .left), ("bytes", .right), ("way", .left), ("median µs", .right),
      ("fastest", .right), ("slowest", .right), ("GB/s", .right), ("× plain", .right),
    ])
    for result in results {
      let plain = results.first {
        $0.way == .plain && $0.kind == result.kind && $0.bytes == result.bytes
      }
      func micro(_ seconds: Double?) -> String { Numbers.fixed((seconds ?? 0) * 1e6, 0) }
      table.add([
        result.kind.rawValue, Numbers.bytes(UInt64(result.bytes)), result.way.rawValue,
        micro(result.median), micro(result.seconds.first), micro(result.seconds.last),
        Numbers.fixed(Double(result.bytes) / result.median / 1e9, 2),
        plain.map { Numbers.fixed(result.median / $0.median, 2) } ?? "-",
      ])
    }
    return table.text()
  }
}
