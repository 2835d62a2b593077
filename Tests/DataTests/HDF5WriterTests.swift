import Data
import Tensors
import TestSupport
import Testing

@Suite struct HDF5WriterTests {
  @Test(arguments: [[1, 1, 1], [4, 4, 4], [5, 7, 3], [17, 1, 30]])
  func `what is written is read, whatever the sides`(shape: [Int]) throws {
    let image = Tensor.normal(shape, key: RandomKey(seed: 1))
    let label = ByteTensor(
      (0..<image.count).map { UInt8($0 % 3 / 2) }, shape: shape)
    let bytes = HDF5Writer.bytes(of: [("label", .bytes(label)), ("image", .floats(image))])
    let files = MemoryFiles(["all.list": Array("a\n".utf8), "a/mri_norm2.h5": bytes])
    let volume = try #require(try HDF5Source(files: files, split: "all").sample(at: 0).volume)
    #expect(volume.values.shape == shape && volume.values.elements == image.elements)
    #expect(volume.labels?.elements == label.elements)
  }

  @Test func `slices and many data sets are found by name`() throws {
    let names = ["h", "b", "longer than eight", "d", "e", "f", "g", "a"]
    let arrays = names.enumerated().map { index, name in
      (name, HDF5Writer.Values.floats(Tensor(repeating: Float(index), shape: [6, 5])))
    }
    let files = MemoryFiles(["all.list": Array("a\n".utf8), "a.h5": HDF5Writer.bytes(of: arrays)])
    for (index, name) in names.enumerated() {
      let source = try HDF5Source(
        files: files, split: "all", options: ["image": name, "label": "none"])
      let volume = try #require(try source.sample(at: 0).volume)
      #expect(volume.values.shape == [1, 6, 5])
      #expect(Set(volume.values.elements) == [Float(index)])
    }
  }
}
