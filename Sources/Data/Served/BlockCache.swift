import Glibc
import Synchronization

/// Blocks of served data on this machine's disk, up to a bound; the least recently used go first.
///
/// The workers of a host share the folder: a block is written under a name of its own and renamed,
/// the bound is kept under a lock, and whoever is killed leaves nothing but an unfinished file that
/// is swept later. Each block carries its hash; one that was damaged is as if it were not there. A
/// disk that takes no more costs the caching alone.
public final class BlockCache: Sendable {
  private struct Writing {
    /// Until when nothing is written, after a failure.
    var restsUntil: ContinuousClock.Instant?
    var hasWarned = false
    var temporaries: UInt64 = 0
  }

  private let folder: String
  private let bytesMax: Int
  private let warn: @Sendable (String) -> Void
  /// The lock's descriptor; the file holds the bytes in use. -1 for a cache that cannot be used.
  private let lock: Int32
  private let writing = Mutex(Writing())
  /// Names this instance's unfinished files.
  private let token = UInt64.random(in: 0...(.max))

  private static let rest = Duration.seconds(30)
  /// Seconds after which a block's use is noted again, or an unfinished file is swept.
  private static let touchSeconds = 60
  private static let sweepSeconds = 600
  private static let temporaryFolder = "unfinished"
  private static let lockFile = "lock"

