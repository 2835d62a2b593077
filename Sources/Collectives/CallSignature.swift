/// Which collective a replica called and with which shape: what must agree on all replicas.
package struct CallSignature: Equatable, Sendable {
  enum Kind: UInt8 {
    case gather = 1
    case gatherIntegers, merge, sum, sumScatter, mergeLogSumExp, startSum, endOfStep
  }

  var kind: Kind
  var merge: Merge = .sum
  /// All axes, or those after the first where row counts may differ.
  var shape: [Int]
  /// Rows of each replica, for `sumScatter`.
  var counts: [Int] = []

  /// "replica 3: sum [128] (call 5)"
  func described(replica: Int, number: Int) -> String {
    let sizes = shape.map(String.init).joined(separator: ", ")
    let text =
      switch kind {
      case .gather: "gather [\(([".."] + shape.map(String.init)).joined(separator: ", "))]"
      case .gatherIntegers:
        "gather of integers [\(([".."] + shape.map(String.init)).joined(separator: ", "))]"
      case .merge: "merge by \(merge) of [\(sizes)] numbers"
      case .sum: "sum [\(sizes)]"
      case .sumScatter: "scatter-sum [\(sizes)] with rows \(counts)"
      case .mergeLogSumExp: "log-sum-exp merge [\(sizes)]"
      case .startSum: "background sum [\(sizes)]"
      case .endOfStep: "end of step after [\(sizes)] background sums"
      }
    return "replica \(replica): \(text) (call \(number))"
  }
}

/// The head of a frame between workers.
package enum ExchangeHead: Equatable, Sendable {
  /// A collective: signature, rows of each replica the sender hosts, float64 partial results.
  case call(CallSignature, rows: [Int], values: [Double])
  /// The sender's step has failed.
  case abort(ExchangeError)
}

/// What is wrong with a peer's frame.
package struct MalformedHead: Error {
  let reason: String
}

extension ExchangeHead {
  private static let abortTag: UInt8 = 255

  package func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    func put(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    func put(_ values: [Int]) {
      put(UInt64(values.count))
      for value in values { put(UInt64(bitPattern: Int64(value))) }
    }
    func put(_ text: String) {
      let utf8 = Array(text.utf8.prefix(4096))
      put(UInt64(utf8.count))
      bytes += utf8
    }
    switch self {
    case .call(let signature, let rows, let values):
      bytes += [signature.kind.rawValue, signature.merge.rawValue]
      put(signature.shape)
      put(signature.counts)
      put(rows)
      put(UInt64(values.count))
      for value in values { put(value.bitPattern) }
    case .abort(.aborted(let replica, let reason)):
      bytes += [Self.abortTag, 0]
      put([replica])
      put(reason)
    case .abort(.mismatch(let first, let second)):
      bytes += [Self.abortTag, 1]
      put(first)
      put(second)
    case .abort(.generationEnded):
      bytes += [Self.abortTag, 2]
    case .abort(.stateDiffers(let replica)):
      bytes += [Self.abortTag, 3]
      put([replica])
    }
    return bytes
  }

  /// Reads a peer's head; every length is checked against the bytes that are there.
  package init(_ bytes: [UInt8]) throws(MalformedHead) {
    var reader = HeadReader(bytes: bytes)
    let (tag, detail) = (try reader.byte(), try reader.byte())
    if tag == Self.abortTag {
      switch detail {
      case 0:
        guard let replica = try reader.integers().first else {
          throw MalformedHead(reason: "an abort names no replica")
        }
        self = .abort(.aborted(replica: replica, reason: try reader.text()))
      case 1: self = .abort(.mismatch(first: try reader.text(), second: try reader.text()))
      case 2: self = .abort(.generationEnded)
      case 3:
        guard let replica = try reader.integers().first else {
          throw MalformedHead(reason: "an abort names no replica")
        }
        // Whose state differs is between those two; to a third it is a step that failed.
        self = .abort(
          .aborted(replica: replica, reason: "\(ExchangeError.stateDiffers(replica: replica))"))
      default: throw MalformedHead(reason: "abort of unknown kind \(detail)")
      }
      return
    }
    guard let kind = CallSignature.Kind(rawValue: tag), let merge = Merge(rawValue: detail) else {
      throw MalformedHead(reason: "collective of unknown kind \(tag), \(detail)")
    }
    let signature = CallSignature(
      kind: kind, merge: merge, shape: try reader.integers(), counts: try reader.integers())
    let rows = try reader.integers()
    let values = try reader.words().map { Double(bitPattern: $0) }
    self = .call(signature, rows: rows, values: values)
  }
}

private struct HeadReader {
  let bytes: [UInt8]
  var position = 0

  mutating func byte() throws(MalformedHead) -> UInt8 { try take(1)[0] }

  private mutating func take(_ count: Int) throws(MalformedHead) -> [UInt8] {
    guard count >= 0, count <= bytes.count - position else {
      throw MalformedHead(reason: "head of \(bytes.count) bytes ends at \(position) + \(count)")
    }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  private mutating func word() throws(MalformedHead) -> UInt64 {
    guard bytes.count - position >= 8 else {
      throw MalformedHead(reason: "head of \(bytes.count) bytes ends at \(position) + 8")
    }
    var value: UInt64 = 0
    for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += 8
    return value
  }

  mutating func words() throws(MalformedHead) -> [UInt64] {
    let count = try word()
    guard count <= UInt64((bytes.count - position) / 8) else {
      throw MalformedHead(reason: "head of \(bytes.count) bytes announces \(count) numbers")
    }
    var result: [UInt64] = []
    result.reserveCapacity(Int(count))
    for _ in 0..<count { result.append(try word()) }
    return result
  }

  mutating func integers() throws(MalformedHead) -> [Int] {
    let values = try words().map { Int(truncatingIfNeeded: $0) }
    guard values.allSatisfy({ (0...Int(Int32.max) * 16).contains($0) }) else {
      throw MalformedHead(reason: "sizes out of range: \(values)")
    }
    return values
  }

  mutating func text() throws(MalformedHead) -> String {
    let count = try word()
    guard count <= 4096 else { throw MalformedHead(reason: "text of \(count) bytes") }
    return String(decoding: try take(Int(count)), as: UTF8.self)
  }
}
