import FoundationEssentials

extension Tokenizer {
  /// Reads a tokenizer as the ecosystem keeps it: `tokenizer.json`, `vocab.txt`, `vocab.json` with
  /// `merges.txt` beside it, `bpe_simple_vocab_16e6.txt.gz`, or a folder that holds one of these.
  ///
  /// Throws: `DataError` naming the file and what of it is not understood.
  package static func read(path: String) throws -> Tokenizer {
    guard Files.isFolder(path) else { return try read(file: path) }
    let names = ["tokenizer.json", "vocab.txt", "vocab.json", "bpe_simple_vocab_16e6.txt.gz"]
    guard let name = names.first(where: { Files.isFile("\(path)/\($0)") }) else {
      throw DataError(
        file: path, problem: "holds no tokenizer: none of \(names.joined(separator: ", "))",
        advice: "Name the folder of a model, or the file itself")
    }
    return try read(file: "\(path)/\(name)")
  }

  private static func read(file path: String) throws -> Tokenizer {
    let bytes = try Files.bytes(of: path)
    if Gzip.isGzip(bytes) {
      return try clip(merges: Gzip.unpacked(bytes, file: path), file: path)
    }
    switch path.split(separator: "/").last.map(String.init) ?? path {
    case let name where name.hasSuffix(".json") && !name.hasSuffix("vocab.json"):
      return try TokenizerJSON.tokenizer(bytes, file: path)
    case let name where name.hasSuffix("vocab.json"):
      return try roberta(vocabulary: bytes, file: path)
    case let name where name.hasPrefix("bpe_simple_vocab"):
      return try clip(merges: bytes, file: path)
    default: return try bert(vocabulary: lines(bytes, path), file: path)
    }
  }

