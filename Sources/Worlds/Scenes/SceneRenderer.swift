import Tensors

/// Draws a scene's content. Only additions, multiplications and square roots: bits are the same on
/// every processor.
struct SceneRenderer {
  let side: Int
  let content: SceneContent
  let key: RandomKey

  /// - Returns: Picture [side, side, 3], mask [side, side], and each object's visible share of its
  ///   own area, 0 … 1.
  func render() -> (image: ByteTensor, mask: ByteTensor, visible: [Float]) {
    var canvas = SceneBackground(side: side, content: content, key: key.derived("ground")).colors()
    var owners = [Int8](repeating: -1, count: side * side)
    var areas = [Int](repeating: 0, count: content.objects.count)
    for (number, object) in content.objects.enumerated() {
      areas[number] = draw(object, Int8(number), on: &canvas, &owners)
    }
    var shown = [Int](repeating: 0, count: areas.count)
    for owner in owners where owner >= 0 { shown[Int(owner)] += 1 }
    let visible = zip(shown, areas).map { Float($0) / Float(max(1, $1)) }
    let mask = ByteTensor(shape: [side, side]) { out in
      for index in 0..<out.count {
        let owner = Int(owners[index])
        out[index] = owner < 0 ? 0 : content.objects[owner].shape.classIndex
      }
    }
    return (exposed(canvas), mask, visible)
  }

  /// - Returns: The object's whole area in pixels.
  private func draw(
    _ object: SceneObject, _ number: Int8, on canvas: inout [SIMD3<Float>], _ owners: inout [Int8]
  ) -> Int {
    let scale = Float(side)
    let radius = object.radius * scale
    let (centerX, centerY) = (object.x * scale, object.y * scale)
    let reach = 1.25 * radius + 1
    let columns = max(0, Int(centerX - reach))..<min(side, Int(centerX + reach) + 1)
    let rows = max(0, Int(centerY - reach))..<min(side, Int(centerY + reach) + 1)
    let period = max(0.55, 5 / radius)  // below five pixels a texture is gray
    let second = object.paint * 0.42
    var area = 0
    canvas.withUnsafeMutableBufferPointer { canvas in
      owners.withUnsafeMutableBufferPointer { owners in
        for y in rows {
          for x in columns {
            let dx = (Float(x) + 0.5 - centerX) / radius
            let dy = (Float(y) + 0.5 - centerY) / radius
            let u = object.direction.x * dx + object.direction.y * dy
            let v = object.direction.x * dy - object.direction.y * dx
            let depth = object.shape.depth(u, v) * radius
            guard depth > -0.5 else { continue }
            let cover = min(1, depth + 0.5)
            // Light from above left rounds the surface a little.
            let shade = 1 - 0.12 * (dx + dy)
            let paint = object.texture.isSecond(u / period, v / period) ? second : object.paint
            let place = y * side + x
            canvas[place] += cover * (shade * paint - canvas[place])
            if depth >= 0 {
              owners[place] = number
              area += 1
            }
          }
        }
      }
    }
    return area
  }

  /// Lighting over the whole picture, grain, and bytes.
  private func exposed(_ canvas: [SIMD3<Float>]) -> ByteTensor {
    let draws = key.derived("light")
    let slope = unitVector(draws) * draws.uniform(20, in: 0...0.35) / Float(side)
    let level = draws.uniform(21, in: 0.8...1.1)
    let grain = key.derived("grain")
    let half = Float(side) / 2
    return ByteTensor(shape: [side, side, 3]) { out in
      canvas.withUnsafeBufferPointer { canvas in
        for first in stride(from: 0, to: canvas.count, by: 4) {
          let words = grain.words(first / 4)
          for place in first..<min(first + 4, canvas.count) {
            let word =
              place == first
              ? words.0
              : place == first + 1
                ? words.1
                : place == first + 2 ? words.2 : words.3
            let x = Float(place % side) - half
            let y = Float(place / side) - half
            let light = level + slope.x * x + slope.y * y
            let lit = light * canvas[place]
            for c in 0..<3 {
              // Gray noise from one byte, a little of each colour's own from another.
              let common = Float(word & 255) - 127.5
              let own = Float(word >> UInt32(8 * c + 8) & 255) - 127.5
              let value = lit[c] + 0.07 * common + 0.06 * own
              out[3 * place + c] = UInt8(max(0, min(255, value)) + 0.5)
            }
          }
        }
      }
    }
  }
}

extension SceneShape {
  /// How far inside the shape of radius 1 a point is, about; negative outside.
  @inline(__always)
  func depth(_ u: Float, _ v: Float) -> Float {
    switch self {
    case .circle: return 0.95 - (u * u + v * v).squareRoot()
    case .square: return 0.84 - max(abs(u), abs(v))
    case .triangle:
      return 0.56 - max(v, 0.8660254 * u - 0.5 * v, -0.8660254 * u - 0.5 * v)
    case .star: return starDepth(u, v)
    case .ring: return 0.25 - abs((u * u + v * v).squareRoot() - 0.74)
    case .cross:
      let (a, b) = (abs(u), abs(v))
      return max(min(0.31 - a, 1 - b), min(0.31 - b, 1 - a))
    case .crescent:
      let bite = ((u - 0.5) * (u - 0.5) + v * v).squareRoot() - 0.72
      return min(1 - (u * u + v * v).squareRoot(), bite)
    }
  }

  /// Inside a pentagram is who is inside four of its five lines at least: the second smallest depth.
  @inline(__always)
  private func starDepth(_ u: Float, _ v: Float) -> Float {
    let normals: (SIMD4<Float>, SIMD4<Float>) = (
      [0.95105652, 0.58778525, -0.58778525, -0.95105652],
      [0.30901699, -0.80901699, -0.80901699, 0.30901699]
    )
    let four = 0.36 - (normals.0 * u + normals.1 * v)
    var low = 0.36 - v
    var second = Float.infinity
    for index in 0..<4 {
      second = min(second, max(low, four[index]))
      low = min(low, four[index])
    }
    return second
  }
}

extension SceneTexture {
  /// Whether a point, in periods of the texture, has the second colour.
  @inline(__always)
  func isSecond(_ u: Float, _ v: Float) -> Bool {
    switch self {
    case .plain: return false
    case .striped: return u - u.rounded(.down) < 0.42
    case .dotted:
      let x = u - u.rounded(.down) - 0.5
      let y = v - v.rounded(.down) - 0.5
      return x * x + y * y < 0.085
    case .checkered:
      return (Int(u.rounded(.down)) &+ Int(v.rounded(.down))) & 1 == 0
    }
  }
}
