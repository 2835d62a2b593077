/// Why a safetensors file could not be understood. Each case names the file.
public enum SafetensorsError: Error, Equatable, CustomStringConvertible {
  /// The file is damaged, cut short or not a safetensors file; get it again.
  case malformed(file: String, what: String)
  /// One tensor's description is impossible; the file was written by a faulty program.
  case malformedTensor(file: String, tensor: String, what: String)
  /// The tensor has a type of elements that we do not convert.
  case unsupportedType(file: String, tensor: String, type: String)
  /// There is no tensor of this name.
  case noTensor(file: String, tensor: String)
  /// A table of words that has neither a row for each symbol of the vocabulary nor one for each
  /// that it had before some were added.
  case otherVocabulary(file: String, tensor: String, rows: Int, symbols: Int, added: Int)

  public var description: String {
    switch self {
    case .malformed(let file, let what):
      "\(file) is not a whole safetensors file: \(what); fetch or write it again"
    case .malformedTensor(let file, let tensor, let what):
      "\(file): tensor \(tensor): \(what); write the file again"
    case .unsupportedType(let file, let tensor, let type):
      "\(file): tensor \(tensor) has elements of type \(type); convert it to F32 first"
    case .noTensor(let file, let tensor):
      "\(file) has no tensor \(tensor)"
    case .otherVocabulary(let file, let tensor, let rows, let symbols, let added):
      "\(file): tensor \(tensor) has \(rows) rows, but the vocabulary has \(symbols) symbols"
        + (added > 0 ? " and \(added) added ones" : "")
        + "; give the tokenizer that belongs to these weights"
    }
  }
}
