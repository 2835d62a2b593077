import Tensors

/// Random changes of brightness, contrast, saturation and hue, in a random order.
public struct ColorJitter: Hashable, Sendable {
  /// Half-width b of the factor's range [max(0, 1 − b), 1 + b]; 0 leaves it alone.
  public var brightness: Float
  public var contrast: Float
  public var saturation: Float
  /// Largest turn of the colour circle either way, 0 … 0.5.
  public var hue: Float

  public init(
    brightness: Float = 0.4, contrast: Float = 0.4, saturation: Float = 0.4, hue: Float = 0.1
  ) {
    precondition(
      brightness >= 0 && contrast >= 0 && saturation >= 0 && (0...0.5).contains(hue),
      "ColorJitter: brightness, contrast, saturation at least 0, hue in 0 … 0.5")
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }

  /// Shapes: [h, w, 3] → the same.
  public func callAsFunction(_ image: ByteTensor, key: RandomKey) -> ByteTensor {
    let order = KeyedPermutation(count: 4, key: key.derived("order"))
    var result = image
    for place in 0..<4 {
      switch order[place] {
      case 0 where brightness > 0:
        result = result.brightened(by: factor(brightness, key, 0))
      case 1 where contrast > 0:
        result = result.contrasted(by: factor(contrast, key, 1))
      case 2 where saturation > 0:
        result = result.saturated(by: factor(saturation, key, 2))
      case 3 where hue > 0:
        result = result.hueTurned(by: key.uniform(3, in: -hue...hue))
      default: continue
      }
    }
    return result
  }

  private func factor(_ half: Float, _ key: RandomKey, _ draw: Int) -> Float {
    key.uniform(draw, in: max(0, 1 - half)...(1 + half))
  }
}

extension ByteTensor {
  /// Every value times `factor`.
  public func brightened(by factor: Float) -> ByteTensor {
    lookedUp { value in value * factor }
  }

  /// Away from the picture's mean brightness, or towards it. Shapes: [h, w, 3] → the same.
  public func contrasted(by factor: Float) -> ByteTensor {
    requireRGB("contrasted")
    let pixels = max(1, count / 3)
    let sum = withUnsafeElements { source in
      var sum = 0
      for pixel in 0..<count / 3 { sum += luma(source, 3 * pixel) }
      return sum
    }
    let mean = Float((sum + pixels / 2) / pixels)
    return lookedUp { value in mean + factor * (value - mean) }
  }

  /// Away from gray, or towards it. Shapes: [h, w, 3] → the same.
  public func saturated(by factor: Float) -> ByteTensor {
    requireRGB("saturated")
    return ByteTensor(shape: shape) { out in
      withUnsafeElements { source in
        for first in stride(from: 0, to: count, by: 3) {
          let gray = Float(luma(source, first))
          for c in 0..<3 {
            out[first + c] = byte(gray + factor * (Float(source[first + c]) - gray))
          }
        }
      }
    }
  }

  /// Three equal channels of brightness (ITU-R BT.601). Shapes: [h, w, 3] → the same.
  public func grayscaled() -> ByteTensor { saturated(by: 0) }

  /// Colours turned around the colour circle, by −0.5 … 0.5 turns. Shapes: [h, w, 3] → the same.
  public func hueTurned(by turn: Float) -> ByteTensor {
    requireRGB("hueTurned")
    return ByteTensor(shape: shape) { out in
      withUnsafeElements { source in
        for first in stride(from: 0, to: count, by: 3) {
          let (r, g, b) = (Float(source[first]), Float(source[first + 1]), Float(source[first + 2]))
          let high = max(r, g, b)
          let range = high - min(r, g, b)
          // The hue in sixths of a turn, red at 0.
          var hue: Float = 0
          if range > 0 {
            if high == r {
              hue = (g - b) / range
            } else if high == g {
              hue = 2 + (b - r) / range
            } else {
              hue = 4 + (r - g) / range
            }
          }
          hue += 6 * turn
          out[first] = byte(channel(5, hue, high, range))
          out[first + 1] = byte(channel(3, hue, high, range))
          out[first + 2] = byte(channel(1, hue, high, range))
        }
      }
    }
  }

  /// Blurred by a Gaussian of `sigma` pixels. Shapes: [h, w, c] or [h, w] → the same.
  public func gaussianBlurred(sigma: Float) -> ByteTensor {
    precondition(sigma > 0 && sigma <= 100, "gaussianBlurred: sigma \(sigma) is not in (0, 100]")
    return filtered(
      rows: AxisTaps(gaussian: sigma, count: shape[0]),
      columns: AxisTaps(gaussian: sigma, count: shape[1]), fill: 0)
  }

  private func lookedUp(_ f: (Float) -> Float) -> ByteTensor {
    let table = (0..<256).map { byte(f(Float($0))) }
    return table.withUnsafeBufferPointer { table in
      ByteTensor(shape: shape) { out in
        withUnsafeElements { source in
          for index in 0..<count { out[index] = table[Int(source[index])] }
        }
      }
    }
  }

  private func requireRGB(_ operation: String) {
    precondition(
      shape.count == 3 && shape[2] == 3, "\(operation): shape \(shape) is not [h, w, 3]")
  }
}

@inline(__always)
private func byte(_ value: Float) -> UInt8 { UInt8(max(0, min(255, value)) + 0.5) }

@inline(__always)
private func luma(_ pixels: UnsafeBufferPointer<UInt8>, _ first: Int) -> Int {
  let red = 19595 * Int(pixels[first])
  let green = 38470 * Int(pixels[first + 1])
  return (red + green + 7471 * Int(pixels[first + 2]) + 32768) >> 16
}

/// One channel of HSV → RGB: v − v·s·max(0, min(k, 4 − k, 1)), k = (n + h) mod 6, v·s the range.
@inline(__always)
private func channel(_ n: Float, _ hue: Float, _ high: Float, _ range: Float) -> Float {
  var k = n + hue + 6
  k -= 6 * (k / 6).rounded(.down)
  return high - range * max(0, min(k, 4 - k, 1))
}
