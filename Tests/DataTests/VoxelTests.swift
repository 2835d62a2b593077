import Data
import Tensors
import Testing

/// Distances, surfaces and connected parts of masks, against their definitions.
@Suite struct VoxelTests {
  private let shapes = [[5, 4, 6], [1, 1, 7], [3, 1, 2], [8, 3, 1], [1, 1, 1]]

  private func mask(_ shape: [Int], _ seed: Int, share: Float) -> ByteTensor {
    let key = RandomKey(seed: UInt64(seed))
    return ByteTensor(
      (0..<shape.reduce(1, *)).map { key.uniform($0) < share ? 3 : 0 }, shape: shape)
  }

  private func places(_ shape: [Int]) -> [[Int]] {
    (0..<shape.reduce(1, *)).map { index in
      [index / (shape[1] * shape[2]), index / shape[2] % shape[1], index % shape[2]]
    }
  }

  private func square(_ a: [Int], _ b: [Int]) -> Int {
    let offsets: [Int] = zip(a, b).map { $0 - $1 }
    return offsets.reduce(0) { $0 + $1 * $1 }
  }

  @Test(arguments: [0, 0.02, 0.1, 0.5, 1] as [Float])
  func `squared distances are those to the nearest of all`(share: Float) {
    for shape in shapes {
      for seed in 0..<8 {
        let mask = mask(shape, seed, share: share)
        let (places, labels) = (places(shape), mask.elements)
        let marked = places.indices.filter { labels[$0] != 0 }.map { places[$0] }
        let expected: [Int] = places.map { from in
          marked.map { square(from, $0) }.min() ?? Int.max
        }
        #expect(mask.squaredDistances().elements == expected, "\(shape), seed \(seed)")
      }
    }
  }

  @Test func `a long line has its exact distances`() {
    var values = [UInt8](repeating: 0, count: 1000)
    for place in [3, 400, 401, 999] { values[place] = 1 }
    let found = ByteTensor(values, shape: [1, 1000, 1]).squaredDistances().elements
    for place in 0..<1000 {
      let distance = [3, 400, 401, 999].map { abs($0 - place) }.min() ?? 0
      #expect(found[place] == distance * distance)
    }
  }

  @Test(arguments: [false, true])
  func `a surface is what an erosion by the cross takes`(border: Bool) {
    for shape in shapes {
      for seed in 0..<8 {
        let mask = mask(shape, seed, share: 0.7)
        let (places, labels) = (places(shape), mask.elements)
        let expected = places.indices.map { index -> UInt8 in
          guard labels[index] != 0 else { return 0 }
          let isInner = (0..<3).allSatisfy { axis in
            [-1, 1].allSatisfy { step in
              var place = places[index]
              place[axis] += step
              guard (0..<shape[axis]).contains(place[axis]) else { return !border }
              return labels[(place[0] * shape[1] + place[1]) * shape[2] + place[2]] != 0
            }
          }
          return isInner ? 0 : 1
        }
        #expect(mask.surface(border: border).elements == expected)
      }
    }
  }

  @Test func `corners connect, and the first of equal parts stays`() {
    var values = [UInt8](repeating: 0, count: 4 * 4 * 4)
    func index(_ i: Int, _ j: Int, _ k: Int) -> Int { (i * 4 + j) * 4 + k }
    values[index(0, 0, 0)] = 1
    values[index(1, 1, 1)] = 1
    values[index(3, 3, 3)] = 1
    var expected = values
    expected[index(3, 3, 3)] = 0
    #expect(ByteTensor(values, shape: [4, 4, 4]).largestComponent().elements == expected)
    values[index(3, 3, 2)] = 9
    #expect(ByteTensor(values, shape: [4, 4, 4]).largestComponent().elements == expected)
    values[index(3, 2, 2)] = 1
    let other = ByteTensor(values, shape: [4, 4, 4]).largestComponent().elements
    #expect(other[index(3, 3, 2)] == 1 && other[index(0, 0, 0)] == 0)
    #expect(other.reduce(0, +) == 3)
    let none = ByteTensor(repeating: 0, shape: [2, 2, 2])
    #expect(none.largestComponent().elements == none.elements)
  }
}
