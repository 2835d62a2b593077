import ArgumentParser
import Cluster
import Data
import Foundation
import Training
import Transport

struct BenchData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Measure how fast served data arrives, beside ZeroMQ alone.",
    discussion: """
      A process serves, this one reads, both on this machine over loopback with the same CURVE keys. \
      Before and after each measurement ZeroMQ alone moves as much in pieces of the same size, \
      which it is compared with, so that a machine that slows down slows both. CPU time is that of both processes, writing the \
      cache included, which the rate does not wait for. What a network or a slow disk adds is not \
      in it.
      """)

  @Option(help: "MiB that each way moves in a round.") var size = 256
  @Option(help: "Measurements of each way.") var rounds = 7
  @Option(help: "Most MiB that the cache may hold, all by default.") var cache: Int?
  @Option(help: "Only the ways with this in their names, like filling.") var only: String?
  @Flag(help: "Print JSON.") var json = false
  @Option(help: .hidden) var serve: String?

  func validate() throws {
    guard (8...16_384).contains(size) else { throw ValidationError("--size must be 8 to 16384.") }
    guard (1...1 << 20).contains(cache ?? 1) else {
      throw ValidationError("--cache must be 1 to 1048576.")
    }
    guard !ways.isEmpty else {
      throw ValidationError(
        "--only must be part of one of: "
          + DataBench.Way.allCases.map(\.rawValue).joined(separator: "; ") + ".")
    }
    guard (2...100).contains(rounds) else { throw ValidationError("--rounds must be 2 to 100.") }
  }

  func run() throws {
    if let serve { return try DataBenchServer.run(in: serve) }
    let results = try DataBench(
      megabytes: size, rounds: rounds, cacheMegabytes: cache ?? 1 << 20, ways: ways
    ).run()
    Terminal.output.line(json ? try jsonText(results.map(Row.init)) : table(results))
  }

  private var ways: [DataBench.Way] {
    DataBench.Way.allCases.filter { way in only.map { way.rawValue.contains($0) } ?? true }
  }

  private struct Row: Encodable {
    let way: String
    let medianBytesPerSecond: Double
    let leastBytesPerSecond: Double
    let mostBytesPerSecond: Double
    let ratioToZeroMQ: Double
    let ratioLow: Double
    let ratioHigh: Double
    let cpuSecondsPerByte: Double
    let cachedShare: Double

    init(_ result: DataBench.Result) {
      way = result.way.rawValue
      medianBytesPerSecond = result.median
      (leastBytesPerSecond, mostBytesPerSecond) = (
        result.rates.first ?? .nan, result.rates.last ?? .nan
      )
      (cpuSecondsPerByte, cachedShare) = (result.cpuSecondsPerByte, result.cachedShare)
      (ratioToZeroMQ, ratioLow, ratioHigh) = (
        result.ratio.ratio, result.ratio.low, result.ratio.high
      )
    }
  }

  private func table(_ results: [DataBench.Result]) -> String {
    var table = TextTable([
      ("way", .left), ("MB/s", .right), ("spread", .left), ("× ZeroMQ", .right),
      ("95 % interval", .left), ("CPU s/GB", .right), ("from the cache", .right),
    ])
    for result in results {
      func megabytes(_ rate: Double?) -> String { Numbers.fixed((rate ?? .nan) / 1e6, 0) }
      table.add([
        result.way.rawValue, megabytes(result.median),
        "\(megabytes(result.rates.first)) to \(megabytes(result.rates.last))",
        Numbers.fixed(result.ratio.ratio, 2),
        "\(Numbers.fixed(result.ratio.low, 2)) to \(Numbers.fixed(result.ratio.high, 2))",
        Numbers.fixed(result.cpuSecondsPerByte * 1e9, 2),
        "\(Numbers.fixed(result.cachedShare * 100, 0)) %",
      ])
    }
    return table.text()
  }
}
