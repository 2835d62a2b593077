import Layers
import TestSupport
import Tensors
import Testing

@Suite struct ArenaTests {
  /// One of every layout.
  private func mixed(seed: UInt64) -> Arena {
    built(seed: seed) { scope in
      _ = Convolution(4, 6, kernel: [3, 5], groups: 2, in: &scope["a"])
      _ = Convolution(4, 6, kernel: 2, dimensions: 3, in: &scope["b"])
      _ = TransposedConvolution(4, 6, kernel: 3, groups: 2, in: &scope["c"])
      _ = Linear(
        24, 3, afterFlatten: (height: 2, width: 3, channels: 4), in: &scope["d"])
      _ = BatchNorm(5, in: &scope["e"])
    }.1
  }

  @Test func `imports what it exported, to the bit`() throws {
    try withTemporaryFile { path in
      let (one, other) = (mixed(seed: 1), mixed(seed: 2))
      let counter = try #require(one.index(named: "e.num_batches_tracked"))
      one.write(Tensor(41), at: counter)
      try Safetensors.write(one.exported(), to: path)
      #expect(one.exported()[0].tensor.elements != other.exported()[0].tensor.elements)
      let report = try other.load(from: SafetensorsFile(path: path))
      #expect(report.isComplete)
      #expect(report.loaded.count == one.entries.count)
      #expect(Array(one.bytes) == Array(other.bytes))
    }
  }

  @Test func `writes the same file for the same model, whatever the order of declaration`() throws {
    func digest(_ order: [String]) throws -> String {
      let (_, arena) = built { scope in for name in order { _ = Linear(3, 2, in: &scope[name]) } }
      return try withTemporaryFile { path in
        try Safetensors.write(arena.exported(), to: path)
        return try Digest.sha256(file: path)
      }
    }
    #expect(try digest(["x", "y", "z"]) == digest(["z", "x", "y"]))
  }

  @Test func `reports what it could not load and leaves it alone`() throws {
    try withTemporaryFile { path in
      try Safetensors.write(
        [
          .init("model.a.weight", .zeros([2, 3])), .init("model.b.weight", .zeros([1])),
          .init("model.extra", .zeros([1])),
        ], to: path)
      let (_, arena) = built { scope in
        _ = Linear(3, 2, bias: false, in: &scope["net.a"])
        _ = Linear(3, 2, in: &scope["net.b"])
        _ = Linear(3, 2, in: &scope["other"])
      }
      let before = arena.exported()
      let report = try arena.load(
        from: SafetensorsFile(path: path), below: "net",
        renaming: { $0.hasPrefix("model.") ? String($0.dropFirst(6)) : nil })
      #expect(report.loaded == ["net.a.weight"])
      #expect(report.missing == ["net.b.bias"])
      #expect(report.unexpected == ["model.extra"])
      let mismatch = try #require(report.mismatchedShape.first)
      #expect(report.mismatchedShape.count == 1 && mismatch.name == "net.b.weight")
      #expect(mismatch.expected == [2, 3] && mismatch.found == [1])
      #expect(!report.isComplete)
      let after = arena.exported()
      for (old, new) in zip(before, after) {
        let isLoaded = old.name == "net.a.weight"
        #expect((old.tensor.elements == new.tensor.elements) == !isLoaded, "\(old.name)")
      }
    }
  }

  @Test func `exports one part without its prefix`() throws {
    let (_, arena) = built { scope in
      _ = Linear(3, 2, bias: false, in: &scope["visual.head"])
      _ = Linear(3, 2, bias: false, in: &scope["visually"])
    }
    #expect(arena.exported(below: "visual").map(\.name) == ["head.weight"])
    #expect(arena.exported { $0.name != "visually.weight" }.map(\.name) == ["visual.head.weight"])
  }

  @Test func `draws initial values by name alone`() throws {
    let (small, _) = built { scope in Linear(3, 2, in: &scope["a"]) }
    let (large, _) = built { scope in
      _ = Linear(5, 5, in: &scope["first"])
      return Linear(3, 2, in: &scope["a"])
    }
    #expect(small.weight.value.elements == large.weight.value.elements)
  }
}

