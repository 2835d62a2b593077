/// What a Python pickle holds, as far as it is data: numbers, texts, bytes, lists, tuples, dictionaries
/// and NumPy arrays of numbers.
///
/// Nothing is executed. Of all functions a pickle may want called, the few that stand for an array
/// and its type are known by name and stand for them here; any other ends the reading. Objects name
/// each other by their places in one table, so that no nesting of foreign bytes becomes a recursion.
struct PickleFile {
  enum Value: Sendable {
    case none
    case integer(Int)
    case number(Double)
    /// A text, or bytes; Python 2 made no difference.
    case bytes(ArraySlice<UInt8>)
    case object(Int)
    case function(Function)
  }

  enum Object: Sendable {
    /// A list, a tuple or a set.
    case list([Value])
    /// Keys and values in turn.
    case dictionary([Value])
    case type(ElementType, isBigEndian: Bool)
    /// nil before its content is told.
    case array(StoredArray?)
  }

  /// What a pickle may name.
  enum Function: Sendable { case reconstruct, array, type, encode, fromBuffer }

  let root: Value
  let objects: [Object]

  /// Throws: `DataError` for what is damaged, or wants something called.
  init(_ bytes: [UInt8], file: String) throws {
    var machine = PickleMachine(bytes, file: file)
    root = try machine.run()
    objects = machine.objects
  }

  /// The value of a text key of a dictionary; nil for anything else.
  subscript(key: String, in value: Value) -> Value? {
    guard case .object(let place) = value, case .dictionary(let items) = objects[place] else {
      return nil
    }
    let index = stride(from: 0, to: items.count - 1, by: 2).first { items[$0].text == key }
    return index.map { items[$0 + 1] }
  }

  func array(_ value: Value) -> StoredArray? {
    guard case .object(let place) = value, case .array(let array) = objects[place] else {
      return nil
    }
    return array
  }

  func list(_ value: Value) -> [Value]? {
    guard case .object(let place) = value, case .list(let items) = objects[place] else {
      return nil
    }
    return items
  }
}

extension PickleFile.Value {
  var text: String? {
    guard case .bytes(let bytes) = self else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  var integer: Int? {
    guard case .integer(let value) = self else { return nil }
    return value
  }
}

extension PickleFile.Function {
  /// nil for what is not data.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
      self = .reconstruct
    case ("numpy", "ndarray"): self = .array
    case ("numpy", "dtype"): self = .type
    case ("_codecs", "encode"): self = .encode
    case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"):
      self = .fromBuffer
    default: return nil
    }
  }
}
