import Data
import Tensors
import TestSupport
import Testing

@Suite struct ImageCodecTests {
  private func noise(_ shape: [Int], seed: UInt64 = 1) -> ByteTensor {
    let key = RandomKey(seed: seed)
    return ByteTensor(
      (0..<shape.reduce(1, *)).map { UInt8(key.integer($0, below: 256)) }, shape: shape)
  }

  private func ramp(_ height: Int, _ width: Int) -> ByteTensor {
    ByteTensor(shape: [height, width, 3]) { out in
      for index in 0..<out.count {
        out[index] = UInt8(
          (index / 3 % width + 2 * (index / 3 / width)) * 255 / (width + 2 * height))
      }
    }
  }

  @Test func `reads its own PNG files to the byte`() throws {
    let picture = noise([13, 7, 3])
    let read = try Image.decoded(picture.pngBytes(), file: "picture.png")
    #expect(read.pixels.elements == picture.elements)
    #expect(read.pixels.shape == [13, 7, 3])
    let gray = noise([5, 9])
    let indices = try Image.decoded(gray.pngBytes(), file: "gray.png", as: .indices)
    #expect(indices.pixels.elements == gray.elements)
    #expect(indices.pixels.shape == [5, 9, 1])
  }

  @Test func `reads palette files as indices and as colours`() throws {
    let mask = ByteTensor([0, 1, 2, 255], shape: [2, 2])
    let file = mask.pngBytes(palette: Palette.voc)
    #expect(try Image.decoded(file, file: "m.png", as: .indices).pixels.elements == [0, 1, 2, 255])
    #expect(
      try Image.decoded(file, file: "m.png").pixels.elements
        == [0, 0, 0, 128, 0, 0, 0, 128, 0, 224, 224, 192])
  }

  @Test func `reads 16-bit, low-depth and transparent PNGs`() throws {
    let deep = PNGBuilder.file(
      width: 2, height: 1, depth: 16, colorType: 0, rows: [[0xFF, 0xFF, 0x80, 0x80]])
    #expect(
      try Image.decoded(deep, file: "deep").pixels.elements == [255, 255, 255, 128, 128, 128])
    #expect(try Image.decoded(deep, file: "deep", as: .gray).pixels.elements == [255, 128])
    let bits = PNGBuilder.file(width: 4, height: 1, depth: 1, colorType: 0, rows: [[0b1010_0000]])
    #expect(try Image.decoded(bits, file: "bits", as: .gray).pixels.elements == [255, 0, 255, 0])
    #expect(try Image.decoded(bits, file: "bits", as: .indices).pixels.elements == [1, 0, 1, 0])
    let clear = PNGBuilder.file(
      width: 1, height: 1, depth: 8, colorType: 6, rows: [[10, 20, 30, 0]])
    #expect(try Image.decoded(clear, file: "clear").pixels.elements == [10, 20, 30])
    let four = PNGBuilder.file(
      width: 2, height: 1, depth: 2, colorType: 3, palette: [9, 8, 7, 1, 2, 3],
      rows: [[0b0100_0000]])
    #expect(try Image.decoded(four, file: "four", as: .indices).pixels.elements == [1, 0])
    #expect(try Image.decoded(four, file: "four").pixels.elements == [1, 2, 3, 9, 8, 7])
  }

  @Test func `refuses colours and deep values as class indices`() throws {
    let color = noise([2, 2, 3]).pngBytes()
    #expect(throws: DataError.self) { try Image.decoded(color, file: "c.png", as: .indices) }
    let deep = PNGBuilder.file(
      width: 1, height: 1, depth: 16, colorType: 0, rows: [[1, 1]])
    #expect(throws: DataError.self) { try Image.decoded(deep, file: "d.png", as: .indices) }
    let jpeg = ramp(8, 8).jpegBytes()
    #expect(throws: DataError.self) { try Image.decoded(jpeg, file: "j.jpg", as: .indices) }
  }

  @Test func `reads its own JPEG files up to compression`() throws {
    let picture = ramp(40, 56)
    let read = try Image.decoded(picture.jpegBytes(quality: 95), file: "ramp.jpg")
    #expect(read.pixels.shape == picture.shape)
    let worst = zip(read.pixels.elements, picture.elements).map { abs(Int($0) - Int($1)) }.max()
    #expect(try #require(worst) <= 6)
    let gray = ByteTensor(repeating: 77, shape: [9, 9])
    let wide = try Image.decoded(gray.jpegBytes(), file: "gray.jpg")
    #expect(wide.pixels.elements == [UInt8](repeating: 77, count: 9 * 9 * 3))
  }

  @Test func `decodes JPEGs at a fraction of their size, sides rounded up`() throws {
    let bytes = ramp(41, 57).jpegBytes()
    let even = ramp(48, 64)
    func mean(_ pixels: ByteTensor) -> Int {
      pixels.elements.reduce(0) { $0 + Int($1) } / pixels.count
    }
    for (shrink, shape) in [(2, [21, 29, 3]), (4, [11, 15, 3]), (8, [6, 8, 3])] {
      let small = try Image.decoded(bytes, file: "ramp.jpg", shrink: shrink).pixels
      #expect(small.shape == shape)
      // At odd sizes the border block reaches outside: brightness is compared at an even one.
      let whole = try Image.decoded(even.jpegBytes(), file: "even.jpg", shrink: shrink).pixels
      #expect(abs(mean(whole) - mean(even)) <= 2)
    }
  }

  @Test func `names the file when it is cut short, wherever that is`() throws {
    for (name, bytes) in [
      ("a.png", noise([20, 20, 3]).pngBytes()), ("b.jpg", noise([40, 40, 3]).jpegBytes()),
    ] {
      for part in 0..<20 {
        let cut = Array(bytes.prefix(bytes.count * part / 20))
        let error = #expect(throws: DataError.self) { try Image.decoded(cut, file: name) }
        #expect(error?.file == name)
      }
    }
  }

  @Test func `survives damaged bytes`() throws {
    let key = RandomKey(seed: 4)
    for (kind, bytes) in [noise([20, 20, 3]).pngBytes(), noise([40, 40, 3]).jpegBytes()]
      .enumerated()
    {
      var refused = 0
      for trial in 0..<400 {
        let draw = key.derived(kind).derived(trial)
        var damaged = bytes
        for hit in 0..<(1 + trial % 4) {
          damaged[draw.integer(2 * hit, below: bytes.count)] = UInt8(
            draw.integer(2 * hit + 1, below: 256))
        }
        do {
          let image = try Image.decoded(damaged, file: "damaged")
          #expect(image.pixels.count <= Image.decodedByteCountMax)
        } catch let error as DataError {
          #expect(error.file == "damaged")
          refused += 1
        }
      }
      #expect(refused > 50)
    }
  }

  @Test func `refuses enormous pictures before taking memory for them`() throws {
    for (width, height) in [(20_000, 20), (16_000, 16_000)] as [(UInt32, UInt32)] {
      let bytes = PNGBuilder.file(width: width, height: height, depth: 8, colorType: 2, rows: [])
      let error = #expect(throws: DataError.self) { try Image.decoded(bytes, file: "big.png") }
      #expect(error?.problem.contains("\(width)×\(height)") == true)
    }
  }

  @Test func `says what it found when it is no image`() throws {
    let error = #expect(throws: DataError.self) {
      try Image.decoded(Array("GIF89a".utf8), file: "x.gif")
    }
    #expect(error?.problem.contains("47 49 46 38") == true)
    #expect(throws: DataError.self) { try Image.decoded([], file: "empty") }
    try withTemporaryFolder { folder in
      #expect(throws: DataError.self) { try Image.decoded(file: "\(folder)/none.png") }
      #expect(throws: DataError.self) { try Image.decoded(file: folder) }
    }
  }
}
