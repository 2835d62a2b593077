import Data
import Foundation
import Synchronization
import TestSupport
import Testing

/// A folder behind a supply that answers on a thread of its own, as a network would.
private final class SlowSupply: BlockSupply {
  let root: String
  let listing: FileListing
  /// Damages so many answers before they are right.
  let damages: Mutex<Int>
  let asked = Mutex<[FileBlock]>([])
  /// Answers nothing while it is held.
  let gate = Mutex(())

  init(_ root: String, damages: Int = 0) throws {
    self.root = root
    listing = try FileListing(of: root)
    self.damages = Mutex(damages)
  }

  func request(
    _ blocks: [FileBlock], isUrgent: Bool,
    deliver: @escaping @Sendable ([BlockDelivery]) -> Void
  ) {
    asked.withLock { $0 += blocks }
    Thread.detachNewThread { [self] in
      gate.withLock { _ in }
      for block in blocks {
        let entry = listing.entries[block.file]
        do {
          let range = block.range(in: entry.byteCount)
          var bytes = [UInt8](repeating: 0, count: range.count)
          try bytes.withUnsafeMutableBytes { try entry.read(below: root, in: range, into: $0) }
          let hash = contentHash(bytes)
          let isDamaged = damages.withLock { damages in
            damages -= 1
            return damages >= 0
          }
          if isDamaged { bytes[0] ^= 1 }
          deliver([BlockDelivery(block, .bytes(bytes, hash: hash))])
        } catch { deliver([BlockDelivery(block, .refused(reason: "\(error)", advice: ""))]) }
      }
    }
  }
}

