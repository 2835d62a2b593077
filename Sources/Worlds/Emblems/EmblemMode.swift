import Data
import Tensors

/// One look of an emblem: what it is, how its inside is patterned, and in which colour. A class has
/// several, which need have nothing in common. The order of cases is a part of the world.
struct EmblemMode: Sendable, Equatable {
  enum Shape: Int, CaseIterable { case disc, square, triangle, cross, ring, diamond }
  enum Texture: Int, CaseIterable { case plain, bars, pales, checks, dots }
  enum Color: Int, CaseIterable { case red, green, blue, yellow, purple, cyan }

  let shape: Shape
  let texture: Texture
  let color: Color

  static let count = Shape.allCases.count * Texture.allCases.count * Color.allCases.count

  /// The `number`-th of a seed's order of all looks.
  init(number: Int, seed: Int) {
    let order = KeyedPermutation(
      count: Self.count, key: RandomKey(seed: UInt64(seed)).derived("emblems").derived("modes"))
    let choice = order[number]
    shape = Shape.allCases[choice % Shape.allCases.count]
    let rest = choice / Shape.allCases.count
    texture = Texture.allCases[rest % Texture.allCases.count]
    color = Color.allCases[rest / Texture.allCases.count]
  }

  /// How far inside a point is, about; negative outside. The emblem reaches about 1 from its middle.
  func depth(_ point: SIMD2<Float>) -> Float {
    let (x, y) = (abs(point.x), abs(point.y))
    let distance = (point.x * point.x + point.y * point.y).squareRoot()
    switch shape {
    case .disc: return 0.95 - distance
    case .square: return 0.8 - max(x, y)
    case .triangle: return min(0.55 - point.y, 0.55 - 0.866 * x + 0.5 * point.y)
    case .cross: return max(min(0.34 - x, 1 - y), min(0.34 - y, 1 - x))
    case .ring: return 0.26 - abs(distance - 0.74)
    case .diamond: return 0.7 * (1.1 - x - y)
    }
  }

  /// Whether a point has the pattern's second tone.
  func isDark(_ point: SIMD2<Float>) -> Bool {
    let (column, row) = ((2.2 * point.x).rounded(.down), (2.2 * point.y).rounded(.down))
    func isOdd(_ number: Float) -> Bool { Int(number) & 1 == 1 }
    switch texture {
    case .plain: return false
    case .bars: return isOdd(row)
    case .pales: return isOdd(column)
    case .checks: return isOdd(row) != isOdd(column)
    case .dots:
      let middle = SIMD2(2.2 * point.x - column, 2.2 * point.y - row) - 0.5
      return (middle * middle).sum() < 0.09
    }
  }

  var paint: SIMD3<Float> {
    switch color {
    case .red: [205, 60, 50]
    case .green: [60, 170, 75]
    case .blue: [60, 90, 205]
    case .yellow: [215, 190, 55]
    case .purple: [150, 70, 180]
    case .cyan: [60, 185, 190]
    }
  }
}
