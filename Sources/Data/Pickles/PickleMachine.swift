/// Follows a pickle's operations with a stack, a table of objects and a memory of places.
struct PickleMachine {
  private(set) var objects: [PickleFile.Object] = []
  private var reader: ByteReader
  private var stack: [PickleFile.Value] = []
  /// Heights of the stack.
  private var marks: [Int] = []
  private var memory: [Int: PickleFile.Value] = [:]

  /// Some 300 MB of values.
  private static let operationsMax = 4 << 20

  init(_ bytes: [UInt8], file: String) { reader = ByteReader(bytes, file: file) }

  /// Throws: `DataError` for an operation that is unknown, without sense, or calls something.
  mutating func run() throws -> PickleFile.Value {
    for _ in 0..<Self.operationsMax {
      let code = try reader.integer(UInt8.self)
      if code == UInt8(ascii: ".") { return try pop() }
      if try !pushes(code) { try arranges(code) }
    }
    throw reader.problem("is a pickle of more than \(Self.operationsMax) operations")
  }

  /// Operations that bring a value of their own.
  private mutating func pushes(_ code: UInt8) throws -> Bool {
    switch Character(Unicode.Scalar(code)) {
    case "N": stack.append(.none)
    case "\u{88}": stack.append(.integer(1))
    case "\u{89}": stack.append(.integer(0))
    case "K": stack.append(.integer(Int(try reader.integer(UInt8.self))))
    case "M": stack.append(.integer(Int(try reader.integer(UInt16.self))))
    case "J": stack.append(.integer(Int(try reader.integer(Int32.self))))
    case "\u{8A}": stack.append(.integer(try long()))
    case "I", "L":
      let text = try line()
      let digits = text.hasSuffix("L") ? String(text.dropLast()) : text
      guard let value = Int(digits) else {
        throw reader.problem("has the number \(text.prefix(40))")
      }
      stack.append(.integer(value))
    case "G":
      let bits = try reader.integer(UInt64.self)
      stack.append(.number(Double(bitPattern: bits.byteSwapped)))
    case "F": stack.append(.number(Double(try line()) ?? .nan))
    case "U", "C", "\u{8C}": try take(Int(try reader.integer(UInt8.self)))
    case "T", "B", "X": try take(Int(try reader.integer(UInt32.self)))
    case "\u{8D}", "\u{8E}", "\u{96}": try take(try reader.size())
    case "S":
      let text = try line().utf8
      guard text.count >= 2, let first = text.first, first == text.last else {
        throw reader.problem("has a text without quotes")
      }
      stack.append(.bytes(Array(text.dropFirst().dropLast())[...]))
    case "]", ")", "\u{8F}": push(.list([]))
    case "}": push(.dictionary([]))
    case "(": marks.append(stack.count)
    default: return false
    }
    return true
  }

  /// Operations on what is there.
  private mutating func arranges(_ code: UInt8) throws {
    switch Character(Unicode.Scalar(code)) {
    case "\u{80}": try reader.skip(1)  // the version
    case "\u{95}": try reader.skip(8)  // the length of a frame
    case "0": _ = try pop()
    case "1": _ = try popMarked()
    case "2": stack.append(try top())
    case "t", "l": push(.list(try popMarked()))
    case "d": push(.dictionary(try pairs(popMarked())))
    case "\u{85}": try tuple(of: 1)
    case "\u{86}": try tuple(of: 2)
    case "\u{87}": try tuple(of: 3)
    case "a": try extend(with: [try pop()], isDictionary: false)
    case "e", "\u{90}": try extend(with: popMarked(), isDictionary: false)
    case "s":
      let value = try pop()
      try extend(with: [try pop(), value], isDictionary: true)
    case "u": try extend(with: pairs(popMarked()), isDictionary: true)
    case "p": memory[Int(try line()) ?? -1] = try top()
    case "q": memory[Int(try reader.integer(UInt8.self))] = try top()
    case "r": memory[Int(try reader.integer(UInt32.self))] = try top()
    case "\u{94}": memory[memory.count] = try top()
    case "g": try recall(Int(try line()) ?? -1)
    case "h": try recall(Int(try reader.integer(UInt8.self)))
    case "j": try recall(Int(try reader.integer(UInt32.self)))
    case "c": try pushFunction(module: line(), name: line())
    case "\u{93}":
      let (name, module) = (try pop().text, try pop().text)
      try pushFunction(module: module ?? "", name: name ?? "")
    case "R": try call()
    case "b": try build()
    default: throw reader.problem("has the pickle operation \(code), which is no data")
    }
  }

  private mutating func push(_ object: PickleFile.Object) {
    stack.append(.object(objects.count))
    objects.append(object)
  }

  private mutating func take(_ count: Int) throws { stack.append(.bytes(try reader.take(count))) }

