import Tensors

/// A folder that another machine sees: its listing came once, its bytes come when they are needed.
///
/// What was announced by `expect` is brought ahead, up to a bound. Blocks stay in memory for a
/// while and in the host's cache for long. While whoever serves them is away, reading waits.
public final class ServedFiles: FileTree, @unchecked Sendable {
  public let root: String
  private let listing: FileListing
  private let places: [String: Int]
  /// Names in each folder, in byte order; that of the root is "".
  private let folders: [String: [String]]
  private let supply: any BlockSupply
  private let cache: BlockCache.Section?
  private let cacheWriter: CacheWriter?

  private let monitor = Monitor()
  // Guarded by the monitor:
  private var memory = BlockMemory(bytesMax: memoryBytes)
  /// Asked for and not here yet, with how often they arrived damaged.
  private var pending: [FileBlock: Int] = [:]
  private var refusals: [FileBlock: (reason: String, advice: String)] = [:]
  private var expected: [FileBlock] = []
  private var firstExpected = 0
  /// Brought ahead and not read yet.
  private var unread: Set<FileBlock> = []
  private var unreadBytes = 0
  private var isClosed = false
  private var hits: UInt64 = 0
  private var misses: UInt64 = 0
  private var arrived: UInt64 = 0

  static let memoryBytes = 96 << 20
  /// What may be on its way or in memory before anybody has asked for it.
  static let aheadBytes = 48 << 20
  /// Room for so much is waited for: small files come many in a message.
  static let aheadRoomMin = 2 << 20
  /// Announcements beyond are forgotten: they are then brought when they are read.
  static let expectedMax = 1 << 18
  private static let damagesMax = 3

