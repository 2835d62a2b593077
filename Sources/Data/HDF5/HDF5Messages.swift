/// A part of an object's header.
struct HDF5Message {
  enum Kind: Equatable {
    case dataspace, linkInfo, datatype, link, layout, filters, continuation, symbolTable
    case other

    init(_ code: Int) {
      switch code {
      case 0x01: self = .dataspace
      case 0x02: self = .linkInfo
      case 0x03: self = .datatype
      case 0x06: self = .link
      case 0x08: self = .layout
      case 0x0B: self = .filters
      case 0x10: self = .continuation
      case 0x11: self = .symbolTable
      default: self = .other
      }
    }
  }

  let kind: Kind
  let reader: ByteReader
}

extension HDF5File {
  private static let blocksMax = 256
  private static let messagesMax = 8_192

  /// All messages of the object whose header is here, those of its continuations too.
  ///
  /// Throws: `DataError` for what is no header.
  func messages(at place: Int) throws -> [HDF5Message] {
    var reader = reader(at: place)
    var messages: [HDF5Message] = []
    guard reader.remaining >= 4 else { throw unreadable("has no object at byte \(place)") }
    let isSecond = bytes[place..<place + 4].elementsEqual("OHDR".utf8)
    var hasOrder = false
    var blocks: [ByteReader] = []
    if isSecond {
      try reader.skip(5)
      let flags = try reader.integer(UInt8.self)
      hasOrder = flags & 4 != 0
      try reader.skip((flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0))
      let size: Int
      switch flags & 3 {
      case 0: size = Int(try reader.integer(UInt8.self))
      case 1: size = Int(try reader.integer(UInt16.self))
      case 2: size = Int(try reader.integer(UInt32.self))
      default: size = try reader.size()
      }
      blocks = [part(try reader.take(size))]
    } else {
      guard try reader.integer(UInt8.self) == 1 else {
        throw unreadable("has no object at byte \(place)")
      }
      try reader.skip(7)
      let size = Int(try reader.integer(UInt32.self))
      try reader.skip(4)
      blocks = [part(try reader.take(size))]
    }
    var next = 0
    while next < blocks.count {
      guard next < Self.blocksMax else { throw unreadable("has an object in too many pieces") }
      var block = blocks[next]
      next += 1
      let headSize = isSecond ? (hasOrder ? 6 : 4) : 8
      while block.remaining >= headSize {
        guard messages.count < Self.messagesMax else { throw unreadable("has an endless header") }
        let message = try message(&block, isSecond: isSecond, hasOrder: hasOrder)
        if message.kind == .continuation {
          var place = message.reader
          let start = try address(&place)
          var rest = self.reader(at: start)
          let size = try place.size()
          if isSecond {
            // Its signature and its checksum stand around the messages.
            guard size >= 8, try rest.text(4) == "OCHK" else {
              throw unreadable("has an object without its continuation")
            }
            blocks.append(part(try rest.take(size - 8)))
          } else {
            blocks.append(part(try rest.take(size)))
          }
        } else {
          messages.append(message)
        }
      }
    }
    return messages
  }

  private func message(
    _ block: inout ByteReader, isSecond: Bool, hasOrder: Bool
  ) throws -> HDF5Message {
    let code =
      isSecond ? Int(try block.integer(UInt8.self)) : Int(try block.integer(UInt16.self))
    let size = Int(try block.integer(UInt16.self))
    let flags = try block.integer(UInt8.self)
    try block.skip(isSecond ? (hasOrder ? 2 : 0) : 3)
    let kind = HDF5Message.Kind(code)
    let content = try block.take(size)
    guard flags & 2 == 0 || kind == .other else {
      throw unreadable("shares a type or a shape between data sets, which is not read")
    }
    return HDF5Message(kind: kind, reader: part(content))
  }

  private func part(_ content: ArraySlice<UInt8>) -> ByteReader {
    ByteReader(content, file: path)
  }
}
