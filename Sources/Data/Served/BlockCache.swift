import Glibc
import Synchronization

/// Blocks of served data on this machine's disk, up to a bound; extents (`CacheLayout`) that were used
/// least recently go first.
///
/// The workers of a host share the folder. Writing and making room happen under a lock, reading does
/// not: a block's hash is written after its bytes, so whoever is killed between leaves nothing that
/// looks like a block. One that was damaged is as if it were not there. A disk that takes no more
/// costs the caching alone.
public final class BlockCache: Sendable {
  private struct Writing {
    /// Until when nothing is written, after a failure.
    var restsUntil: ContinuousClock.Instant?
    var hasWarned = false
  }

  private let folder: String
  private let bytesMax: Int
  private let warn: @Sendable (String) -> Void
  /// The lock's descriptor; the file holds the bytes in use. -1 for a cache that cannot be used.
  private let lock: Int32
  /// Held while this instance writes: the lock excludes other processes, not other threads.
  private let writing = Mutex(Writing())

  private static let rest = Duration.seconds(30)
  /// Seconds after which an extent's use is noted again.
  private static let touchSeconds = 60
  private static let lockFile = "lock"
  /// Blocks up to this size are copied together to be written at once.
  private static let smallBytes = 128 << 10

  /// `warn`: Told once when the disk takes no more, and when it does again.
  public init(folder: String, bytesMax: Int, warn: @escaping @Sendable (String) -> Void) {
    self.folder = folder
    self.bytesMax = bytesMax
    self.warn = warn
    var lock: Int32 = -1
    do {
      try Files.makeFolder(folder)
      lock = open("\(folder)/\(Self.lockFile)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      if lock < 0 { throw Self.failure(folder) }
    } catch { warn("data is not cached: \(error)") }
    self.lock = lock
  }

  deinit { if lock >= 0 { close(lock) } }

  /// A block that came, with the hash that it had where it was read.
  package struct Arrival: Sendable {
    let block: FileBlock
    let bytes: [UInt8]
    let hash: UInt64

    package init(_ block: FileBlock, _ bytes: [UInt8], hash: UInt64) {
      self.block = block
      self.bytes = bytes
      self.hash = hash
    }

    /// Whole pages.
    fileprivate var bytesOnDisk: Int { CacheLayout.round(bytes.count, to: CacheLayout.pageBytes) }
  }

  /// The blocks of one data set.
  public struct Section: Sendable {
    fileprivate let cache: BlockCache
    fileprivate let folder: String
    fileprivate let layout: CacheLayout

    public func holds(_ block: FileBlock) -> Bool {
      let place = layout.place(of: block)
      return BlockCache.withFile(path(place.extent)) { BlockCache.hash(at: place, in: $0) } != nil
    }

    /// The block's bytes, if they are there and as they were written.
    public func read(_ block: FileBlock, byteCount: Int) -> [UInt8]? {
      let place = layout.place(of: block)
      return cache.read(path(place.extent), place, byteCount)
    }

    /// Takes the blocks as far as the disk does.
    package func write(_ arrivals: [Arrival]) { cache.write(arrivals, to: self) }

    fileprivate func path(_ extent: Int) -> String {
      "\(folder)/\(String(extent >> 8, radix: 16))/\(String(extent, radix: 16))"
    }
  }

  /// `name`: What tells its content from any other, letters and digits.
  ///
  /// `listing`: The files that its blocks are of.
  public func section(_ name: String, of listing: FileListing) -> Section {
    Section(cache: self, folder: "\(folder)/\(name)", layout: CacheLayout(of: listing))
  }

  // MARK: Reading

  private static func withFile<Value>(
    _ path: String, _ flags: Int32 = O_RDONLY, _ body: (Int32) throws -> Value?
  ) rethrows -> Value? {
    let file = open(path, flags | O_CLOEXEC, 0o600)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return try body(file)
  }

  /// nil where no block was written.
  private static func hash(at place: CacheLayout.Place, in file: Int32) -> UInt64? {
    var hash: UInt64 = 0
    guard pread(file, &hash, 8, off_t(place.hashOffset)) == 8, hash != 0 else { return nil }
    return hash
  }

  private func read(_ path: String, _ place: CacheLayout.Place, _ byteCount: Int) -> [UInt8]? {
    Self.withFile(path) { file in
      guard let hash = Self.hash(at: place, in: file) else { return nil }
      let range = place.offset..<place.offset + byteCount
      guard let bytes = try? Files.read(file, range, path), bytes.count == byteCount,
        contentHash(bytes) == hash
      else {
        _ = Self.withFile(path, O_WRONLY) { try? Self.note(0, at: place, in: $0, path) }
        return nil
      }
      var status = stat()
      if fstat(file, &status) == 0, time(nil) - status.st_mtim.tv_sec >= Self.touchSeconds {
        futimens(file, nil)
      }
      return bytes
    }
  }

  // MARK: Writing

  private struct Placed {
    let arrival: Arrival
    let place: CacheLayout.Place
    /// Of its last page, in the extent.
    var end: Int { place.offset + arrival.bytesOnDisk }
  }

  private func write(_ arrivals: [Arrival], to section: Section) {
    guard lock >= 0 else { return }
    let placed = arrivals.filter { $0.bytesOnDisk <= bytesMax }
      .map { Placed(arrival: $0, place: section.layout.place(of: $0.block)) }
      .sorted { ($0.place.extent, $0.place.offset) < ($1.place.extent, $1.place.offset) }
    writing.withLock { writing in
      if let end = writing.restsUntil, ContinuousClock.now < end { return }
      do {
        var rest = placed[...]
        while !rest.isEmpty {
          // No more at once than making room for it frees.
          var bytes = 0
          let part = rest.prefix { placed in
            bytes += placed.arrival.bytesOnDisk
            return bytes <= bytesMax / 8
          }
          let count = max(1, part.count)
          try write(rest.prefix(count), to: section)
          rest = rest.dropFirst(count)
        }
        rests(&writing, after: nil)
      } catch { rests(&writing, after: "\(error)") }
    }
  }

  /// Under the lock, so that nobody removes an extent that is written to; other processes wait.
  private func write(_ part: ArraySlice<Placed>, to section: Section) throws {
    while flock(lock, LOCK_EX) != 0 { guard errno == EINTR else { throw Self.failure(folder) } }
    defer { flock(lock, LOCK_UN) }
    let extents = Dictionary(grouping: part, by: \.place.extent)
    let most =
      part.reduce(0) { $0 + $1.arrival.bytesOnDisk } + extents.count * CacheLayout.tableBytes
    var used: UInt64 = 0
    var total = pread(lock, &used, 8, 0) == 8 ? Int(clamping: used) : bytesMax
    if total > bytesMax - most { total = sweep(leaving: bytesMax - most - bytesMax / 8) }
    guard total <= bytesMax - most else { return }
    // Counted first: who is killed meanwhile leaves a count that is too high, until the next sweep.
    try count(total + most)
    for (extent, blocks) in extents {
      total += try write(blocks, to: section.path(extent))
    }
    try count(total)
  }

  private func count(_ bytes: Int) throws {
    var bytes = UInt64(bytes)
    guard pwrite(lock, &bytes, 8, 0) == 8 else { throw Self.failure(folder) }
  }

  /// Returns: the bytes that it takes on the disk.
  private func write(_ blocks: [Placed], to path: String) throws -> Int {
    func write() throws -> Int? {
      try Self.withFile(path, O_RDWR | O_CREAT) { file in
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Self.failure(path) }
        let isNew = status.st_size == 0
        if isNew, ftruncate(file, off_t(CacheLayout.fileBytes)) != 0 { throw Self.failure(path) }
        var rest = blocks[...]
        while !rest.isEmpty {
          let count = Self.countInRow(rest)
          try Self.write(rest.prefix(count), to: file, path)
          rest = rest.dropFirst(count)
        }
        return blocks.reduce(isNew ? CacheLayout.tableBytes : 0) { $0 + $1.arrival.bytesOnDisk }
      }
    }
    if let bytes = try write() { return bytes }
    try Files.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
    guard let bytes = try write() else { throw Self.failure(path) }
    return bytes
  }

