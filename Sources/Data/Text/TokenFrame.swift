/// What stands around a text, or around and between two, when a model reads them.
package struct TokenFrame: Sendable, Hashable {
  /// Before the first text: [CLS], `<s>`, `<|startoftext|>`.
  package var start: [Int32] = []
  /// Between two texts: [SEP], or `</s></s>`.
  package var between: [Int32] = []
  /// After the last: [SEP], `</s>`, `<|endoftext|>`.
  package var end: [Int32] = []
  /// Fills rows up to their length.
  package var padding: Int32 = 0
  /// The type of the second text and of what follows it: 1 for BERT, 0 for RoBERTa.
  package var secondType: Int32 = 0

  package init() {}
}

/// Texts as a model reads them: `count` rows of `length` numbers.
package struct TokenizedTexts: Sendable, Hashable {
  package let count: Int
  package let length: Int
  /// [count × length], row by row, as the next two.
  package var numbers: [Int32] = []
  /// 1 where there is text, 0 where there is padding.
  package var mask: [Int32] = []
  package var types: [Int32] = []
}

extension Tokenizer {
  /// Texts framed, cut to `length` and padded to it. Of two texts the longer is cut first.
  ///
  /// `seconds`: Empty, or one for each of `texts`.
  package func rows(
    of texts: [String], and seconds: [String] = [], length: Int
  ) -> TokenizedTexts {
    precondition(
      seconds.isEmpty || seconds.count == texts.count,
      "Tokenizer.rows: \(texts.count) texts and \(seconds.count) second ones")
    var result = TokenizedTexts(count: texts.count, length: length)
    let (firsts, others) = (encode(texts), encode(seconds))
    for index in texts.indices {
      var (first, second) = (firsts[index], seconds.isEmpty ? nil : others[index])
      let framing = frame.start.count + frame.end.count + (second == nil ? 0 : frame.between.count)
      let room = max(0, length - framing)
      if var other = second {
        let kept = Self.lengths(first.count, other.count, within: room)
        first.removeLast(first.count - kept.first)
        other.removeLast(other.count - kept.second)
        second = other
      } else {
        first = Array(first.prefix(room))
      }
      var row = frame.start + first
      var types = [Int32](repeating: 0, count: row.count)
      if let second {
        row += frame.between
        types += [Int32](repeating: 0, count: frame.between.count)
        row += second + frame.end
        types += [Int32](
          repeating: frame.secondType, count: second.count + frame.end.count)
      } else {
        row += frame.end
        types += [Int32](repeating: 0, count: frame.end.count)
      }
      row = Array(row.prefix(length))
      let filling = length - row.count
      result.numbers += row + [Int32](repeating: frame.padding, count: filling)
      result.mask += [Int32](repeating: 1, count: row.count)
      result.mask += [Int32](repeating: 0, count: filling)
      result.types += types.prefix(length) + [Int32](repeating: 0, count: filling)
    }
    return result
  }

  /// How much stays of two texts: the longer is cut to the shorter's length first.
  private static func lengths(
    _ first: Int, _ second: Int, within room: Int
  ) -> (first: Int, second: Int) {
    guard first + second > room else { return (first, second) }
    let shorter = min(first, second)
    let (short, long) =
      shorter > room / 2
      ? (room / 2, room - room / 2) : (shorter, room - shorter)
    return first > second ? (long, short) : (short, long)
  }
}
