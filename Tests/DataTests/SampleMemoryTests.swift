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
        id: "\(split) \(index)", image: ByteTensor(repeating: UInt8(index), shape: [10, 100, 1]))
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