  /// How many at the beginning follow each other without a gap, as long as they are small.
  private static func countInRow(_ blocks: ArraySlice<Placed>) -> Int {
    zip(blocks, blocks.dropFirst()).prefix { one, next in
      one.end == next.place.offset
        && max(one.arrival.bytes.count, next.arrival.bytes.count) <= smallBytes
    }.count + 1
  }

  /// Blocks in a row, which takes two calls of the system for all of them.
  private static func write(_ row: ArraySlice<Placed>, to file: Int32, _ path: String) throws {
    guard let first = row.first, let last = row.last else { return }
    if row.count == 1 {
      try Files.write(first.arrival.bytes, at: first.place.offset, of: file, path)
      return try note(first.arrival.hash, at: first.place, in: file, path)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(last.end - first.place.offset)
    var hashes = [UInt64](
      repeating: 0, count: (last.end - first.place.offset) / CacheLayout.pageBytes)
    for block in row {
      let start = block.place.offset - first.place.offset
      hashes[start / CacheLayout.pageBytes] = block.arrival.hash
      bytes += repeatElement(0, count: start - bytes.count)
      bytes += block.arrival.bytes
    }
    try Files.write(bytes, at: first.place.offset, of: file, path)
    try hashes.withUnsafeBytes {
      guard pwrite(file, $0.baseAddress, $0.count, off_t(first.place.hashOffset)) == $0.count
      else { throw failure(path) }
    }
  }

  private static func note(
    _ hash: UInt64, at place: CacheLayout.Place, in file: Int32, _ path: String
  ) throws {
    var hash = hash
    guard pwrite(file, &hash, 8, off_t(place.hashOffset)) == 8 else { throw failure(path) }
  }

  /// After a failure the disk is left alone for a while.
  private func rests(_ writing: inout Writing, after reason: String?) {
    let hadWarned = writing.hasWarned
    writing.restsUntil = reason.map { _ in ContinuousClock.now + Self.rest }
    writing.hasWarned = reason != nil
    if let reason, !hadWarned {
      warn("the cache \(folder) takes no more, data is read without it: \(reason)")
    } else if reason == nil, hadWarned {
      warn("the cache \(folder) takes data again")
    }
  }

  /// Removes the extents that were used least recently, and whatever else lies there.
  ///
  /// Returns: the bytes in use after it.
  private func sweep(leaving bytesLeft: Int) -> Int {
    struct Held {
      let path: String
      let bytes: Int
      let usedAt: Int64
    }
    var held: [Held] = []
    var folders: [String] = []
    func look(in folder: String) {
      for name in (try? Files.names(in: folder)) ?? [] where name != Self.lockFile {
        let path = "\(folder)/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
          look(in: path)
          folders.append(path)
        case S_IFREG:
          held.append(
            Held(path: path, bytes: status.st_blocks * 512, usedAt: modificationTime(status)))
        default: break
        }
      }
    }
    look(in: folder)
    var total = held.reduce(0) { $0 + $1.bytes }
    for extent in held.sorted(by: { ($0.usedAt, $0.path) < ($1.usedAt, $1.path) }) {
      guard total > max(0, bytesLeft) else { break }
      if unlink(extent.path) == 0 { total -= extent.bytes }
    }
    // Those that are empty now; the others refuse.
    for folder in folders { rmdir(folder) }
    return total
  }

  private static func failure(_ path: String) -> DataError {
    DataError(
      file: path, problem: "cannot be written (\(String(cString: strerror(errno))))",
      advice: "Check permissions and free space, or choose another folder with --cache")
  }
}