  /// `root`: What messages call the folder.
  public init(
    root: String, listing: FileListing, supply: any BlockSupply, cache: BlockCache.Section?
  ) {
    self.root = root
    self.listing = listing
    self.supply = supply
    self.cache = cache
    cacheWriter = cache.map { CacheWriter($0) }
    var places: [String: Int] = [:]
    places.reserveCapacity(listing.entries.count)
    var folders: [String: [String]] = ["": []]
    for (place, entry) in listing.entries.enumerated() {
      places[entry.name] = place
      var name = entry.name[...]
      // Up to the first folder that is known.
      while true {
        let slash = name.lastIndex(of: "/")
        let folder = slash.map { String(name[..<$0]) } ?? ""
        let isKnown = folders[folder] != nil
        let own = slash.map { name[name.index(after: $0)...] } ?? name
        folders[folder, default: []].append(String(own))
        if isKnown { break }
        name = folder[...]
      }
    }
    self.places = places
    self.folders = folders.mapValues { names in
      names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  public func kind(of name: String) -> FileKind? {
    places[name] != nil ? .file : folders[name] != nil ? .folder : nil
  }

  public func names(in folder: String) throws -> [String] {
    guard let names = folders[folder] else {
      throw DataError(
        file: path(folder), problem: "cannot be listed: there is no such folder",
        advice: "Check path and format in the job's data")
    }
    return names
  }

  public func byteCount(of file: String) throws -> Int {
    listing.entries[try place(of: file)].byteCount
  }

  public func bytes(of file: String, in range: Range<Int>) throws -> [UInt8] {
    let place = try place(of: file)
    let byteCount = listing.entries[place].byteCount
    guard range.lowerBound >= 0, range.upperBound <= byteCount else {
      throw DataError(
        file: path(file),
        problem: "has \(byteCount) bytes; those from \(range.lowerBound) to "
          + "\(range.upperBound) were asked for", advice: "Restore the file")
    }
    try Files.checkByteCount(range.count, of: path(file))
    let blocks = FileBlock.all(of: place, covering: range)
    bring(blocks)
    var bytes: [UInt8] = []
    if blocks.count > 1 { bytes.reserveCapacity(range.count) }
    for block in blocks {
      let here = block.range(in: byteCount)
      let wanted = range.clamped(to: here)
      let content = try content(of: block)
      if wanted == here, blocks.count == 1 { return content }
      bytes += content[wanted.lowerBound - here.lowerBound..<wanted.upperBound - here.lowerBound]
    }
    return bytes
  }

  public func expect(_ parts: [FilePart]) {
    var blocks: [FileBlock] = []
    for part in parts {
      guard let place = places[part.file] else { continue }
      let whole = 0..<listing.entries[place].byteCount
      blocks += FileBlock.all(of: place, covering: part.range?.clamped(to: whole) ?? whole)
    }
    monitor.withLock {
      for block in blocks where expected.count - firstExpected < Self.expectedMax {
        expected.append(block)
      }
    }
    bringAhead()
  }

  /// Ends all waiting, with an error; from any thread.
  public func close() {
    monitor.withLock {
      isClosed = true
      monitor.wakeAll()
    }
  }

  /// Waits until what has arrived so far is in the cache, as far as that takes it.
  public func finishCaching() { cacheWriter?.finish() }

  /// Blocks that were read from memory or the cache, and those that had to be brought.
  public var counts: (hits: UInt64, misses: UInt64) { monitor.withLock { (hits, misses) } }

  /// Rises with each block that arrives: reading that is slow is not stuck.
  public var arrivals: UInt64 { monitor.withLock { arrived } }

  private func place(of file: String) throws -> Int {
    guard let place = places[file] else {
      throw DataError(
        file: path(file), problem: "is not among the data set's files",
        advice: "Check path and format in the job's data")
    }
    return place
  }

  // MARK: Blocks

  private func byteCount(of block: FileBlock) -> Int {
    block.range(in: listing.entries[block.file].byteCount).count
  }

  /// Asks for those that are neither here nor on their way, all at once.
  private func bring(_ blocks: [FileBlock]) {
    let away = monitor.withLock {
      blocks.filter { !memory.holds($0) && pending[$0] == nil && refusals[$0] == nil }
    }
    request(away.filter { cache?.holds($0) != true }, isUrgent: true)
  }

  private func request(_ blocks: [FileBlock], isUrgent: Bool) {
    let new = monitor.withLock { blocks.filter { claim($0) } }
    guard !new.isEmpty else { return }
    supply.request(new, isUrgent: isUrgent) { [weak self] in self?.take($0) }
  }

  /// Whether this call is the one that asks for it.
  private func claim(_ block: FileBlock) -> Bool {
    guard pending[block] == nil, refusals[block] == nil, !memory.holds(block) else {
      return false
    }
    pending[block] = 0
    misses += 1
    unread.insert(block)
    unreadBytes += byteCount(of: block)
    return true
  }

  private func content(of block: FileBlock) throws -> [UInt8] {
    while true {
      let found: [UInt8]? = try monitor.withLock {
        while pending[block] != nil, !isClosed { monitor.wait() }
        if let bytes = memory.bytes(of: block) {
          // What was brought was a miss when it was asked for.
          if !haveRead(block) { hits += 1 }
          return bytes
        }
        if let refusal = refusals[block] {
          throw DataUnavailable(
            file: path(listing.entries[block.file].name), reason: refusal.reason,
            advice: refusal.advice)
        }
        guard !isClosed else {
          throw DataUnavailable(
            file: path(listing.entries[block.file].name), reason: "is no longer wanted")
        }
        return nil
      }
      if let found {
        bringAhead()
        return found
      }
      if let bytes = cache?.read(block, byteCount: byteCount(of: block)) {
        monitor.withLock {
          hits += 1
          forget(memory.insert(block, bytes))
        }
        return bytes
      }
      // Whatever the cache has by its name is not it.
      request([block], isUrgent: true)
    }
  }

  /// Returns: whether it had been brought and nobody had read it.
  private func haveRead(_ block: FileBlock) -> Bool {
    guard unread.remove(block) != nil else { return false }
    unreadBytes -= byteCount(of: block)
    return true
  }

  private func forget(_ blocks: [FileBlock]) {
    for block in blocks { _ = haveRead(block) }
  }

  /// Asks for what is expected next, as far as there is room.
  private func bringAhead() {
    while true {
      var candidates: [FileBlock] = []
      monitor.withLock {
        var room = Self.aheadBytes - unreadBytes
        guard room >= Self.aheadRoomMin else { return }
        while room > 0, firstExpected < expected.count, candidates.count < 64, !isClosed {
          let block = expected[firstExpected]
          firstExpected += 1
          guard !memory.holds(block), pending[block] == nil else { continue }
          candidates.append(block)
          room -= byteCount(of: block)
        }
        if firstExpected > 4_096, 2 * firstExpected > expected.count {
          expected.removeFirst(firstExpected)
          firstExpected = 0
        }
      }
      guard !candidates.isEmpty else { return }
      request(candidates.filter { cache?.holds($0) != true }, isUrgent: false)
    }
  }

  private func take(_ deliveries: [BlockDelivery]) {
    var arrivals: [BlockCache.Arrival] = []
    var refused: [(block: FileBlock, reason: String, advice: String)] = []
    for delivery in deliveries {
      let block = delivery.block
      switch delivery.answer {
      case .refused(let reason, let advice): refused.append((block, reason, advice))
      case .bytes(let bytes, let hash):
        if bytes.count == byteCount(of: block), contentHash(bytes) == hash {
          arrivals.append(BlockCache.Arrival(block, bytes, hash: hash))
        } else {
          retry(block, found: bytes.count)
        }
      }
    }
    // First, so that `finishCaching` waits for all that was read.
    cacheWriter?.add(arrivals)
    monitor.withLock {
      for arrival in arrivals {
        pending[arrival.block] = nil
        arrived += 1
        forget(memory.insert(arrival.block, arrival.bytes))
      }
      for (block, reason, advice) in refused {
        pending[block] = nil
        _ = haveRead(block)
        refusals[block] = (reason, advice)
      }
      monitor.wakeAll()
    }
  }

  /// Once more, for what arrived damaged.
  private func retry(_ block: FileBlock, found count: Int) {
    let damages = monitor.withLock {
      pending[block, default: 0] += 1
      return pending[block] ?? 0
    }
    guard damages < Self.damagesMax else {
      return take([
        BlockDelivery(
          block,
          .refused(
            reason: "arrived damaged \(damages) times (\(count) bytes, expected "
              + "\(byteCount(of: block)) with the announced hash)",
            advice: "check the network and the memory of both machines"))
      ])
    }
    supply.request([block], isUrgent: true) { [weak self] in self?.take($0) }
  }
}
