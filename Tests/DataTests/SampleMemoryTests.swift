import Data
import Synchronization
import Tensors
import Testing

@Suite struct SampleMemoryTests {
  /// Samples of 1,000 pixels each; counts how often one is read.
  private final class Counted: SampleSource {
    let count = 10
    let classNames: [String] = []
    let labelNames: [String] = []
    let split: String
    let splits = ["train", "val"]
    private let read = Mutex<[Int]>([])
    private let announced = Mutex<[Int]>([])

    init(_ split: String = "train") { self.split = split }

    var reads: [Int] { read.withLock { $0 } }
    var expected: [Int] { announced.withLock { $0 } }

    func sample(at index: Int) throws -> Sample {
      read.withLock { $0.append(index) }
      guard index != 9 else {
        throw DataError(file: "9", problem: "is damaged", advice: "Restore it")
      }
      return Sample(
        id: "\(split) \(index)",
        image: SampleImage(ByteTensor(repeating: UInt8(index), shape: [10, 33, 3])))
    }

    func name(at index: Int) -> String { "\(index)" }
    func expect(_ samples: [Int]) { announced.withLock { $0 += samples } }

    func manifest() throws -> DataManifest {
      DataManifest(origin: "test", split: split, classNames: [], labelNames: [], entries: [])
    }
  }

  @Test func `a sample is read once while there is room`() throws {
    let (memory, base) = (SampleMemory(bytesMax: 1 << 20), Counted())
    let source = memory.keeping(base)
    for _ in 0..<3 {
      for index in 0..<9 { #expect(try source.sample(at: index).id == "train \(index)") }
    }
    #expect(base.reads == Array(0..<9))
    #expect(memory.counts == (hits: 18, misses: 9))
    source.expect([3, 9])
    #expect(base.expected == [9])
  }

  @Test func `memory stays within its bound, and what is kept stays`() throws {
    let (memory, base) = (SampleMemory(bytesMax: 4_000), Counted())
    let source = memory.keeping(base)
    for _ in 0..<2 { for index in 0..<9 { _ = try source.sample(at: index) } }
    #expect(memory.byteCount <= 4_000)
    #expect(memory.counts.hits == 3)
    #expect(base.reads.count == 15)
  }

  /// What two epochs of views show, or why they cannot, with so much memory for samples.
  private func views(_ files: [String: [UInt8]], scaled: Bool, bytesMax: Int) throws -> [[UInt8]] {
    let memory = SampleMemory(bytesMax: bytesMax)
    let source = memory.keeping(try ClassFolderSource(files: MemoryFiles(files), split: "train"))
    var augmentation = Augmentation(
      size: ImageSize(height: 12, width: 16),
      framing: .resizedCrop(scale: 0.05...0.4, ratio: 0.75...1.5))
    augmentation.decodesScaled = scaled
    return try (0..<2).flatMap { epoch in
      try (0..<source.count).map { index in
        let image = try #require(try source.sample(at: index).image)
        let key = RandomKey(seed: 5).derived(epoch).derived(index)
        do { return try augmentation(image, key: key).image.elements } catch let error as DataError
        {
          return Array(error.description.utf8)
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func `views are the same to the bit whatever is in memory`(scaled: Bool) throws {
    var files: [String: [UInt8]] = [:]
    for number in 0..<24 {
      let picture = ByteTensor(shape: [90, 120, 3]) { out in
        for index in out.indices { out[index] = UInt8((index * (number + 3) / 7) % 256) }
      }
      var bytes = number % 4 == 0 ? picture.pngBytes() : picture.jpegBytes()
      // Some end too early, which a view may not notice.
      if number % 3 == 0 { bytes.removeLast(bytes.count / 4) }
      files["train/a/\(100 + number).\(number % 4 == 0 ? "png" : "jpg")"] = bytes
    }
    let none = try views(files, scaled: scaled, bytesMax: 0)
    #expect(none.count == 48)
    let broken = none.count { $0.count != 12 * 16 * 3 }
    #expect((1..<16).contains(broken), "\(broken) of 16 damaged ones")
    for bytes in [1, 100_000, 300_000, 1 << 30] {
      #expect(try views(files, scaled: scaled, bytesMax: bytes) == none, "\(bytes) bytes")
    }
  }

  @Test func `splits are told apart, errors are not kept, 0 keeps nothing`() throws {
    let memory = SampleMemory(bytesMax: 1 << 20)
    let (train, other) = (memory.keeping(Counted()), memory.keeping(Counted("val")))
    #expect(try train.sample(at: 1).id == "train 1")
    #expect(try other.sample(at: 1).id == "val 1")
    for _ in 0..<2 { #expect(throws: DataError.self) { try train.sample(at: 9) } }
    let (none, base) = (SampleMemory(bytesMax: 0), Counted())
    let source = none.keeping(base)
    for _ in 0..<2 { _ = try source.sample(at: 0) }
    #expect(base.reads == [0, 0] && none.byteCount == 0)
  }
}
