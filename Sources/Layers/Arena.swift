import Tensors

/// All that outlives a step, in one flat block of memory: parameters, their copies, optimiser
/// moments and state, in sections.
///
/// A model's construction declares entries through `Scope`; `seal` then lays them out, allocates
/// and writes the initial values. `Parameter` and `State` are views. One arena a worker, read by
/// its replica threads; written only between steps or by the step's transaction.
public final class Arena: @unchecked Sendable {
  /// A named tensor of the arena.
  public struct Entry: Sendable {
    public enum Kind: Sendable, Equatable {
      case parameter
      /// Running statistics, queues, banks, counters.
      case state
    }

    /// The ecosystem's name, such as "encoder.layer1.0.conv1.weight".
    public let name: String
    public let kind: Kind
    /// As the kernels want it.
    public let shape: [Int]
    public let layout: ParameterLayout
    let initial: Initializer
    /// The entry whose value this one begins with, in place of `initial`.
    var source: Int?
    /// Where updates keep the elements; `nil` for anywhere.
    package var range: ClosedRange<Float>?
    /// Position in the arena, in floats; a multiple of 16.
    package fileprivate(set) var offset = 0
    public var count: Int { shape.reduce(1, *) }
  }

  public private(set) var entries: [Entry] = []
  private var indexByName: [String: Int] = [:]
  private var storage: Storage?
  /// By block, whether it may have changed since `takeChangedBlocks`.
  private var changed: [Bool] = []
  /// Floats of the parameter section, padding included; moments repeat its layout.
  package private(set) var parameterFloats = 0
  package private(set) var momentFloats = 0
  package private(set) var totalFloats = 0

  public init() {}

  /// Whether the memory exists; declarations end and values begin here.
  public var isSealed: Bool { storage != nil }

  func declare(_ entry: Entry) -> Int {
    precondition(!isSealed, "Arena: \(entry.name) declared after the model was built")
    precondition(
      indexByName[entry.name] == nil, "Arena: two entries are named \(entry.name)")
    entries.append(entry)
    indexByName[entry.name] = entries.count - 1
    return entries.count - 1
  }

  public func index(named name: String) -> Int? { indexByName[name] }

  /// Lays the sections out, allocates and writes the initial values.
  ///
  /// - `moments`: How many arrays of the parameters' size the optimiser keeps; zeroed.
  /// - `key`: Initial values are keyed by this and the entry's name, so neither the order of
  ///   declarations nor another layer's size changes them.
  public func seal(moments: Int, key: RandomKey) {
    precondition(!isSealed, "Arena: sealed twice")
    var offset = 0
    func place(_ kind: Entry.Kind) {
      for index in entries.indices where entries[index].kind == kind {
        entries[index].offset = offset
        offset += (entries[index].count + 15) & ~15
      }
    }
    place(.parameter)
    parameterFloats = offset
    momentFloats = moments * parameterFloats
    offset += momentFloats
    place(.state)
    totalFloats = offset
    let memory = Storage(byteCount: max(64, offset * 4))
    memory.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: max(64, offset * 4))
    storage = memory
    markAllChanged()
    for index in entries.indices {
      if let source = entries[index].source {
        write(value(at: source), at: index)
        continue
      }
      write(
        entries[index].initial.values(
          shape: entries[index].shape, key: key.derived("initial").derived(entries[index].name)),
        at: index)
    }
  }

  /// The memory from float `offset` on, as a view.
  package func view(offset: Int, shape: [Int]) -> Tensor {
    Tensor(
      shape: shape, strides: Tensor.rowMajor(shape), offset: offset, storage: sealedStorage)
  }

  /// The current value of an entry, a view: read it, and keep no reference past the step.
  package func value(at index: Int) -> Tensor {
    view(offset: entries[index].offset, shape: entries[index].shape)
  }

  /// Replaces the value of an entry. Between steps, or by a transaction, only.
  package func write(_ value: Tensor, at index: Int) {
    let entry = entries[index]
    precondition(
      value.shape == entry.shape, "Arena: \(entry.name) is \(entry.shape), not \(value.shape)")
    value.withUnsafeElements { source in
      _ = self.view(offset: entry.offset, shape: entry.shape).mutableElements.update(from: source)
    }
    markChanged(entry.offset..<entry.offset + entry.count)
  }

  /// Digests are made of blocks of this size, whoever hosts what.
  package static let blockFloats = 64 << 10

  /// Whoever writes into the arena's memory by other ways than `write` says so here.
  package func markChanged(_ floats: Range<Int>) {
    guard !floats.isEmpty else { return }
    let last = (floats.upperBound - 1) / Self.blockFloats
    for block in floats.lowerBound / Self.blockFloats...last { changed[block] = true }
  }

  package func markAllChanged() {
    changed = Array(
      repeating: true, count: (totalFloats + Self.blockFloats - 1) / Self.blockFloats)
  }

  /// Blocks that may have changed since the last call, in order.
  package func takeChangedBlocks() -> [Int] {
    defer { for block in changed.indices { changed[block] = false } }
    return changed.indices.filter { changed[$0] }
  }

  /// The whole arena, for transfer, digest and internal checkpoints.
  package var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: sealedStorage.pointer, count: totalFloats * 4)
  }

  package var sealedStorage: Storage {
    guard let storage else { preconditionFailure("Arena: used before seal") }
    return storage
  }
}
