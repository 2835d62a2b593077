import FoundationEssentials

/// Reads Hugging Face's `tokenizer.json`, as far as BERT's, RoBERTa's and CLIP's relatives need it.
/// What is not understood is refused by name: a tokenizer that is nearly right trains nothing right.
enum TokenizerJSON {
  static func tokenizer(_ bytes: [UInt8], file: String) throws -> Tokenizer {
    let root: Root
    do {
      root = try JSONDecoder().decode(Root.self, from: FoundationEssentials.Data(bytes))
    } catch {
      throw DataError(
        file: file, problem: "is no tokenizer.json that this program reads: \(error)",
        advice: "Save it with a current version of the tokenizers library")
    }
    return try Reader(file: file).tokenizer(root)
  }

  struct Root: Decodable {
    let added_tokens: [Added]?
    let normalizer: Step?
    let pre_tokenizer: Step?
    let post_processor: Step?
    let model: Model
  }

  struct Added: Decodable {
    let id: Int32
    let content: String
    let single_word: Bool?
    let lstrip: Bool?
    let rstrip: Bool?
    let normalized: Bool?
    let special: Bool?
  }

  struct Model: Decodable {
    let type: String?
    let vocab: [String: Int]
    let unk_token: String?
    let continuing_subword_prefix: String?
    let max_input_chars_per_word: Int?
    let end_of_word_suffix: String?
    let merges: [Merge]?
    let ignore_merges: Bool?
    let byte_fallback: Bool?
    let dropout: Double?
  }

