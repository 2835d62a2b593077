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

  private func block(_ number: Int) -> FileBlock { FileBlock(file: number, index: 0) }

  private func add(_ number: Int, to section: BlockCache.Section, count: Int = 4_000) {
    let bytes = bytes(number, count: count)
    section.write(block(number), bytes, hash: contentHash(bytes))
  }

  /// Bytes of all files below a folder, and how many.
  private func content(of folder: String) throws -> (files: Int, bytes: Int) {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    let sizes = try names.compactMap { name -> Int? in
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      guard attributes[.type] as? FileAttributeType == .typeRegular else { return nil }
      return (attributes[.size] as? NSNumber)?.intValue
    }
    return (sizes.count, sizes.reduce(0, +))
  }

  @Test func `gives back what was written, and nothing that was damaged`() throws {
    try withTemporaryFolder { folder in
      let cache = BlockCache(folder: folder, bytesMax: 1 << 20) { Issue.record("\($0)") }
      let section = cache.section("abc")
      #expect(!section.holds(block(3)) && section.read(block(3), byteCount: 4_000) == nil)
      add(3, to: section)
      #expect(section.holds(block(3)))
      #expect(section.read(block(3), byteCount: 4_000) == bytes(3))
      #expect(cache.section("other").read(block(3), byteCount: 4_000) == nil)
      // Of another length than the listing says.
      #expect(section.read(block(3), byteCount: 3_999) == nil)
      #expect(!section.holds(block(3)))
      add(3, to: section)
      let path = "\(folder)/abc/0/3-0"
      var stored = try Data(contentsOf: URL(filePath: path))
      stored[17] ^= 1
      try stored.write(to: URL(filePath: path))
      #expect(section.read(block(3), byteCount: 4_000) == nil)
      #expect(!section.holds(block(3)))
    }
  }

  @Test func `never holds more than its bound, and drops what was used least recently`() throws {
    try withTemporaryFolder { folder in
      let bound = 256 << 10
      let cache = BlockCache(folder: folder, bytesMax: bound) { Issue.record("\($0)") }
      let section = cache.section("abc")
      for number in 1...200 {
        add(number, to: section)
        try #expect(content(of: folder).bytes <= bound)
      }
      #expect(section.holds(block(200)) && !section.holds(block(1)))
      // A block larger than all is not taken.
      add(1_000, to: section, count: 300 << 10)
      #expect(!section.holds(block(1_000)) && section.holds(block(200)))
    }
  }

  @Test func `several users of one folder keep its bound and read only whole blocks`() throws {
    try withTemporaryFolder { folder in
      let bound = 512 << 10
      let group = DispatchGroup()
      for user in 0..<4 {
        group.enter()
        Thread.detachNewThread {
          let cache = BlockCache(folder: folder, bytesMax: bound) { Issue.record("\($0)") }
          let section = cache.section("abc")
          for round in 0..<150 {
            let number = 1 + (round * 7 + user * 3) % 200
            if let found = section.read(self.block(number), byteCount: 4_000) {
              #expect(found == self.bytes(number))
            } else {
              self.add(number, to: section)
            }
          }
          group.leave()
        }
      }
      group.wait()
      try #expect(content(of: folder).bytes <= bound)
    }
  }

  @Test func `what a killed user left is swept, and its count forgotten`() throws {
    try withTemporaryFolder { folder in
      let bound = 64 << 10
      let unfinished = "\(folder)/unfinished/dead-1"
      try write([UInt8](repeating: 1, count: 30_000), to: unfinished)
      // It had counted bytes that it never wrote.
      try write([0, 0, 0, 0, 1, 0, 0, 0], to: "\(folder)/lock")
      let cache = BlockCache(folder: folder, bytesMax: bound) { Issue.record("\($0)") }
      let section = cache.section("abc")
      add(1, to: section)
      #expect(section.holds(block(1)))
      // It may still be at work.
      #expect(FileManager.default.fileExists(atPath: unfinished))
      try FileManager.default.setAttributes(
        [.modificationDate: Date().addingTimeInterval(-3_600)], ofItemAtPath: unfinished)
      for number in 2...20 { add(number, to: section) }
      #expect(!FileManager.default.fileExists(atPath: unfinished))
      try #expect(content(of: folder).bytes <= bound)
    }
  }

  @Test func `a folder that takes nothing costs a warning and no more`() throws {
    try withTemporaryFolder { folder in
      try write("in the way", to: "\(folder)/file")
      let warnings = Warnings()
      let cache = BlockCache(folder: "\(folder)/file/cache", bytesMax: 1 << 20) {
        warnings.add($0)
      }
      let section = cache.section("abc")
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
      let section = cache.section("abc")
      for number in 1...30 { add(number, to: section) }
      #expect(warnings.all.count == 1, "\(warnings.all)")
      #expect(warnings.all.first?.contains("No space left") == true, "\(warnings.all)")
      // What fitted is still there and whole.
      #expect(section.read(block(1), byteCount: 4_000) == bytes(1))
      #expect(section.read(block(30), byteCount: 4_000) == nil)
    }
  }
}