@Suite struct ServedFilesTests {
  private func bytes(_ count: Int, _ seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 ^ ($0 >> 9)) }
  }

  /// Small, empty and large files in folders.
  private func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    try withTemporaryFolder { root in
      try write(bytes(3_500_000, 1), to: "\(root)/large.bin")
      try write(bytes(20_000, 2), to: "\(root)/a/b/small.bin")
      try write(bytes(20_000, 3), to: "\(root)/a-b.bin")
      try write([], to: "\(root)/a/empty.bin")
      try write("hidden", to: "\(root)/.hidden")
      try write("one\ntwo\n", to: "\(root)/lists/train.txt")
      return try body(root)
    }
  }

  @Test func `served files read as the folder does`() throws {
    try withFolder { root in
      let (local, supply) = (try LocalFiles(root), try SlowSupply(root))
      let served = ServedFiles(root: "/far", listing: supply.listing, supply: supply, cache: nil)
      for folder in ["", "a", "a/b", "lists"] {
        #expect(try served.names(in: folder) == local.names(in: folder))
        #expect(served.isFolder(folder))
      }
      for name in ["large.bin", "a/b/small.bin", "a-b.bin", "a/empty.bin", "lists/train.txt"] {
        #expect(try served.bytes(of: name) == local.bytes(of: name))
        #expect(try served.byteCount(of: name) == local.byteCount(of: name))
      }
      for range in [0..<1, 1_048_575..<1_048_577, 5..<3_400_000, 3_499_999..<3_500_000, 7..<7] {
        #expect(
          try served.bytes(of: "large.bin", in: range) == local.bytes(of: "large.bin", in: range))
      }
      #expect(served.kind(of: ".hidden") == nil && served.kind(of: "a/b/none") == nil)
      #expect(throws: DataError.self) { try served.bytes(of: "none") }
      #expect(throws: DataError.self) { try served.names(in: "none") }
      #expect(throws: DataError.self) { try served.bytes(of: "a-b.bin", in: 0..<20_001) }
    }
  }

  @Test func `what is expected is asked for once and before it is read`() throws {
    try withFolder { root in
      let supply = try SlowSupply(root)
      let served = ServedFiles(root: "/far", listing: supply.listing, supply: supply, cache: nil)
      served.expect([FilePart("large.bin", 0..<2_000_000), FilePart("a-b.bin"), FilePart("none")])
      #expect(supply.asked.withLock { $0.count } == 3)
      _ = try served.bytes(of: "large.bin", in: 0..<2_000_000)
      _ = try served.bytes(of: "a-b.bin")
      #expect(supply.asked.withLock { $0.count } == 3)
      #expect(served.counts == (0, 3))
      _ = try served.bytes(of: "a-b.bin")
      #expect(served.counts == (1, 3))
    }
  }

  @Test func `a damaged block is asked for again, and given up in the end`() throws {
    try withFolder { root in
      let supply = try SlowSupply(root, damages: 2)
      let served = ServedFiles(root: "/far", listing: supply.listing, supply: supply, cache: nil)
      #expect(try served.bytes(of: "a-b.bin") == bytes(20_000, 3))
      let broken = try SlowSupply(root, damages: .max)
      let never = ServedFiles(root: "/far", listing: broken.listing, supply: broken, cache: nil)
      let error = #expect(throws: DataUnavailable.self) { try never.bytes(of: "a-b.bin") }
      #expect(error?.reason.contains("damaged") == true)
    }
  }

  @Test func `a file that changed since it was listed is refused by name`() throws {
    try withFolder { root in
      let supply = try SlowSupply(root)
      let served = ServedFiles(root: "/far", listing: supply.listing, supply: supply, cache: nil)
      try write(bytes(19_000, 3), to: "\(root)/a-b.bin")
      let error = #expect(throws: DataUnavailable.self) { try served.bytes(of: "a-b.bin") }
      #expect(error?.description.contains("a-b.bin: has 19000 bytes, 20000 when") == true)
      // Of equal size, but written to.
      try write(bytes(20_000, 9), to: "\(root)/a/b/small.bin")
      let other = #expect(throws: DataUnavailable.self) { try served.bytes(of: "a/b/small.bin") }
      #expect(other?.description.contains("was written to after") == true)
    }
  }

  @Test func `nobody who reads waits for the cache's disk, which takes later what it can`() throws {
    try withTemporaryFolder { folder in
      let root = "\(folder)/data"
      let count = 50
      try write(
        (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: 1 << 20) },
        to: "\(root)/large.bin")
      let cache = BlockCache(folder: "\(folder)/cache", bytesMax: 1 << 30) {
        Issue.record("\($0)")
      }
      let supply = try SlowSupply(root)
      let section = cache.section("abc", of: supply.listing)
      let served = ServedFiles(
        root: "/far", listing: supply.listing, supply: supply, cache: section)
      func held() -> Int {
        (0..<count).count { section.holds(FileBlock(file: 0, index: $0)) }
      }
      // Whoever has the lock keeps the cache from taking anything.
      let lock = open("\(folder)/cache/lock", O_RDWR)
      defer { close(lock) }
      #expect(flock(lock, LOCK_EX) == 0)
      let local = try LocalFiles(root)
      func read(_ files: some FileTree) throws -> Bool {
        try stride(from: 0, to: count << 20, by: 1 << 20).allSatisfy { start in
          let range = start..<start + (1 << 20)
          return try files.bytes(of: "large.bin", in: range)
            == local.bytes(of: "large.bin", in: range)
        }
      }
      #expect(try read(served))
      #expect(held() == 0)
      flock(lock, LOCK_UN)
      served.finishCaching()
      let taken = held()
      #expect((1..<count).contains(taken), "what may wait is bounded")
      let again = ServedFiles(root: "/far", listing: supply.listing, supply: supply, cache: section)
      #expect(try read(again))
      #expect(again.counts == (UInt64(taken), UInt64(count - taken)))
      again.finishCaching()
      #expect(held() == count)
    }
  }

  @Test func `closing ends whoever waits`() throws {
    try withFolder { root in
      let supply = try SlowSupply(root)
      let served = ServedFiles(root: "/far", listing: supply.listing, supply: supply, cache: nil)
      supply.gate.withLock { _ in
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
          #expect(throws: DataUnavailable.self) { try served.bytes(of: "large.bin") }
          ended.signal()
        }
        while supply.asked.withLock({ $0.isEmpty }) { sched_yield() }
        served.close()
        ended.wait()
      }
    }
  }

  @Test func `a listing survives its bytes and nothing else`() throws {
    try withFolder { root in
      let listing = try FileListing(of: root)
      #expect(
        listing.entries.map(\.name) == [
          "a-b.bin", "a/b/small.bin", "a/empty.bin", "large.bin", "lists/train.txt",
        ])
      let bytes = listing.bytes
      #expect(try FileListing(bytes: bytes, path: "x") == listing)
      let text = String(decoding: bytes, as: UTF8.self)
      for damaged in [
        "", "martlet data files 1", text + "5", String(text.dropLast()),
        text.replacingOccurrences(of: "large.bin", with: "../large.bin"),
        text.replacingOccurrences(of: "large.bin", with: "a//large.bin"),
        text.replacingOccurrences(of: "large.bin", with: "A"),
        text.replacingOccurrences(of: "3500000 ", with: "-1 "),
        text.replacingOccurrences(of: "3500000 ", with: "99999999999999999999 "),
      ] {
        #expect(throws: DataError.self) { try FileListing(bytes: Array(damaged.utf8), path: "x") }
      }
    }
  }

  @Test func `a folder's files are listed in the byte order of their names`() throws {
    try withTemporaryFolder { root in
      // "-" and "." stand before "/", "0" behind it.
      let names = ["a-b", "a.b", "a/-", "a/b/c", "a/b0", "a0", "b"]
      for name in names.reversed() { try write([1], to: "\(root)/\(name)") }
      #expect(try FileListing(of: root).entries.map(\.name) == names)
    }
  }

  @Test func `the first difference between two folders is named`() throws {
    try withFolder { root in
      let listing = try FileListing(of: root)
      func difference(_ change: (String) throws -> Void) throws -> String? {
        try withFolder { other in
          try change(other)
          return try listing.firstDifference(in: other)
        }
      }
      #expect(try difference { _ in } == nil, "times do not count")
      #expect(
        try difference { try write("x", to: "\($0)/b.bin") } == "b.bin is here alone")
      #expect(
        try difference { try FileManager.default.removeItem(atPath: "\($0)/lists/train.txt") }
          == "lists/train.txt is missing here")
      #expect(
        try difference { try write([1], to: "\($0)/a-b.bin") }
          == "a-b.bin has 1 bytes here and 20000 there")
      #expect(
        try difference { try write("two\none\n", to: "\($0)/lists/train.txt") }
          == "lists/train.txt has other content")
    }
  }
}
