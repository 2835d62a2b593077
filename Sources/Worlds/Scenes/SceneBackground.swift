import Tensors

/// What is behind the objects: a tone, a texture, and patches in the objects' own colours, so that
/// colour alone does not tell an object from the ground.
struct SceneBackground {
  let side: Int
  let content: SceneContent
  let key: RandomKey

  /// One colour a pixel, row by row, 0 … 255 before lighting.
  func colors() -> [SIMD3<Float>] {
    let coarse = ValueNoise(cells: 4, side: side, key: key.derived("coarse"))
    let fine = ValueNoise(cells: 11, side: side, key: key.derived("fine"))
    let shift = 30 * (SIMD3(key.uniform(0), key.uniform(1), key.uniform(2)) - 0.5)
    let base = content.tone.paint + shift
    let stain: SceneColor = key.pick(3)
    let direction = unitVector(key.derived("stripes"))
    let frequency = key.uniform(4, in: 4...9) / Float(side)
    return [SIMD3<Float>](unsafeUninitializedCapacity: side * side) { out, count in
      for y in 0..<side {
        for x in 0..<side {
          let large = coarse.value(x, y)
          let small = fine.value(x, y)
          var color = base * (0.9 + 0.2 * large)
          switch content.ground {
          case .smooth: break
          case .cloudy: color += 62 * (0.6 * large + 0.4 * small - 0.5)
          case .striped:
            let phase = frequency * (direction.x * Float(x) + direction.y * Float(y))
            let wave = abs(2 * (phase - phase.rounded(.down)) - 1)
            color += 52 * (wave - 0.5)
          case .mottled: color += 76 * (small - 0.5)
          }
          let amount = max(0, min(0.55, 2.4 * (0.5 * (large + small) - 0.55)))
          color += amount * (stain.paint - color)
          out[y * side + x] = color
        }
      }
      count = side * side
    }
  }
}

/// Random values on a grid with smooth transitions, 0 … 1.
struct ValueNoise {
  private let cells: Int
  private let grid: [Float]  // [cells + 1, cells + 1]
  private let places: [Int32]  // cell of a pixel
  private let blends: [Float]  // smooth fraction within the cell

  init(cells: Int, side: Int, key: RandomKey) {
    self.cells = cells
    let count = (cells + 1) * (cells + 1)
    var values: [Float] = []
    values.reserveCapacity(count + 3)
    for block in 0..<(count + 3) / 4 {
      let words = key.words(block)
      values.append(Float(words.0 >> 8) * 0x1p-24)
      values.append(Float(words.1 >> 8) * 0x1p-24)
      values.append(Float(words.2 >> 8) * 0x1p-24)
      values.append(Float(words.3 >> 8) * 0x1p-24)
    }
    grid = values
    var places: [Int32] = []
    var blends: [Float] = []
    for pixel in 0..<side {
      let position = (Float(pixel) + 0.5) * Float(cells) / Float(side)
      let cell = min(position.rounded(.down), Float(cells - 1))
      let t = position - cell
      places.append(Int32(cell))
      blends.append(t * t * (3 - 2 * t))
    }
    self.places = places
    self.blends = blends
  }

  @inline(__always)
  func value(_ x: Int, _ y: Int) -> Float {
    let corner = Int(places[y]) * (cells + 1) + Int(places[x])
    let (tx, ty) = (blends[x], blends[y])
    let top = grid[corner] + tx * (grid[corner + 1] - grid[corner])
    let below = corner + cells + 1
    let bottom = grid[below] + tx * (grid[below + 1] - grid[below])
    return top + ty * (bottom - top)
  }
}
