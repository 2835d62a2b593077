// How the values that several conversations share stand on the wire.

internal import CMessages

extension Position: WireValue {
  init(_ wire: Martlet__Position, _ fields: Fields) throws(WireError) {
    self.init(stage: wire.stage, epoch: wire.epoch, step: wire.step)
  }

  func fill(_ wire: inout Martlet__Position, _ scratch: Scratch) {
    wire.stage = stage
    wire.epoch = epoch
    wire.step = step
  }
}

extension Checkpoint: WireValue {
  init(_ wire: Martlet__Checkpoint, _ fields: Fields) throws(WireError) {
    name = try fields.file(wire.name, "name", isPath: false)
    position = try fields.required(wire.position, "position", of: Position.self)
    sha256 = try fields.text(wire.sha256, "sha256", bytesMax: 64)
  }

  func fill(_ wire: inout Martlet__Checkpoint, _ scratch: Scratch) {
    wire.name = scratch.text(name)
    wire.position = scratch.one(position)
    wire.sha256 = scratch.text(sha256)
  }
}

extension Artifact: WireValue {
  init(_ wire: Martlet__Artifact, _ fields: Fields) throws(WireError) {
    name = try fields.file(wire.name, "name", isPath: true)
    size = wire.size
    sha256 = try fields.text(wire.sha256, "sha256", bytesMax: 64)
  }

  func fill(_ wire: inout Martlet__Artifact, _ scratch: Scratch) {
    wire.name = scratch.text(name)
    wire.size = size
    wire.sha256 = scratch.text(sha256)
  }
}

extension NamedText: WireValue {
  init(_ wire: Martlet__NamedText, _ fields: Fields) throws(WireError) {
    name = try fields.text(wire.name, "name", bytesMax: 256)
    value = try fields.text(wire.value, "value", bytesMax: 1024)
  }

  func fill(_ wire: inout Martlet__NamedText, _ scratch: Scratch) {
    wire.name = scratch.text(name)
    wire.value = scratch.text(value)
  }
}

extension NamedNumber: WireValue {
  init(_ wire: Martlet__NamedNumber, _ fields: Fields) throws(WireError) {
    name = try fields.text(wire.name, "name", bytesMax: 256)
    value = wire.value
  }

  func fill(_ wire: inout Martlet__NamedNumber, _ scratch: Scratch) {
    wire.name = scratch.text(name)
    wire.value = value
  }
}
