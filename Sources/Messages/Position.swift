// Where a job stands, and which replicas a worker hosts.

/// A committed place in a job: `step` steps of `epoch` of `stage` are done.
package struct Position: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package var stage: UInt32
  package var epoch: UInt32
  package var step: UInt64

  package init(stage: UInt32 = 0, epoch: UInt32 = 0, step: UInt64 = 0) {
    self.stage = stage
    self.epoch = epoch
    self.step = step
  }

  package static let beginning = Position()

  package static func < (a: Self, b: Self) -> Bool {
    (a.stage, a.epoch, a.step) < (b.stage, b.epoch, b.step)
  }

  package var description: String { "\(stage).\(epoch).\(step)" }
}

/// A contiguous range of a job's replicas, hosted by one worker; never empty.
package struct ReplicaRange: Hashable, Codable, Sendable, CustomStringConvertible {
  package let first: Int
  package let count: Int

  package init(first: Int, count: Int) {
    precondition(first >= 0 && count > 0, "ReplicaRange: first \(first), count \(count)")
    self.first = first
    self.count = count
  }

  package var range: Range<Int> { first..<(first + count) }
  package var description: String { "\(first)..<\(first + count)" }
}

/// A checkpoint in the coordinator's store.
package struct Checkpoint: Hashable, Codable, Sendable {
  /// The folder within the store.
  package var name: String
  package var position: Position
  /// Of its manifest, as hexadecimal text.
  package var sha256: String

  package init(name: String, position: Position, sha256: String) {
    self.name = name
    self.position = position
    self.sha256 = sha256
  }
}

/// A file of a job's folder in the coordinator's store.
package struct Artifact: Hashable, Codable, Sendable {
  package var name: String
  package var size: UInt64
  /// As hexadecimal text.
  package var sha256: String

  package init(name: String, size: UInt64, sha256: String) {
    self.name = name
    self.size = size
    self.sha256 = sha256
  }
}

/// A text under a name, in an order that matters.
package struct NamedText: Hashable, Codable, Sendable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A measured or computed number under a name, in an order that matters.
package struct NamedNumber: Hashable, Codable, Sendable {
  package var name: String
  package var value: Double

  package init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}