  /// "a b", or ["a", "b"].
  enum Merge: Decodable {
    case line(String)
    case pair([String])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let line = try? container.decode(String.self) {
        self = .line(line)
      } else {
        self = .pair(try container.decode([String].self))
      }
    }
  }

  /// A normaliser, pre-tokeniser or post-processor: all their settings side by side.
  struct Step: Decodable {
    let type: String
    // Sequence, whose steps have one of two names, or TemplateProcessing's.
    let normalizers: [Step]?
    let pretokenizers: [Step]?
    let processors: [Step]?
    // BertNormalizer
    let clean_text: Bool?
    let handle_chinese_chars: Bool?
    let strip_accents: Bool?
    let lowercase: Bool?
    // Replace, Split
    let pattern: Pattern?
    let content: String?
    let behavior: String?
    let invert: Bool?
    // ByteLevel, RobertaProcessing
    let add_prefix_space: Bool?
    let use_regex: Bool?
    // BertProcessing, RobertaProcessing
    let sep: Special?
    let cls: Special?
    // TemplateProcessing
    let single: [Piece]?
    let pair: [Piece]?
    let special_tokens: [String: SpecialToken]?
  }

  struct Pattern: Decodable {
    let String: String?
    let Regex: String?
  }

  /// ["[SEP]", 102]
  struct Special: Decodable {
    let number: Int32

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      _ = try container.decode(String.self)
      number = try container.decode(Int32.self)
    }
  }

  struct SpecialToken: Decodable {
    let ids: [Int32]
  }

  struct Piece: Decodable {
    struct Part: Decodable {
      let id: String
      let type_id: Int32
    }
    let SpecialToken: Part?
    let Sequence: Part?
  }

  struct Reader {
    let file: String

    private func refuse(_ part: String, _ what: String) -> DataError {
      DataError(
        file: file, problem: "\(part) is \(what), which this program does not have",
        advice: "Give a tokenizer of the BERT, RoBERTa, GPT-2 or CLIP family")
    }

    func tokenizer(_ root: Root) throws -> Tokenizer {
      let added = (root.added_tokens ?? []).map { added in
        var token = AddedTokens.Token(added.content, added.id)
        token.takesSpaceBefore = added.lstrip ?? false
        token.takesSpaceAfter = added.rstrip ?? false
        token.isWholeWord = added.single_word ?? false
        token.isNormalized = added.normalized ?? false
        token.isSpecial = added.special ?? false
        return token
      }
      guard added.allSatisfy({ $0.number >= 0 && Int($0.number) < Vocabulary.countMax }) else {
        throw DataError(
          file: file, problem: "an added token's number is out of range",
          advice: "Give a tokenizer's own file")
      }
      let vocabulary = try Vocabulary(
        numbers: root.model.vocab.map { ($0.key, $0.value) }, file: file)
      let known = Set(added.map(\.number))
      if let hole = vocabulary.symbols.indices.first(where: {
        vocabulary.symbols[$0].isEmpty && !known.contains(Int32($0))
      }) {
        throw DataError(
          file: file, problem: "its vocabulary has no symbol number \(hole)",
          advice: "Use the model's vocab.txt, which keeps symbols that differ in composition only")
      }
      var frame = try frame(root.post_processor)
      let padding = ["[PAD]", "<pad>"].lazy.compactMap { symbol in
        added.first { $0.content == symbol }?.number ?? vocabulary[symbol]
      }.first
      frame.padding = padding ?? 0
      switch root.model.type ?? (root.model.merges == nil ? "WordPiece" : "BPE") {
      case "WordPiece":
        return Tokenizer(
          .wordPiece(
            try bertWords(root),
            try WordPiece(
              vocabulary, unknown: root.model.unk_token ?? "[UNK]",
              continuation: root.model.continuing_subword_prefix ?? "##",
              wordCharactersMax: root.model.max_input_chars_per_word ?? 100, file: file)),
          frame: frame, added: added)
      case "BPE":
        let (text, words) = try byteText(root)
        return Tokenizer(
          .bytePairs(text, words, try bytePairs(root.model, vocabulary)), frame: frame,
          added: added)
      case let other: throw refuse("model.type", other)
      }
    }

    private func bytePairs(_ model: Model, _ vocabulary: Vocabulary) throws -> BytePairs {
      if let prefix = model.continuing_subword_prefix, !prefix.isEmpty {
        throw refuse("model.continuing_subword_prefix", "'\(prefix)'")
      }
      if model.byte_fallback == true { throw refuse("model.byte_fallback", "on") }
      if let dropout = model.dropout, dropout > 0 { throw refuse("model.dropout", "\(dropout)") }
      let merges = try (model.merges ?? []).enumerated().map { index, merge in
        let parts =
          switch merge {
          case .pair(let parts): parts
          case .line(let line):
            line.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
              .map { String($0) }
          }
        guard parts.count == 2 else {
          throw DataError(
            file: file, problem: "merge \(index + 1) is no pair of symbols",
            advice: "Save the tokenizer again")
        }
        return (first: parts[0], second: parts[1])
      }
      return try BytePairs(
        vocabulary, merges: merges, wordEnd: model.end_of_word_suffix ?? "",
        unknown: model.unk_token, takesWholeWords: model.ignore_merges ?? false, file: file)
    }

    private func bertWords(_ root: Root) throws -> BertWords {
      guard let normalizer = root.normalizer, normalizer.type == "BertNormalizer" else {
        throw refuse("normalizer", root.normalizer?.type ?? "absent")
      }
      guard root.pre_tokenizer?.type == "BertPreTokenizer" else {
        throw refuse("pre_tokenizer", root.pre_tokenizer?.type ?? "absent")
      }
      var words = BertWords(lowercases: normalizer.lowercase ?? true)
      words.cleansText = normalizer.clean_text ?? true
      words.partsIdeographs = normalizer.handle_chinese_chars ?? true
      words.stripsAccents = normalizer.strip_accents
      return words
    }

    private static let clipPattern =
      #"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

    private func byteText(_ root: Root) throws -> (Tokenizer.ByteText, ByteWords) {
      var text = Tokenizer.ByteText()
      for step in flattened(root.normalizer) {
        switch step.type {
        case "NFC": text.composes = true
        case "Lowercase": text.lowercases = true
        case "Replace" where step.pattern?.Regex == #"\s+"# && step.content == " ":
          text.joinsWhitespace = true
        default: throw refuse("normalizer", step.type)
        }
      }
      var words: ByteWords?
      var hasBytes = false
      for step in flattened(root.pre_tokenizer) {
        switch step.type {
        case "ByteLevel":
          hasBytes = true
          text.prefixesSpace = step.add_prefix_space ?? true
          if step.use_regex ?? true { words = words ?? .spaced }
        case "Split"
        where step.pattern?.Regex == Self.clipPattern && step.invert == true
          && step.behavior == "Removed":
          words = .separate
        default:
          throw refuse("pre_tokenizer", step.pattern?.Regex.map { "Split by \($0)" } ?? step.type)
        }
      }
      guard let words, hasBytes else { throw refuse("pre_tokenizer", "not of bytes") }
      return (text, words)
    }

    private func flattened(_ step: Step?) -> [Step] {
      guard let step else { return [] }
      guard step.type == "Sequence" else { return [step] }
      return (step.normalizers ?? step.pretokenizers ?? []).flatMap { flattened($0) }
    }

    private func frame(_ step: Step?) throws -> TokenFrame {
      var frame = TokenFrame()
      switch step?.type {
      case nil, "ByteLevel": break
      case "BertProcessing", "RobertaProcessing":
        guard let step, let start = step.cls?.number, let end = step.sep?.number else {
          throw refuse("post_processor", "without 'sep' or 'cls'")
        }
        frame.start = [start]
        frame.end = [end]
        frame.between = step.type == "BertProcessing" ? [end] : [end, end]
        frame.secondType = step.type == "BertProcessing" ? 1 : 0
      case "TemplateProcessing":
        guard let step else { break }
        let single = try sides(step.single ?? [], step, of: 1)
        let pair = try sides(step.pair ?? [], step, of: 2)
        frame.start = single[0]
        frame.end = single[1]
        frame.between = pair.count == 3 ? pair[1] : single[1]
        frame.secondType = step.pair?.last?.SpecialToken?.type_id ?? 0
      case let other?: throw refuse("post_processor", other)
      }
      return frame
    }

    /// The numbers before, between and after the texts of a template.
    private func sides(_ pieces: [Piece], _ step: Step, of texts: Int) throws -> [[Int32]] {
      var sides: [[Int32]] = [[]]
      for piece in pieces {
        if piece.Sequence != nil {
          sides.append([])
        } else if let token = piece.SpecialToken, let ids = step.special_tokens?[token.id]?.ids {
          sides[sides.count - 1] += ids
        } else {
          throw refuse("post_processor", "a template with an unknown piece")
        }
      }
      guard sides.count == texts + 1 || pieces.isEmpty && texts == 2 else {
        throw refuse("post_processor", "a template of \(sides.count - 1) texts")
      }
      return sides
    }
  }
}
