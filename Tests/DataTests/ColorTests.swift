import Data
import Tensors
import Testing

@Suite struct ColorTests {
  private func one(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> ByteTensor {
    ByteTensor([red, green, blue], shape: [1, 1, 3])
  }

  @Test func `brightens and clips`() {
    #expect(one(10, 100, 200).brightened(by: 1.5).elements == [15, 150, 255])
  }

  @Test func `pulls contrast towards the mean brightness`() {
    let picture = ByteTensor([0, 0, 0, 200, 200, 200], shape: [1, 2, 3])
    #expect(picture.contrasted(by: 0).elements == [100, 100, 100, 100, 100, 100])
    #expect(picture.contrasted(by: 0.5).elements == [50, 50, 50, 150, 150, 150])
  }

  @Test func `takes colour away by ITU-R BT 601`() {
    #expect(one(255, 0, 0).grayscaled().elements == [76, 76, 76])
    #expect(one(0, 255, 0).grayscaled().elements == [150, 150, 150])
    #expect(one(12, 200, 77).saturated(by: 1).elements == [12, 200, 77])
  }

  @Test func `turns hues around the circle`() {
    #expect(one(200, 0, 0).hueTurned(by: 1 / 3).elements == [0, 200, 0])
    #expect(one(200, 0, 0).hueTurned(by: -1 / 3).elements == [0, 0, 200])
    #expect(one(200, 40, 40).hueTurned(by: 0.5).elements == [40, 200, 200])
    #expect(one(90, 90, 90).hueTurned(by: 0.3).elements == [90, 90, 90])
    for seed in 0..<50 {
      let key = RandomKey(seed: UInt64(seed))
      let color = (0..<3).map { UInt8(key.integer($0, below: 256)) }
      #expect(ByteTensor(color, shape: [1, 1, 3]).hueTurned(by: 0).elements == color)
    }
  }

  @Test func `blurs without changing the brightness`() {
    #expect(
      ByteTensor(repeating: 88, shape: [9, 5, 3]).gaussianBlurred(sigma: 1.3).elements
        .allSatisfy { $0 == 88 })
    var values = [UInt8](repeating: 0, count: 81)
    values[40] = 255
    let spot = ByteTensor(values, shape: [9, 9]).gaussianBlurred(sigma: 1).elements
    // 255 / (2π) in the middle, e^(−1/2) of that beside it.
    #expect(abs(Int(spot[40]) - 41) <= 1)
    #expect(abs(Int(spot[41]) - 25) <= 1)
    #expect(spot[39] == spot[41] && spot[31] == spot[49])
  }

  @Test func `normalises by channel`() {
    let tensor = Normalization(mean: [0, 0.5, 1], deviation: [1, 0.5, 2])(one(255, 0, 51))
    #expect(tensor.shape == [1, 1, 3])
    #expect(tensor.elements == [1, -1, (51 / 255 - 1) / 2])
    let none = Normalization.symmetric.batch([], size: ImageSize(height: 4, width: 5))
    #expect(none.shape == [0, 4, 5, 3])
  }
}
