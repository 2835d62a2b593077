import CXXHash

/// A piece of a listed file: what is asked for, sent, verified and cached as one.
public struct FileBlock: Hashable, Sendable {
  /// Place in the listing.
  public let file: Int
  /// The block's number within the file.
  public let index: Int

  /// Each block of a file but the last has as many; small files are one block.
  public static let bytesMax = 1 << 20

  public init(file: Int, index: Int) {
    self.file = file
    self.index = index
  }

  /// Of a file of `byteCount` bytes; empty beyond its end.
  public func range(in byteCount: Int) -> Range<Int> {
    let start = min(byteCount, index * Self.bytesMax)
    return start..<min(byteCount, start + Self.bytesMax)
  }

  /// The blocks that hold a range of a file.
  static func all(of file: Int, covering range: Range<Int>) -> [FileBlock] {
    guard !range.isEmpty else { return [] }
    return (range.lowerBound / bytesMax...(range.upperBound - 1) / bytesMax).map {
      FileBlock(file: file, index: $0)
    }
  }
}

/// XXH3, the hash that blocks are verified by.
package func contentHash(_ bytes: [UInt8]) -> UInt64 {
  bytes.withUnsafeBytes { contentHash($0) }
}

package func contentHash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  XXH3_64bits(bytes.baseAddress, bytes.count)
}

/// Brings blocks of a job's data from whoever sees them.
public protocol BlockSupply: Sendable {
  /// Asks for blocks; `deliver` gets each once, some at a time, in any order, on any thread, unless
  /// the supply is stopped before.
  ///
  /// `isUrgent`: Whether somebody waits for them already.
  func request(
    _ blocks: [FileBlock], isUrgent: Bool,
    deliver: @escaping @Sendable ([BlockDelivery]) -> Void)
}

public struct BlockDelivery: Sendable {
  public let block: FileBlock
  public let answer: BlockAnswer

  public init(_ block: FileBlock, _ answer: BlockAnswer) {
    self.block = block
    self.answer = answer
  }
}

public enum BlockAnswer: Sendable {
  /// With the hash that they had where they were read.
  case bytes([UInt8], hash: UInt64)
  /// Nothing that asking again would mend.
  case refused(reason: String, advice: String)
}

/// Data that cannot be read for a reason that lies not in the sample: no policy on bad samples
/// applies, or workers would train on different samples.
public struct DataUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
  public let file: String
  public let reason: String
  public let advice: String

  public init(file: String, reason: String, advice: String = "") {
    self.file = file
    self.reason = reason
    self.advice = advice
  }

  public var description: String {
    "\(file): \(reason)" + (advice.isEmpty ? "" : "; \(advice)")
  }
}
