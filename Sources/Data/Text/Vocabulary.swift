/// The symbols of a tokenizer by number, and their numbers by symbol.
package struct Vocabulary: Sendable {
  /// By number; empty where no symbol has it.
  package let symbols: [String]
  private let numbers: ByteTable

  package var count: Int { symbols.count }

  /// More than any published vocabulary has.
  package static let countMax = 4 << 20

  /// The first of equal symbols keeps its number.
  package init(_ symbols: [String]) {
    self.symbols = symbols
    // Strings compare by canonical equivalence; symbols must not.
    var seen: Set<[UInt8]> = []
    var entries: [(key: [UInt8], value: Int32)] = []
    for (number, symbol) in symbols.enumerated() where !symbol.isEmpty {
      let bytes = Array(symbol.utf8)
      if seen.insert(bytes).inserted { entries.append((bytes, Int32(number))) }
    }
    numbers = ByteTable(entries)
  }

  /// The number of a symbol, compared byte by byte.
  package subscript(symbol: String) -> Int32? { numbers[Array(symbol.utf8)] }

  subscript(bytes: UnsafeBufferPointer<UInt8>) -> Int32? { numbers[bytes] }
}
