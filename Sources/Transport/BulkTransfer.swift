// The two ends of one file's journey, used by both sides of the bulk plane.

import Glibc
import Messages

/// How many bytes may be under way; small enough to bound memory, large enough to fill a link.
let bulkWindow: UInt64 = 4 << 20

/// Writes a file as it arrives and puts it in its place once its hash is right.
package final class FileReceiver {
  package let path: String
  package let size: UInt64
  package let sha256: [UInt8]
  package private(set) var received: UInt64
  private var granted: UInt64
  private var hash: FileHash
  private let file: Int32
  private let temporary: String
  private var isDone = false
  private let keepsParts: Bool

  /// The bytes gather in `temporary`; an existing one is continued if `keepsParts`.
  ///
  /// Throws: `TransportError.badFile`, also for a full disk.
  package init(
    path: String, temporary: String, size: UInt64, sha256: [UInt8], keepsParts: Bool = false
  ) throws(TransportError) {
    self.path = path
    self.size = size
    self.sha256 = sha256
    self.temporary = temporary
    self.keepsParts = keepsParts
    try SafeFile.makeFolders(above: path)
    if keepsParts, access(temporary, F_OK) == 0 {
      (received, hash) = try FileHash.resumable(temporary, countMax: size)
    } else {
      unlink(temporary)
      (received, hash) = (0, FileHash())
    }
    granted = received
    file = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw SafeFile.problem(temporary, "cannot be written") }
    ftruncate(file, off_t(received))
    lseek(file, 0, SEEK_END)
    // Better to hear of a full disk now than after an hour. Some file systems cannot say.
    let reserves = size > 0 && !keepsParts
    let code = reserves ? posix_fallocate(file, 0, off_t(clamping: size)) : 0
    if code == ENOSPC || code == EFBIG {
      close(file)
      unlink(temporary)
      throw .badFile(
        path: path, reason: "needs \(size) bytes: \(String(cString: strerror(code)))")
    }
  }

  deinit {
    close(file)
    if isDone { return }
    if keepsParts {
      truncate(temporary, off_t(received))
    } else {
      unlink(temporary)
    }
  }

  /// The credit to send now, if any is due.
  package func credit(_ transfer: TransferID) -> Credit? {
    guard granted - received <= bulkWindow / 2 else { return nil }
    let limit = min(size, received + bulkWindow)
    guard limit > granted else { return nil }
    granted = limit
    return Credit(transfer: transfer, offset: received, limit: limit)
  }

  package var isComplete: Bool { received == size }

  package func add(_ bytes: [UInt8], at offset: UInt64) throws(TransportError) {
    guard offset == received, !bytes.isEmpty, bytes.count <= WireLimits.chunkBytes,
      received + UInt64(bytes.count) <= granted
    else {
      throw .badFile(
        path: path,
        reason: "\(bytes.count) bytes came for \(offset), expected those from \(received)")
    }
    try SafeFile.append(bytes[...], to: file, path: path)
    hash.add(bytes)
    received += UInt64(bytes.count)
  }

  /// Throws: `TransportError.badFile` if the bytes are not those announced; they are then gone.
  package func finish() throws(TransportError) {
    let found = hash.finish()
    guard found == sha256 else {
      isDone = true
      unlink(temporary)
      throw .badFile(
        path: path,
        reason: "arrived with SHA-256 \(hexadecimal(found)), announced \(hexadecimal(sha256))")
    }
    guard fsync(file) == 0, rename(temporary, path) == 0 else {
      throw SafeFile.problem(path, "cannot be written")
    }
    isDone = true
    SafeFile.syncFolder(of: path)
  }
}

/// Reads a file in chunks as far as credit goes.
package final class FileSender {
  package let path: String
  private let file: Int32
  package private(set) var sent: UInt64
  private var limit: UInt64

  package init(path: String, from offset: UInt64) throws(TransportError) {
    self.path = path
    sent = offset
    limit = offset
    file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw SafeFile.problem(path, "cannot be read") }
  }

  deinit { close(file) }

  package func grant(_ credit: Credit) { limit = max(limit, credit.limit) }

  package var hasCredit: Bool { sent < limit }

  /// The next chunk, or nil without credit.
  package func next() throws(TransportError) -> (offset: UInt64, bytes: [UInt8])? {
    let count = Int(min(UInt64(WireLimits.chunkBytes), limit - sent))
    guard count > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    let read = pread(file, &bytes, count, off_t(sent))
    guard read > 0 else {
      if read == 0 { throw .badFile(path: path, reason: "became shorter while it was sent") }
      throw SafeFile.problem(path, "cannot be read")
    }
    let offset = sent
    sent += UInt64(read)
    return (offset, Array(bytes[..<read]))
  }
}
