import Data
import Layers

/// An encoder's tokenizer, and what it was given on top of its vocabulary.
package struct PostTokenizer: Sendable {
  /// Without the added tokens: the weights' own.
  package let base: Tokenizer
  package let tokenizer: Tokenizer
  /// The rows that the added tokens have in the table of words.
  package let added: [Initializer.AddedRow]
  /// Of the tokens that were to be added, those that the vocabulary had already.
  package let known: [String]

  /// `tokens`: To be added, in order.
  package init(
    _ base: Tokenizer, adding tokens: [String] = [], start: FakeNewsExpansionStart = .normal
  ) {
    self.base = base
    tokenizer = base.adding(tokens)
    let new = tokens.filter { base.number(of: $0) == nil }
    known = tokens.filter { base.number(of: $0) != nil }
    added = new.map { token in
      Initializer.AddedRow(token, pieces: start == .pieces ? base.encode(token) : [])
    }
  }
}
