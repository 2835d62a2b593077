import Glibc
import Layers
import Tensors
import TestSupport
import Testing

/// A path in a directory of its own, which is removed afterwards.
func withTemporaryFile<R>(_ body: (String) throws -> R) throws -> R {
  var template = Array("/tmp/martlet-layers-XXXXXX".utf8CString)
  let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
  let path = directory + "/model.safetensors"
  defer {
    unlink(path)
    rmdir(directory)
  }
  return try body(path)
}

func bytes(of path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "rb"))
  defer { fclose(file) }
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return all }
    all += buffer[..<count]
  }
}

func write(_ bytes: [UInt8], to path: String) throws {
  let file = try #require(fopen(path, "wb"))
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}

/// A file with this header and data.
private func file(_ header: String, _ data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  let count = length ?? UInt64(header.utf8.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8) + data
}

@Suite struct SafetensorsTests {
  @Test func `writes the bytes that the format asks for`() throws {
    try withTemporaryFile { path in
      try Safetensors.write(
        [
          .init("b", Tensor([1, -2], shape: [2, 1])), .init("a", Tensor(3), as: .int64),
          .init("c\"d", Tensor.zeros([0, 4])),
        ], metadata: ["format": "pt"], to: path)
      let header =
        #"{"__metadata__":{"format":"pt"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},"#
        + #""c\"d":{"dtype":"F32","shape":[0,4],"data_offsets":[16,16]}}"#
      let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
      let data: [UInt8] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]
      #expect(try bytes(of: path) == file(padded, data))
    }
  }

  @Test func `reads what it wrote`() throws {
    try withTemporaryFile { path in
      let x = Tensor.normal([3, 2, 5], key: RandomKey(seed: 1))
      try Safetensors.write(
        [.init("naïve/名", x), .init("count", Tensor(7), as: .int64)], metadata: ["a": "b\n"],
        to: path)
      let back = try SafetensorsFile(path: path)
      #expect(back.metadata == ["a": "b\n"])
      #expect(try back.tensor(named: "naïve/名").elements == x.elements)
      #expect(try back.tensor(named: "count").scalar == 7)
      #expect(back.entry(named: "naïve/名")?.shape == [3, 2, 5])
      #expect(throws: SafetensorsError.noTensor(file: path, tensor: "x")) {
        try back.tensor(named: "x")
      }
    }
  }

  @Test func `reads a file of the Python package`() throws {
    // safetensors 0.8.0 save_file({"a": float16 arange(6).reshape(2, 3), "b": int64 [1, 2]}).
    let header =
      #"{"__metadata__":{"x":"é\n"},"b":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"#
      + #""a":{"dtype":"F16","shape":[2,3],"data_offsets":[16,28]}}    "#
    let data: [UInt8] =
      [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
      + [0x00, 0x00, 0x00, 0x3C, 0x00, 0x40, 0x00, 0x42, 0x00, 0x44, 0x00, 0x45]
    try withTemporaryFile { path in
      try write(file(header, data), to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata == ["x": "é\n"])
      #expect(try file.tensor(named: "a").elements == [0, 1, 2, 3, 4, 5])
      #expect(try file.tensor(named: "b").elements == [1, 2])
    }
  }

  @Test func `converts every type of element`() throws {
    let cases: [(String, [UInt8], [Float])] = [
      ("F16", [0x00, 0x3C, 0x01, 0x00, 0x00, 0xFC, 0x00, 0x80], [1, 0x1p-24, -.infinity, 0]),
      ("BF16", [0x80, 0x3F, 0x00, 0xC0], [1, -2]),
      ("F64", [0, 0, 0, 0, 0, 0, 0xF8, 0x3F], [1.5]),
      ("I64", [0xFE, 255, 255, 255, 255, 255, 255, 255], [-2]),
      ("I32", [0, 1, 0, 0], [256]), ("I16", [255, 255], [-1]), ("I8", [0x80], [-128]),
      ("U64", [0, 0, 0, 0, 1, 0, 0, 0], [0x1p32]), ("U32", [0, 0, 0, 0x80], [0x1p31]),
      ("U16", [255, 255], [65535]), ("U8", [200], [200]), ("BOOL", [1, 0], [1, 0]),
      ("F32", [0, 0, 0xC0, 0x7F], [.nan]),
    ]
    for (type, data, expected) in cases {
      try withTemporaryFile { path in
        let header =
          #"{"x":{"dtype":"\#(type)","shape":[\#(expected.count)],"#
          + #""data_offsets":[0,\#(data.count)]}}"#
        try write(file(header, data), to: path)
        let found = try SafetensorsFile(path: path).tensor(named: "x").elements
        #expect(
          zip(found, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(type) \(found)"
        )
      }
    }
  }

  @Test func `refuses a damaged file and names it`() throws {
    for (number, damaged) in Self.damagedFiles.enumerated() {
      try withTemporaryFile { path in
        try write(damaged, to: path)
        let error = #expect(throws: SafetensorsError.self, "case \(number)") {
          try SafetensorsFile(path: path)
        }
        #expect(try #require(error).description.contains(path))
      }
    }
  }

  private static let damagedFiles: [[UInt8]] = [
    file("{}", length: 3), file("{}", length: .max), file("{}", length: 200_000_000), [1, 2, 3],
    file("{} x"), file("{"), file("[1]"), file(#"{"a"}"#), file(#"{"a":{}}"#),
    file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#),
    file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, [0, 0, 0, 0]),
    file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, [0, 0, 0, 0]),
    file(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, [0, 0, 0, 0]),
    file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, [0, 0, 0, 0, 0]),
    file(
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, [0, 0, 0, 0]),
    file(#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#),
    file(
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, [0, 0, 0]),
    file(
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
        + #""a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, [0, 0]),
    file(#"{"a\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#),
    file(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}"#),
    file(String(repeating: #"{"a":"#, count: 100_000)),
  ]

  @Test func `refuses axes whose product is beyond 64 bits although another is 0`() throws {
    try withTemporaryFile { path in
      let shape = "[0,\(1 << 40),\(1 << 40)]"
      try write(
        file(#"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,0]}}"#), to: path)
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
      #expect(error?.description.contains("beyond 64 bits") == true)
    }
  }

  @Test func `survives any single byte being changed`() throws {
    try withTemporaryFile { path in
      try Safetensors.write(
        [.init("a", Tensor([1, 2])), .init("b", Tensor([3, 4, 5], shape: [3, 1]))],
        metadata: ["k": "v"], to: path)
      let good = try bytes(of: path)
      let key = RandomKey(seed: 3)
      var refused = 0
      for index in good.indices {
        var bad = good
        bad[index] = UInt8(key.integer(index, below: 256))
        try write(bad, to: path)
        do {
          let file = try SafetensorsFile(path: path)
          for entry in file.entries { _ = try file.tensor(named: entry.name) }
        } catch is SafetensorsError {
          refused += 1
        }
      }
      #expect(refused > good.count / 2)
    }
  }

  @Test func `keeps the old file when the new one cannot be written`() throws {
    try withTemporaryFile { path in
      try Safetensors.write([.init("a", Tensor([1]))], to: path)
      let before = try bytes(of: path)
      // A limit on file sizes stands for the full disk: the same failing write. It holds for the
      // whole process, so it is more than other tests write.
      var old = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
      let previous = signal(SIGXFSZ, SIG_IGN)
      var small = rlimit(rlim_cur: 16 << 20, rlim_max: old.rlim_max)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
      let error = #expect(throws: FileError.self) {
        try Safetensors.write([.init("a", Tensor.zeros([5 << 20]))], to: path)
      }
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
      signal(SIGXFSZ, previous)
      #expect(try #require(error).number == EFBIG)
      #expect(try #require(error).description.contains(path))
      #expect(try bytes(of: path) == before)
      #expect(throws: FileError.self) {
        try Safetensors.write([], to: path + "/no/such/directory")
      }
    }
  }

  @Test func `names a file by its SHA-256`() throws {
    #expect(
      Digest.sha256(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    try withTemporaryFile { path in
      try write(Array("abc".utf8), to: path)
      #expect(try Digest.sha256(file: path) == Digest.sha256(Array("abc".utf8)))
      #expect(throws: FileError.self) { try Digest.sha256(file: path + "x") }
    }
  }
}