@Suite struct ParameterCopyTests {
  @Test func `begins as its source, follows it and stands in for it`() throws {
    let (parts, arena) = built { scope in
      let student = Linear(2, 1, bias: false, in: &scope["student"])
      let norm = BatchNorm(1, in: &scope["student.bn"])
      return (student, norm, ParameterCopy(of: scope["student"], in: &scope["teacher"]))
    }
    let (student, norm, teacher) = parts
    #expect(teacher.copies[0].name == "teacher.weight")
    #expect(teacher.copies[0].value.elements == student.weight.value.elements)
    #expect(teacher.stateCopies.map(\.name).contains("teacher.bn.running_mean"))
    arena.write(Tensor([1, 2], shape: [1, 2]), at: student.weight.index)
    teacher.reset()
    arena.write(Tensor([3, 6], shape: [1, 2]), at: student.weight.index)
    norm.runningMean.write(Tensor([8]))
    norm.batchesTracked.write(Tensor(3))
    teacher.average(momentum: 0.75)
    #expect(teacher.copies[0].value.elements == [1.5, 3])
    let x = Tensor([1, 1], shape: [1, 2])
    #expect(student(x).scalar == 9)
    try teacher.evaluate {
      #expect(student(x).scalar == 4.5)
      #expect(norm.runningMean.value.elements == [2])
      #expect(norm.batchesTracked.value.scalar == 3)
      _ = try norm(.ones([2, 1]), alone(training: true))
    }
    #expect(student(x).scalar == 9)
    #expect(norm.batchesTracked.value.scalar == 3)
  }

  @Test func `may have running statistics of its own`() throws {
    let (parts, _) = built { scope in
      let norm = BatchNorm(1, momentum: 0.5, in: &scope["student.bn"])
      return (norm, ParameterCopy(of: scope["student"], in: &scope["teacher"]))
    }
    let (norm, teacher) = parts
    let thread = ReplicaThread()
    try thread.run {
      try teacher.evaluate(keepsOwnStates: true) {
        _ = try norm(Tensor([4, 4], shape: [2, 1]), alone(training: true))
        #expect(norm.runningMean.value.elements == [2])
      }
      #expect(norm.runningMean.value.elements == [0])
      _ = try norm(Tensor([8, 8], shape: [2, 1]), alone(training: true))
      teacher.average(momentum: 0, includingStates: false)
    }
    func staged(_ state: State) -> [Float]? { thread.staged[state.index]?.elements }
    #expect(staged(norm.runningMean) == [4])
    let copy = try #require(teacher.stateCopies.first { $0.name == "teacher.bn.running_mean" })
    #expect(staged(copy) == [2])
  }

  @Test func `keeps a staged copy when its source changes before the commit`() {
    let (parts, arena) = built { scope in
      let student = Linear(2, 1, bias: false, in: &scope["student"])
      return (student.weight, ParameterCopy(of: [student.weight], in: &scope["teacher"]))
    }
    let (source, teacher) = parts
    let before = source.value.elements
    ReplicaThread().run {
      teacher.reset()
      arena.write(Tensor([7, 8], shape: [1, 2]), at: source.index)
      #expect(teacher.copies[0].value.elements == before)
    }
  }

  @Test func `begins as its source again when that is loaded`() throws {
    try withTemporaryFile { path in
      let (parts, arena) = built { scope in
        let student = Linear(2, 1, bias: false, in: &scope["student"])
        return (student, ParameterCopy(of: [student.weight], in: &scope["teacher"]))
      }
      try Safetensors.write([.init("student.weight", Tensor([4, 5], shape: [1, 2]))], to: path)
      let report = try arena.load(from: SafetensorsFile(path: path))
      #expect(report.isComplete)
      #expect(parts.1.copies[0].value.elements == [4, 5])
    }
  }
}
