import Data
import Tensors

/// Posts as one encoder reads them.
package struct PostTokens: Sendable {
  package let numbers: IntTensor  // [B, L]
  /// 0 for padding.
  package let isReal: ByteTensor  // [B, L]

  /// As long as the longest post, at most `length`.
  package init(_ posts: [String], _ tokenizer: Tokenizer, length: Int) {
    let rows = tokenizer.rows(of: posts, length: length)
    let lengths = (0..<rows.count).map { row in
      rows.mask[row * length..<(row + 1) * length].reduce(0) { $0 + Int($1) }
    }
    let used = lengths.max() ?? 1
    let kept = (0..<rows.count).map { $0 * length..<$0 * length + used }
    numbers = IntTensor(kept.flatMap { rows.numbers[$0] }, shape: [rows.count, used])
    isReal = ByteTensor(
      kept.flatMap { rows.mask[$0].map { UInt8($0) } }, shape: [rows.count, used])
  }

  /// Of all posts, without padding.
  var count: Int { isReal.elements.reduce(0) { $0 + Int($1) } }
}
