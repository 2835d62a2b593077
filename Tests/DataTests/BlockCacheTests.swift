import Data
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct BlockCacheTests {
  private final class Warnings: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  private func bytes(_ number: Int, count: Int = 4_000) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* number) }
  }

  private func listing(count: Int, byteCount: Int = 4_000) -> FileListing {
    FileListing(
      entries: (0..<count).map {
        FileListing.Entry(name: "\($0)", byteCount: byteCount, modified: 0)
      })
  }

  private func block(_ number: Int) -> FileBlock { FileBlock(file: number, index: 0) }

  private func add(_ number: Int, to section: BlockCache.Section, count: Int = 4_000) {
    let bytes = bytes(number, count: count)
    section.write([BlockCache.Arrival(block(number), bytes, hash: contentHash(bytes))])
  }

  /// What all files below a folder take on the disk.
  private func bytesOnDisk(_ folder: String) throws -> Int {
    try FileManager.default.subpathsOfDirectory(atPath: folder).reduce(0) { sum, name in
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        return sum
      }
      return sum + status.st_blocks * 512
    }
  }

  @Test func `gives back what was written, and nothing that was damaged`() throws {
    try withTemporaryFolder { folder in
      let cache = BlockCache(folder: folder, bytesMax: 1 << 20) { Issue.record("\($0)") }
      let section = cache.section("abc", of: listing(count: 10))
      #expect(!section.holds(block(3)) && section.read(block(3), byteCount: 4_000) == nil)
      add(3, to: section)
      #expect(section.holds(block(3)) && !section.holds(block(4)))
      #expect(section.read(block(3), byteCount: 4_000) == bytes(3))
      #expect(
        cache.section("other", of: listing(count: 10)).read(block(3), byteCount: 4_000) == nil)
      // Of another length than the listing says.
      #expect(section.read(block(3), byteCount: 3_999) == nil)
      #expect(!section.holds(block(3)))
      add(3, to: section)
      let file = try FileHandle(forUpdating: URL(filePath: "\(folder)/abc/0/0"))
      try file.seek(toOffset: 3 * 4_096 + 17)
      try file.write(contentsOf: [1])
      #expect(section.read(block(3), byteCount: 4_000) == nil)
      #expect(!section.holds(block(3)))
      add(3, to: section)
      #expect(section.read(block(3), byteCount: 4_000) == bytes(3))
      // Cut off, as by a disk that was lost while it was written to.
      try file.truncate(atOffset: 3 * 4_096 + 17)
      #expect(!section.holds(block(3)) && section.read(block(3), byteCount: 4_000) == nil)
    }
  }

  @Test func `blocks of all sizes have places of their own, in one extent each`() throws {
    try withTemporaryFolder { folder in
      let sizes = [0, 1, 4_096, 4_097, 900_000, 1 << 20, 1 << 20 + 1, 3 << 20 + 5, 20_000, 5 << 20]
      let entries = (sizes + sizes.reversed()).enumerated().map { number, size in
        FileListing.Entry(name: "\(10 + number)", byteCount: size, modified: 0)
      }
      let cache = BlockCache(folder: folder, bytesMax: 1 << 30) { Issue.record("\($0)") }
      let section = cache.section("abc", of: FileListing(entries: entries))
      var all: [(block: FileBlock, bytes: [UInt8])] = []
      for (file, entry) in entries.enumerated() {
        for index in 0..<(entry.byteCount + FileBlock.bytesMax - 1) / FileBlock.bytesMax {
          let block = FileBlock(file: file, index: index)
          all.append((block, bytes(1 + all.count, count: block.range(in: entry.byteCount).count)))
        }
      }
      section.write(all.map { BlockCache.Arrival($0.block, $0.bytes, hash: contentHash($0.bytes)) })
      for (block, bytes) in all {
        #expect(section.read(block, byteCount: bytes.count) == bytes, "\(block)")
      }
    }
  }

  @Test func `never holds more than its bound, and drops what was used least recently`() throws {
    try withTemporaryFolder { folder in
      let (bound, size) = (16 << 20, 256 << 10)
      let cache = BlockCache(folder: folder, bytesMax: bound) { Issue.record("\($0)") }
      let section = cache.section("abc", of: listing(count: 201, byteCount: size))
      for number in 1...200 {
        add(number, to: section, count: size)
        try #expect(bytesOnDisk(folder) <= bound)
      }
      #expect(section.holds(block(200)) && !section.holds(block(1)))
      #expect((1...200).count { section.holds(block($0)) } > 20)
      // A block larger than all is not taken, nor does it displace others.
      let small = BlockCache(folder: "\(folder)/small", bytesMax: 64 << 10) {
        Issue.record("\($0)")
      }
      let other = small.section("abc", of: listing(count: 3, byteCount: 60_000))
      add(1, to: other, count: 10_000)
      add(2, to: other, count: 70_000)
      #expect(other.holds(block(1)) && !other.holds(block(2)))
    }
  }

  @Test func `several users of one folder keep its bound and read only whole blocks`() throws {
    try withTemporaryFolder { folder in
      let (bound, size) = (12 << 20, 100_000)
      let group = DispatchGroup()
      for user in 0..<4 {
        group.enter()
        Thread.detachNewThread {
          let cache = BlockCache(folder: folder, bytesMax: bound) { Issue.record("\($0)") }
          let section = cache.section("abc", of: self.listing(count: 201, byteCount: size))
          for round in 0..<150 {
            let number = 1 + (round * 7 + user * 3) % 200
            if let found = section.read(self.block(number), byteCount: size) {
              #expect(found == self.bytes(number, count: size))
            } else {
              self.add(number, to: section, count: size)
            }
          }
          group.leave()
        }
      }
      group.wait()
      try #expect(bytesOnDisk(folder) <= bound)
    }
  }

  @Test func `what a killed user counted is forgotten, and what others left is swept`() throws {
    try withTemporaryFolder { folder in
      let bound = 256 << 10
      let stray = "\(folder)/unfinished/dead-1"
      try write([UInt8](repeating: 1, count: 30_000), to: stray)
      // It had counted bytes that it never wrote.
      try write([0, 0, 0, 0, 1, 0, 0, 0], to: "\(folder)/lock")
      let cache = BlockCache(folder: folder, bytesMax: bound) { Issue.record("\($0)") }
      let section = cache.section("abc", of: listing(count: 100))
      add(1, to: section)
      #expect(section.holds(block(1)))
      for number in 2...80 { add(number, to: section) }
      #expect(!FileManager.default.fileExists(atPath: stray))
      #expect(section.holds(block(80)))
      try #expect(bytesOnDisk(folder) <= bound)
    }
  }

  @Test func `a folder that takes nothing costs a warning and no more`() throws {
    try withTemporaryFolder { folder in
      try write("in the way", to: "\(folder)/file")
      let warnings = Warnings()
      let cache = BlockCache(folder: "\(folder)/file/cache", bytesMax: 1 << 20) {
        warnings.add($0)
      }
      let section = cache.section("abc", of: listing(count: 40))
      for number in 1...3 { add(number, to: section) }
      #expect(section.read(block(1), byteCount: 4_000) == nil)
      #expect(warnings.all.count == 1 && warnings.all[0].contains("\(folder)/file/cache"))
    }
  }

  @Test(.enabled(if: geteuid() == 0, "mounts a small disk"))
  func `a full disk costs a warning and the caching`() throws {
    try withTemporaryFolder { folder in
      let mount = Process()
      mount.executableURL = URL(filePath: "/usr/bin/mount")
      mount.arguments = ["-t", "tmpfs", "-o", "size=64k", "none", folder]
      mount.standardError = FileHandle.nullDevice
      try mount.run()
      mount.waitUntilExit()
      try #require(mount.terminationStatus == 0)
      defer { umount2(folder, 0) }
      let warnings = Warnings()
      let cache = BlockCache(folder: folder, bytesMax: 1 << 20) { warnings.add($0) }
      let section = cache.section("abc", of: listing(count: 40))
      for number in 1...30 { add(number, to: section) }
      #expect(warnings.all.count == 1, "\(warnings.all)")
      #expect(warnings.all.first?.contains("No space left") == true, "\(warnings.all)")
      // What fitted is still there and whole.
      #expect(section.read(block(1), byteCount: 4_000) == bytes(1))
      #expect(section.read(block(30), byteCount: 4_000) == nil)
    }
  }
}