  /// BERT's tokenizer from the lines of `vocab.txt`.
  ///
  /// Throws: `DataError` if a symbol that BERT needs is missing.
  package static func bert(
    vocabulary lines: [String], lowercases: Bool? = nil, file: String = "vocab.txt"
  ) throws -> Tokenizer {
    let vocabulary = Vocabulary(lines)
    func number(_ symbol: String) throws -> Int32 {
      guard let number = vocabulary[symbol] else {
        throw DataError(
          file: file, problem: "has no symbol \(symbol)", advice: "Give BERT's own vocab.txt")
      }
      return number
    }
    // A cased vocabulary has capital letters.
    let isCased = lines.contains { line in
      !line.hasPrefix("[") && line.utf8.contains { $0 >= 65 && $0 <= 90 }
    }
    var frame = TokenFrame()
    frame.start = [try number("[CLS]")]
    frame.between = [try number("[SEP]")]
    frame.end = frame.between
    frame.padding = try number("[PAD]")
    frame.secondType = 1
    return Tokenizer(
      .wordPiece(
        BertWords(lowercases: lowercases ?? !isCased), try WordPiece(vocabulary, file: file)),
      frame: frame,
      added: try ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"].compactMap { symbol in
        if symbol == "[MASK]", vocabulary[symbol] == nil { return nil }
        return AddedTokens.Token(symbol, try number(symbol))
      })
  }

  /// RoBERTa's (and GPT-2's) tokenizer from `vocab.json`; `merges.txt` lies beside it.
  private static func roberta(vocabulary bytes: [UInt8], file: String) throws -> Tokenizer {
    let numbers: [String: Int]
    do {
      numbers = try JSONDecoder().decode([String: Int].self, from: FoundationEssentials.Data(bytes))
    } catch {
      throw DataError(
        file: file, problem: "is no JSON object of symbols and numbers: \(error)",
        advice: "Give the vocab.json of a byte-level tokenizer")
    }
    let merges = file.dropLast("vocab.json".count) + "merges.txt"
    let text = try Files.bytes(of: String(merges))
    let vocabulary = try Vocabulary(numbers: numbers.map { ($0.key, $0.value) }, file: file)
    let pairs = try BytePairs(
      vocabulary, merges: mergePairs(lines(text, String(merges)), String(merges)),
      file: String(merges))
    return Tokenizer(
      .bytePairs(ByteText(), .spaced, pairs), frame: robertaFrame(vocabulary),
      added: ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"].compactMap { symbol in
        vocabulary[symbol].map { number in
          var token = AddedTokens.Token(symbol, number)
          token.takesSpaceBefore = symbol == "<mask>"
          return token
        }
      })
  }

  private static func robertaFrame(_ vocabulary: Vocabulary) -> TokenFrame {
    var frame = TokenFrame()
    guard let start = vocabulary["<s>"], let end = vocabulary["</s>"] else { return frame }
    frame.start = [start]
    frame.between = [end, end]
    frame.end = [end]
    frame.padding = vocabulary["<pad>"] ?? 1
    return frame
  }

  /// CLIP's tokenizer: merges alone, from which its numbers follow.
  static func clip(merges bytes: [UInt8], file: String) throws -> Tokenizer {
    // OpenAI's models use so many of the file's 262,145 lines.
    let mergesMax = 49_152 - 256 - 2
    let pairs = try mergePairs(lines(bytes, file), file)
    return try clip(merges: Array(pairs.prefix(mergesMax)), file: file)
  }

  /// CLIP's tokenizer with merges in order of their importance; a word's last symbol has `</w>`.
  ///
  /// Throws: `DataError` naming `file` and the merge whose parts are unknown.
  package static func clip(
    merges: [(first: String, second: String)], file: String = "merges"
  ) throws -> Tokenizer {
    let letters = ByteAlphabet.bytesInOrder.map { String(ByteAlphabet.characters[Int($0)]) }
    let (start, end) = ("<|startoftext|>", "<|endoftext|>")
    let vocabulary = Vocabulary(
      letters + letters.map { $0 + "</w>" } + merges.map { $0.first + $0.second } + [start, end])
    let pairs = try BytePairs(
      vocabulary, merges: merges, wordEnd: "</w>", unknown: end, file: file)
    var frame = TokenFrame()
    frame.start = [Int32(vocabulary.count - 2)]
    frame.end = [Int32(vocabulary.count - 1)]
    // OpenAI's code fills with zeros; the model looks for the first end.
    frame.padding = 0
    return Tokenizer(
      .bytePairs(
        ByteText(composes: true, joinsWhitespace: true, lowercases: true), .separate, pairs),
      frame: frame,
      added: [
        AddedTokens.Token(start, frame.start[0]), AddedTokens.Token(end, frame.end[0]),
      ])
  }

  /// The lines of a text, which may end in \n or \r\n; the symbols in them may be any other
  /// character.
  private static func lines(_ bytes: [UInt8], _ file: String) throws -> [String] {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(file: file, problem: "is not UTF-8 text", advice: "Re-encode it as UTF-8")
    }
    let parts = text.unicodeScalars.split(
      separator: "\n", maxSplits: Vocabulary.countMax, omittingEmptySubsequences: false)
    guard parts.count <= Vocabulary.countMax else {
      throw DataError(
        file: file, problem: "has more than \(Vocabulary.countMax) lines",
        advice: "Give a tokenizer's own files")
    }
    var lines = parts.map { String($0.last == "\r" ? $0.dropLast() : $0) }
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  private static func mergePairs(
    _ lines: [String], _ file: String
  ) throws -> [(first: String, second: String)] {
    var pairs: [(first: String, second: String)] = []
    for (index, line) in lines.enumerated() {
      // The first line names a version.
      if index == 0, line.hasPrefix("#version") || line.contains("version") { continue }
      if line.isEmpty { continue }
      let parts = line.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw DataError(
          file: file, problem: "line \(index + 1) is no pair of symbols: '\(line.prefix(80))'",
          advice: "Give a merges file: two symbols a line, parted by a space")
      }
      pairs.append((String(parts[0]), String(parts[1])))
    }
    return pairs
  }
}

extension Vocabulary {
  /// Throws: `DataError` naming `file` for a number out of range or given twice.
  init(numbers: [(symbol: String, number: Int)], file: String) throws {
    let highest = numbers.map(\.number).max() ?? -1
    guard highest < Self.countMax, numbers.allSatisfy({ $0.number >= 0 }) else {
      throw DataError(
        file: file, problem: "numbers its symbols up to \(highest), expected 0 to \(Self.countMax)",
        advice: "Give a tokenizer's own vocabulary")
    }
    var symbols = [String](repeating: "", count: highest + 1)
    for (symbol, number) in numbers {
      guard symbols[number].isEmpty else {
        throw DataError(
          file: file,
          problem: "gives number \(number) to both '\(symbols[number])' and '\(symbol)'",
          advice: "Give a tokenizer's own vocabulary")
      }
      symbols[number] = symbol
    }
    self.init(symbols)
  }
}
