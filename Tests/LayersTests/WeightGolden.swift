import Foundation
import Layers
import Tensors
import Testing

/// What a Python library said of a model of its own: `Tests/Golden/Weights/make.py` made the files.
struct WeightGolden: Decodable {
  struct Numbers: Decodable {
    let shape: [Int]
    let values: [Float]

    var tensor: Tensor { Tensor(values, shape: shape) }
    var indices: IntTensor { IntTensor(values.map { Int32($0) }, shape: shape) }
    var bytes: ByteTensor { ByteTensor(values.map { UInt8($0) }, shape: shape) }
  }

  /// Shapes of the model's tensors by the library's names.
  let tensors: [String: [Int]]
  let inputs: [String: Numbers]
  let outputs: [String: Numbers]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden/Weights").path

  static func read(_ name: String) throws -> WeightGolden {
    let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name).json"))
    return try JSONDecoder().decode(WeightGolden.self, from: data)
  }

  func input(_ name: String) throws -> Numbers { try #require(inputs[name], "\(name)") }

  func output(_ name: String) throws -> Tensor { try #require(outputs[name], "\(name)").tensor }

  /// The library's file: its names, and the values that follow from them.
  var file: [Safetensors.Item] {
    tensors.map { name, shape in
      Safetensors.Item(
        name, Self.filled(name, shape), as: name.hasSuffix("batches_tracked") ? .int64 : .float32)
    }.sorted { $0.name < $1.name }
  }

  /// `images` of make.py, channels last.
  static func images(_ shape: [Int]) -> Tensor {
    Tensor(uniform("images", shape.reduce(1, *)).map { Float($0) }, shape: shape)
  }

  /// `filled` of make.py.
  static func filled(_ name: String, _ shape: [Int]) -> Tensor {
    if name.hasSuffix("num_batches_tracked") { return Tensor(7) }
    let (scale, offset): (Double, Double)
    if shape.count >= 2 {
      (scale, offset) = ((3 / Double(shape.dropFirst().reduce(1, *))).squareRoot(), 0)
    } else if name.hasSuffix("running_var") {
      (scale, offset) = (0.5, 1)
    } else if name.hasSuffix("weight") {
      (scale, offset) = (0.2, 1)
    } else {
      (scale, offset) = (0.2, 0)
    }
    let values = uniform(name, shape.reduce(1, *)).map { Float(offset + scale * $0) }
    return Tensor(values, shape: shape)
  }

  /// Values in -1 ..< 1: SplitMix64 seeded with the FNV-1a hash of the name.
  private static func uniform(_ name: String, _ count: Int) -> [Double] {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (0..<count).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return Double(z >> 40) / 8_388_608 - 1
    }
  }
}

/// A folder that is removed afterwards.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appending(path: "weights-\(UUID())").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

func layout(_ name: String) throws -> WeightLayout {
  try #require(WeightLayout.all.first { $0.name == name }, "\(name)")
}
