import Data
import Tensors
import Testing

@Suite struct VolumeTests {
  private let sides = [5, 4, 3]
  private let labels = ByteTensor((0..<60).map { UInt8($0 + 1) }, shape: [5, 4, 3])
  private var volume: Tensor { Tensor((1...60).map { Float($0) }, shape: [5, 4, 3]) }

  private func index(_ a: Int, _ b: Int, _ c: Int) -> Int { (a * 4 + b) * 3 + c }

  @Test func `crops, pads and mirrors by definition`() {
    for seed in 0..<60 {
      let key = RandomKey(seed: UInt64(seed))
      let orders = [[0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0]]
      let transform = VolumeTransform(
        source: sides, size: (0..<3).map { 1 + key.integer($0, below: 6) },
        axes: orders[key.integer(3, below: 4)], flipped: (4..<7).map { key.uniform($0) < 0.5 },
        offset: (7..<10).map { key.integer($0, below: 13) - 6 })
      let moved = transform(labels, fill: 0).elements
      let floats = transform(volume, fill: 0)
      #expect(floats.shape == transform.size && floats.elements.map { UInt8($0) } == moved)
      var place = 0
      for i in 0..<transform.size[0] {
        for j in 0..<transform.size[1] {
          for k in 0..<transform.size[2] {
            var source = [0, 0, 0]
            for (axis, out) in [i, j, k].enumerated() {
              let along = out + transform.offset[axis]
              let length = sides[transform.axes[axis]]
              source[transform.axes[axis]] = transform.flipped[axis] ? length - 1 - along : along
            }
            let inside = (0..<3).allSatisfy { source[$0] >= 0 && source[$0] < sides[$0] }
            let expected = inside ? UInt8(index(source[0], source[1], source[2]) + 1) : 0
            #expect(moved[place] == expected, "seed \(seed) at \(i), \(j), \(k)")
            place += 1
          }
        }
      }
    }
  }

  @Test func `turns are the four rotations of the plane`() {
    var augmentation = VolumeAugmentation(size: [4, 4, 1])
    augmentation.quarterTurns = true
    let square = ByteTensor((0..<16).map { UInt8($0) }, shape: [4, 4, 1])
    var expected: Set<[UInt8]> = []
    var turned = square.elements
    for _ in 0..<4 {
      expected.insert(turned)
      turned = (0..<16).map { turned[$0 % 4 * 4 + 3 - $0 / 4] }
    }
    let image = Tensor(square.elements.map { Float($0) }, shape: [4, 4, 1])
    var seen: Set<[UInt8]> = []
    for seed in 0..<60 {
      let result = augmentation(image, label: square, key: RandomKey(seed: UInt64(seed)))
      let label = result.label?.elements ?? []
      #expect(result.image.elements.map { UInt8($0) } == label)
      seen.insert(label)
    }
    #expect(seen == expected)
  }

  @Test func `the left atrium's view always mirrors, and keeps inside`() {
    let augmentation = VolumeAugmentation.leftAtrium(size: [3, 2, 2])
    var offsets: Set<[Int]> = []
    for seed in 0..<300 {
      let transform = augmentation.transform(of: sides, key: RandomKey(seed: UInt64(seed)))
      let swaps = transform.axes == [1, 0, 2]
      let mirrors = transform.flipped.count { $0 }
      // A turn by 90 degrees with a flip is a transposition: no mirror or two.
      #expect(swaps ? mirrors % 2 == 0 : mirrors == 1)
      #expect(!transform.flipped[2])
      for axis in 0..<3 {
        let slack = sides[transform.axes[axis]] - transform.size[axis]
        #expect((0...slack).contains(transform.offset[axis]))
      }
      offsets.insert(transform.offset)
    }
    #expect(offsets.count > 10)
  }

  @Test func `small volumes lie inside, padding lets crops reach out`() {
    var augmentation = VolumeAugmentation(size: [8, 4, 2])
    for seed in 0..<40 {
      let label = augmentation(volume, label: labels, key: RandomKey(seed: UInt64(seed))).label
      #expect(label?.elements.count { $0 > 0 } == 5 * 4 * 2)
    }
    augmentation.size = sides
    augmentation.padding = 1
    let offsets = Set(
      (0..<300).map {
        augmentation.transform(of: sides, key: RandomKey(seed: UInt64($0))).offset
      })
    #expect(offsets.count == 27 && offsets.joined().allSatisfy { abs($0) <= 1 })
  }

  @Test func `channels stay together, and no voxels are legal`() {
    let image = Tensor((0..<24).map { Float($0) }, shape: [3, 2, 2, 2])
    let transform = VolumeTransform(
      source: [3, 2, 2], size: [2, 3, 2], axes: [1, 0, 2], flipped: [true, false, false],
      offset: [0, 0, 0])
    let result = transform(image)
    #expect(result.shape == [2, 3, 2, 2])
    #expect(Array(result.elements[0..<4]) == [4, 5, 6, 7])
    let none = VolumeTransform(
      source: [0, 2, 2], size: [1, 1, 1], axes: [0, 1, 2], flipped: [false, false, false],
      offset: [0, 0, 0])
    #expect(none(ByteTensor([], shape: [0, 2, 2]), fill: 6).elements == [6])
  }

  @Test func `turns by an angle are exact for quarters, and labels follow images`() {
    var augmentation = VolumeAugmentation(size: [5, 5, 2])
    augmentation.degrees = 90...90
    let label = ByteTensor((0..<50).map { UInt8($0) }, shape: [5, 5, 2])
    let image = Tensor((0..<50).map { Float($0) }, shape: [5, 5, 2])
    let quarter = augmentation(image, label: label, key: RandomKey(seed: 1))
    let expected = (0..<50).map { (4 - $0 / 2 % 5) * 10 + $0 / 10 * 2 + $0 % 2 }
    #expect(quarter.label?.elements.map { Int($0) } == expected)
    #expect(quarter.image.elements == expected.map { Float($0) })
    // A ball stays where it is; its label covers what is bright.
    let sides = [21, 21, 3]
    let ball = ByteTensor(shape: sides) { out in
      for index in out.indices {
        let (y, x) = (index / 63 - 10, index / 3 % 21 - 10)
        out[index] = x * x + y * y <= 49 ? 1 : 0
      }
    }
    augmentation.size = sides
    augmentation.degrees = -45...45
    for seed in 0..<20 {
      let bright = Tensor(ball.elements.map { Float($0) }, shape: sides)
      let turned = augmentation(bright, label: ball, key: RandomKey(seed: UInt64(seed)))
      let labels = turned.label?.elements ?? []
      for (index, value) in turned.image.elements.enumerated() {
        #expect(value >= 0 && value <= 1.0001)
        if value > 0.76 || value < 0.24 { #expect(labels[index] == (value > 0.5 ? 1 : 0)) }
      }
    }
  }
}
