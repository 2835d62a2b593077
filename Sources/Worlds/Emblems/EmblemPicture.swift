import Data
import Tensors

/// One picture: an emblem of some look where chance puts it, in light and dust of chance. Only
/// additions, multiplications, divisions and square roots: pixels are the same on every processor.
struct EmblemPicture {
  let mode: EmblemMode
  /// 0 … 1.
  let noise: Float
  let key: RandomKey

  static let side = 32

  func jpegBytes() -> [UInt8] { render().jpegBytes(quality: 92) }

  /// Shapes: → [32, 32, 3].
  func render() -> ByteTensor {
    let side = Float(Self.side)
    let pose = key.derived("pose")
    let middle = 0.5 * side + 0.3 * side * (SIMD2(pose.uniform(0), pose.uniform(1)) - 0.5)
    let scale = side * pose.uniform(2, in: 0.24...0.38)
    let sine = pose.uniform(3, in: -0.3...0.3)
    let direction = SIMD2((1 - sine * sine).squareRoot(), sine)

    let light = key.derived("light")
    let drift = noise * 140 * (SIMD3(light.uniform(0), light.uniform(1), light.uniform(2)) - 0.5)
    let bright = (mode.paint + drift) * (1 + noise * (light.uniform(3) - 0.5))
    let dark = bright * light.uniform(4, in: 0.35...0.6)
    let ground = SIMD3(
      light.uniform(5, in: 60...200), light.uniform(6, in: 60...200), light.uniform(7, in: 60...200)
    )
    let clouds = ValueNoise(cells: 4, side: Self.side, key: key.derived("clouds"))
    let dust = key.derived("dust")
    return ByteTensor(shape: [Self.side, Self.side, 3]) { out in
      for y in 0..<Self.side {
        for x in 0..<Self.side {
          let offset = (SIMD2(Float(x), Float(y)) + 0.5 - middle) / scale
          let point = SIMD2(
            direction.x * offset.x + direction.y * offset.y,
            direction.x * offset.y - direction.y * offset.x)
          let cover = max(0, min(1, mode.depth(point) * scale + 0.5))
          var color = ground + 90 * (clouds.value(x, y) - 0.5)
          color += cover * ((mode.isDark(point) ? dark : bright) - color)
          for channel in 0..<3 {
            let place = 3 * (y * Self.side + x) + channel
            let value = color[channel] + noise * 220 * (dust.uniform(place) - 0.5)
            out[place] = UInt8(max(0, min(255, value)) + 0.5)
          }
        }
      }
    }
  }
}
