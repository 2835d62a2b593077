import Data
import Tensors

/// One case of `Atria`: what its seed, split and number make.
struct AtriumVolume {
  let sides: [Int]
  /// Twenty capital letters and digits, whose order is that of the numbers.
  let id: String
  /// Voxels over which noise is alike.
  private let grain: Int
  private let key: RandomKey

  private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")

  init(sides: [Int], grain: Int, split: String, index: Int, seed: Int) {
    self.sides = sides
    self.grain = grain
    key = RandomKey(seed: UInt64(seed)).derived("atria").derived(split).derived(index)
    var number: [Character] = []
    var rest = index
    for _ in 0..<4 {
      number.insert(Self.digits[rest % 36], at: 0)
      rest /= 36
    }
    let name = key.derived("id")
    // The split's letter keeps train and test apart, whatever is drawn.
    let tail = (0..<15).map { Self.digits[name.integer($0, below: 36)] }
    id = String(number + [split == "test" ? "T" : "L"] + tail)
  }

  /// A body of 5 to 10 % of the volume among one or two others as bright, all of it under a smooth bias
  /// and noise as strong as the contrast.
  func volume() -> Volume {
    let points = voxels()
    let shape = AtriumShape(sides: sides, key: key.derived("shape"))
    let scales = points.map { shape.scale(at: $0) }
    // The body is scaled until it holds the share that was drawn.
    let share = Double(key.derived("share").uniform(0, in: 0.052...0.098))
    let scale = scales.sorted()[Int(share * Double(scales.count))]
    let labels = scales.map { UInt8($0 < scale ? 1 : 0) }
    // Others keep off it, so that what belongs together is one part.
    let others = distractors(points)
    let isBright = points.indices.map { index in
      labels[index] == 1 || (others[index] && scales[index] > 1.2 * scale)
    }
    return Volume(
      values: Tensor(image(points, isBright), shape: sides),
      labels: ByteTensor(labels, shape: sides))
  }

  /// The middles of the voxels, in their order.
  private func voxels() -> [SIMD3<Double>] {
    var points: [SIMD3<Double>] = []
    points.reserveCapacity(sides.reduce(1, *))
    for x in 0..<sides[0] {
      for y in 0..<sides[1] {
        for z in 0..<sides[2] {
          points.append(SIMD3(Double(x) + 0.5, Double(y) + 0.5, Double(z) + 0.5))
        }
      }
    }
    return points
  }

  /// One or two boxes or long ellipsoids anywhere.
  private func distractors(_ points: [SIMD3<Double>]) -> [Bool] {
    var isInside = [Bool](repeating: false, count: points.count)
    let smallest = Double(sides.min() ?? 1)
    for number in 0..<1 + key.derived("distractors").integer(0, below: 2) {
      let key = key.derived("distractor").derived(number)
      let center = SIMD3((0..<3).map { Double(sides[$0]) * Double(key.uniform($0)) })
      let isBox = key.uniform(3) < 0.5
      let direction = randomUnit(key)
      let radius = smallest * Double(key.uniform(4, in: 0.08...0.13))
      let length = radius * Double(key.uniform(5, in: 1.8...2.8))
      for (index, point) in points.enumerated() {
        let offset = point - center
        if isBox {
          let largest = max(abs(offset.x), abs(offset.y), abs(offset.z))
          if largest < 1.2 * radius { isInside[index] = true }
        } else {
          let along = (offset * direction).sum()
          let across = (offset * offset).sum() - along * along
          if along * along / (length * length) + across / (radius * radius) < 1 {
            isInside[index] = true
          }
        }
      }
    }
    return isInside
  }

  /// Independent normal values made alike over `grain` voxels along each axis.
  private func grained(_ values: [Float]) -> [Float] {
    guard grain > 1 else { return values }
    var (values, step) = (values, 1)
    for side in sides.reversed() {
      let before = values
      for index in values.indices {
        let place = index / step % side
        let window = max(0, place - (grain - 1) / 2)...min(side - 1, place + grain / 2)
        let sum = window.reduce(Float(0)) { $0 + before[index + ($1 - place) * step] }
        // Of independent values, so that the deviation stays 1, also at the border.
        values[index] = sum / Float(window.count).squareRoot()
      }
      step *= side
    }
    return values
  }

  /// Tissue of 2, what is bright of 3; speckle in proportion and noise besides, together about 1; then
  /// mean 0 and deviation 1.
  private func image(_ points: [SIMD3<Double>], _ isBright: [Bool]) -> [Float] {
    let drawn = Tensor.normal([points.count, 2], key: key.derived("noise")).elements
    let speckle = grained(points.indices.map { drawn[2 * $0] })
    let noise = grained(points.indices.map { drawn[2 * $0 + 1] })
    let bias = (0..<9).map { Double(key.derived("bias").uniform($0, in: -0.12...0.12)) }
    let middle = SIMD3(sides.map { Double($0) / 2 })
    var values = points.indices.map { index in
      let p = (points[index] - middle) / middle
      let linear = bias[0] * p.x + bias[1] * p.y + bias[2] * p.z
      let mixed = bias[3] * p.x * p.y + bias[4] * p.y * p.z + bias[5] * p.x * p.z
      let square = bias[6] * p.x * p.x + bias[7] * p.y * p.y + bias[8] * p.z * p.z
      let tissue = (isBright[index] ? 3.0 : 2) * (1 + linear + mixed + square)
      return tissue * (1 + 0.3 * Double(speckle[index])) + 0.7 * Double(noise[index])
    }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    for index in values.indices { values[index] -= mean }
    let deviation = (values.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
    return values.map { Float($0 / deviation) }
  }
}
