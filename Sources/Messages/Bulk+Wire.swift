// How the bulk plane's messages stand on the wire.

internal import CMessages

extension Fields {
  fileprivate func hash(
    _ data: ProtobufCBinaryData, _ name: String = "sha256"
  ) throws(WireError) -> [UInt8] {
    let hash = try bytes(data, name, countMax: 32)
    guard hash.count == 32 else { throw malformed(name, "\(hash.count) bytes", "32") }
    return hash
  }

  fileprivate func size(_ size: UInt64) throws(WireError) -> UInt64 {
    guard size <= WireLimits.fileBytes else {
      throw malformed("size", "\(size) bytes", "at most \(WireLimits.fileBytes)")
    }
    return size
  }
}

extension Offer: WireValue {
  var subject: Subject { Subject(job, generation) }

  init(_ wire: Martlet__Offer, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    job = try fields.job()
    generation = try fields.generation()
    name = try fields.file(wire.name, "name", isPath: true)
    size = try fields.size(wire.size)
    sha256 = try fields.hash(wire.sha256)
  }

  func fill(_ wire: inout Martlet__Offer, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.name = scratch.text(name)
    wire.size = size
    wire.sha256 = scratch.bytes(sha256)
  }
}

extension Fetch: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__Fetch, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    job = try fields.job()
    name = try fields.file(wire.name, "name", isPath: true)
    offset = wire.offset
  }

  func fill(_ wire: inout Martlet__Fetch, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.name = scratch.text(name)
    wire.offset = offset
  }
}

extension Credit: WireValue {
  init(_ wire: Martlet__Credit, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    offset = wire.offset
    limit = wire.limit
    guard offset <= limit else {
      throw fields.malformed("limit", "\(limit)", "not below the offset, \(offset)")
    }
  }

  func fill(_ wire: inout Martlet__Credit, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.offset = offset
    wire.limit = limit
  }
}

extension Chunk: WireValue {
  init(_ wire: Martlet__Chunk, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    offset = wire.offset
  }

  func fill(_ wire: inout Martlet__Chunk, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.offset = offset
  }
}

extension Stored: WireValue {
  init(_ wire: Martlet__Stored, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
  }

  func fill(_ wire: inout Martlet__Stored, _ scratch: Scratch) {
    wire.transfer = transfer.number
  }
}

extension Served: WireValue {
  init(_ wire: Martlet__Served, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    size = try fields.size(wire.size)
    sha256 = try fields.hash(wire.sha256)
  }

  func fill(_ wire: inout Martlet__Served, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.size = size
    wire.sha256 = scratch.bytes(sha256)
  }
}

extension TransferFailed: WireValue {
  init(_ wire: Martlet__TransferFailed, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    reason = try fields.text(wire.reason, "reason")
    advice = try fields.text(wire.advice, "advice")
    isPassing = wire.passing != 0
  }

  func fill(_ wire: inout Martlet__TransferFailed, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.reason = scratch.text(reason)
    wire.advice = scratch.text(advice)
    wire.passing = isPassing ? 1 : 0
  }
}

extension ReadBlocks: WireValue {
  var subject: Subject { Subject(job) }

  init(_ wire: Martlet__ReadBlocks, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    job = try fields.job()
    listing = try fields.hash(wire.listing, "listing")
    let countMax = WireLimits.blocksPerRead
    let files = try fields.numbers(wire.n_files, wire.files, "files", countMax: countMax)
    let blocks = try fields.numbers(wire.n_blocks, wire.blocks, "blocks", countMax: countMax)
    guard !files.isEmpty, files.count == blocks.count else {
      throw fields.malformed("blocks", "\(blocks.count) for \(files.count) files", "one each")
    }
    addresses = zip(files, blocks).map { BlockAddress(file: $0, block: $1) }
  }

  func fill(_ wire: inout Martlet__ReadBlocks, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.listing = scratch.bytes(listing)
    (wire.n_files, wire.n_blocks) = (addresses.count, addresses.count)
    wire.files = scratch.numbers(addresses.map(\.file))
    wire.blocks = scratch.numbers(addresses.map(\.block))
  }
}

extension Blocks: WireValue {
  init(_ wire: Martlet__Blocks, _ fields: Fields) throws(WireError) {
    transfer = TransferID(wire.transfer)
    hashes = try fields.numbers(
      wire.n_hashes, wire.hashes, "hashes", countMax: WireLimits.blocksPerRead)
  }

  func fill(_ wire: inout Martlet__Blocks, _ scratch: Scratch) {
    wire.transfer = transfer.number
    wire.n_hashes = hashes.count
    wire.hashes = scratch.numbers(hashes)
  }
}