  /// `warn`: Told once when the disk takes no more, and when it does again.
  public init(folder: String, bytesMax: Int, warn: @escaping @Sendable (String) -> Void) {
    self.folder = folder
    self.bytesMax = bytesMax
    self.warn = warn
    var lock: Int32 = -1
    do {
      try Files.makeFolder("\(folder)/\(Self.temporaryFolder)")
      lock = open("\(folder)/\(Self.lockFile)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      if lock < 0 { throw Self.failure(folder) }
    } catch { warn("data is not cached: \(error)") }
    self.lock = lock
  }

  deinit { if lock >= 0 { close(lock) } }

  /// The blocks of one data set.
  public struct Section: Sendable {
    fileprivate let cache: BlockCache
    fileprivate let name: String

    public func holds(_ block: FileBlock) -> Bool { access(path(block), R_OK) == 0 }

    /// The block's bytes, if they are there and as they were written.
    public func read(_ block: FileBlock, byteCount: Int) -> [UInt8]? {
      cache.read(path(block), byteCount)
    }

    public func write(_ block: FileBlock, _ bytes: [UInt8], hash: UInt64) {
      cache.write(bytes, hash, to: path(block))
    }

    private func path(_ block: FileBlock) -> String {
      let group = String(block.file >> 8, radix: 16)
      return "\(cache.folder)/\(name)/\(group)/"
        + "\(String(block.file, radix: 16))-\(String(block.index, radix: 16))"
    }
  }

  /// `name`: What tells its content from any other, letters and digits.
  public func section(_ name: String) -> Section { Section(cache: self, name: name) }

  private func read(_ path: String, _ byteCount: Int) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let count = byteCount + MemoryLayout<UInt64>.size
    var bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let more = pread(
          file, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(filled))
        if more < 0, errno == EINTR { continue }
        if more <= 0 { break }
        filled += more
      }
    }
    var status = stat()
    guard bytes.count == count, fstat(file, &status) == 0, Int(status.st_size) == count else {
      unlink(path)
      return nil
    }
    let hash = bytes.suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    bytes.removeLast(8)
    guard contentHash(bytes) == hash else {
      unlink(path)
      return nil
    }
    if time(nil) - status.st_mtim.tv_sec >= Self.touchSeconds { futimens(file, nil) }
    return bytes
  }

  private func write(_ bytes: [UInt8], _ hash: UInt64, to path: String) {
    let number: UInt64? = writing.withLock { writing in
      if let end = writing.restsUntil, ContinuousClock.now < end { return nil }
      writing.temporaries += 1
      return writing.temporaries
    }
    let size = Self.sizeOnDisk(bytes.count + 8)
    guard lock >= 0, size <= bytesMax, let number else { return }
    let temporary =
      "\(folder)/\(Self.temporaryFolder)/\(String(token, radix: 16))-\(String(number, radix: 16))"
    do {
      try reserve(size)
      let tail = (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
      try Files.write([bytes, tail], to: temporary)
      if rename(temporary, path) != 0 {
        let group = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        try Files.makeFolder(group)
        guard rename(temporary, path) == 0 else { throw Self.failure(path) }
      }
      rest(nil)
    } catch {
      unlink(temporary)
      rest("\(error)")
    }
  }

  /// After a failure the disk is left alone for a while.
  private func rest(_ reason: String?) {
    let hadWarned = writing.withLock { writing in
      writing.restsUntil = reason.map { _ in ContinuousClock.now + Self.rest }
      defer { writing.hasWarned = reason != nil }
      return writing.hasWarned
    }
    if let reason, !hadWarned {
      warn("the cache \(folder) takes no more, data is read without it: \(reason)")
    } else if reason == nil, hadWarned {
      warn("the cache \(folder) takes data again")
    }
  }

  /// Files take whole pages.
  private static func sizeOnDisk(_ bytes: Int) -> Int { (bytes + 4_095) & ~4_095 }

  // MARK: The bound

  /// Counts bytes that will be written, and makes room for them; other processes wait meanwhile.
  private func reserve(_ bytes: Int) throws {
    try writing.withLock { _ in
      while flock(lock, LOCK_EX) != 0 { guard errno == EINTR else { throw Self.failure(folder) } }
      defer { flock(lock, LOCK_UN) }
      var used: UInt64 = 0
      let read = pread(lock, &used, 8, 0)
      var total = read == 8 ? Int(clamping: used) : bytesMax
      if total + bytes > bytesMax { total = sweep(leaving: bytesMax - bytes - bytesMax / 8) }
      var next = UInt64(total + bytes)
      guard pwrite(lock, &next, 8, 0) == 8 else { throw Self.failure(folder) }
    }
  }

  /// Removes the least recently used blocks and what killed processes left.
  ///
  /// Returns: the bytes in use after it.
  private func sweep(leaving bytesLeft: Int) -> Int {
    struct Held {
      let path: String
      let bytes: Int
      let usedAt: Int64
    }
    var held: [Held] = []
    func look(_ path: String) -> Held? {
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return Held(
        path: path, bytes: Self.sizeOnDisk(Int(status.st_size)),
        usedAt: modificationTime(status))
    }
    func names(_ path: String) -> [String] { (try? Files.names(in: path)) ?? [] }
    var groups: [String] = []
    let past = (Int64(time(nil)) - Int64(Self.sweepSeconds)) * 1_000_000_000
    var total = 0
    for section in names(folder) where section != Self.lockFile {
      let path = "\(folder)/\(section)"
      if section == Self.temporaryFolder {
        for file in names(path).compactMap({ look("\(path)/\($0)") }) {
          if file.usedAt > past || unlink(file.path) != 0 { total += file.bytes }
        }
        continue
      }
      groups += names(path).map { "\(path)/\($0)" } + [path]
    }
    for group in groups { held += names(group).compactMap { look("\(group)/\($0)") } }
    total += held.reduce(0) { $0 + $1.bytes }
    for block in held.sorted(by: { ($0.usedAt, $0.path) < ($1.usedAt, $1.path) }) {
      guard total > max(0, bytesLeft) else { break }
      if unlink(block.path) == 0 { total -= block.bytes }
    }
    // Those that are empty now; the others refuse.
    for group in groups { rmdir(group) }
    return total
  }

  private static func failure(_ path: String) -> DataError {
    DataError(
      file: path, problem: "cannot be written (\(String(cString: strerror(errno))))",
      advice: "Check permissions and free space, or choose another folder with --cache")
  }
}