  private mutating func tuple(of count: Int) throws {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw reader.problem("has a pickle short of values")
    }
    let items = Array(stack.suffix(count))
    stack.removeLast(count)
    push(.list(items))
  }

  private mutating func recall(_ place: Int) throws {
    guard let value = memory[place] else {
      throw reader.problem("recalls the value \(place) of none")
    }
    stack.append(value)
  }

  private mutating func pushFunction(module: String, name: String) throws {
    guard let function = PickleFile.Function(module: module, name: name) else {
      throw DataError(
        file: reader.file,
        problem: "wants \("\(module).\(name)".prefix(120)) called, which is no data",
        advice: "Do not trust this file; if you do, save its arrays with numpy.savez")
    }
    stack.append(.function(function))
  }

  private func top() throws -> PickleFile.Value {
    guard let value = stack.last else { throw reader.problem("has a pickle short of values") }
    return value
  }

  private mutating func pop() throws -> PickleFile.Value {
    guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
      throw reader.problem("has a pickle short of values")
    }
    return value
  }

  private mutating func popMarked() throws -> [PickleFile.Value] {
    guard let mark = marks.popLast() else { throw reader.problem("has a pickle short of marks") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private func pairs(_ values: [PickleFile.Value]) throws -> [PickleFile.Value] {
    guard values.count % 2 == 0 else { throw reader.problem("has a key without a value") }
    return values
  }

  private mutating func extend(with values: [PickleFile.Value], isDictionary: Bool) throws {
    guard case .object(let place) = try top() else {
      throw reader.problem("adds to what is no list")
    }
    // Emptied while it grows, so that it is not copied each time.
    let object = objects[place]
    objects[place] = .list([])
    switch (object, isDictionary) {
    case (.list(var items), false):
      items += values
      objects[place] = .list(items)
    case (.dictionary(var items), true):
      items += values
      objects[place] = .dictionary(items)
    default: throw reader.problem("adds to what is no list, or no dictionary")
    }
  }

  /// A line of text, without its end.
  private mutating func line() throws -> String {
    var bytes: [UInt8] = []
    while true {
      let byte = try reader.integer(UInt8.self)
      guard byte != 10, bytes.count < 1_024 else { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func long() throws -> Int {
    let bytes = try reader.take(Int(try reader.integer(UInt8.self)))
    guard bytes.count <= 8 else { throw reader.problem("has a number beyond 64 bits") }
    var value = bytes.last.map { $0 >= 0x80 ? -1 : 0 } ?? 0
    for byte in bytes.reversed() { value = value << 8 | Int(byte) }
    return value
  }
}

/// What the known functions stand for.
extension PickleMachine {
  private mutating func call() throws {
    guard let arguments = list(try pop()), case .function(let function) = try pop() else {
      throw reader.problem("calls what is no function")
    }
    switch (function, arguments.count) {
    case (.reconstruct, 3): push(.array(nil))
    case (.type, 1...3):
      let code = arguments[0].text ?? ""
      guard let type = ElementType(numPyCode: code) else {
        throw reader.problem("has an array of type \(code.prefix(20)), plain numbers are read")
      }
      push(.type(type, isBigEndian: false))
    case (.encode, 1...2):
      // Bytes that were written as the text of the same codes.
      guard let text = arguments[0].text, text.unicodeScalars.allSatisfy({ $0.value < 256 }) else {
        throw reader.problem("encodes what is no text of bytes")
      }
      stack.append(.bytes(text.unicodeScalars.map { UInt8($0.value) }[...]))
    case (.fromBuffer, 4):
      push(
        .array(
          try array(
            shape: arguments[2], type: arguments[1], arguments[0],
            isColumnMajor: arguments[3].text == "F")))
    default: throw reader.problem("calls a function with \(arguments.count) values")
    }
  }

  private mutating func build() throws {
    guard let state = list(try pop()), case .object(let place) = try top() else {
      throw reader.problem("tells the state of what has none")
    }
    switch objects[place] {
    case .array(nil) where state.count == 5:
      objects[place] = .array(
        try array(
          shape: state[1], type: state[2], state[4], isColumnMajor: state[3].integer == 1))
    case .type(let type, _) where state.count >= 2:
      objects[place] = .type(type, isBigEndian: state[1].text == ">")
    default: throw reader.problem("tells the state of what has none")
    }
  }

  private func array(
    shape: PickleFile.Value, type: PickleFile.Value, _ content: PickleFile.Value,
    isColumnMajor: Bool
  ) throws -> StoredArray {
    guard case .object(let place) = type, case .type(let element, let isBigEndian) = objects[place],
      let sizes = list(shape)?.map({ $0.integer ?? -1 }), sizes.count <= 32,
      case .bytes(let bytes) = content,
      DeclaredSize.product(sizes + [element.byteCount], most: bytes.count) == bytes.count
    else { throw reader.problem("has an array whose shape, type and bytes do not fit") }
    let ordered =
      isColumnMajor
      ? StoredArray.rowsFirst(bytes, shape: sizes, width: element.byteCount) : bytes
    return StoredArray(shape: sizes, type: element, isBigEndian: isBigEndian, bytes: ordered)
  }

  private func list(_ value: PickleFile.Value) -> [PickleFile.Value]? {
    guard case .object(let place) = value, case .list(let items) = objects[place] else {
      return nil
    }
    return items
  }
}
