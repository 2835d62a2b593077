import Tensors

/// An RGB picture being drawn. What falls outside is clipped.
struct Canvas {
  let size: ImageSize
  private var bytes: [UInt8]

  init(size: ImageSize, background: RGB) {
    self.size = size
    bytes = []
    bytes.reserveCapacity(size.height * size.width * 3)
    for _ in 0..<size.height * size.width {
      bytes.append(background.red)
      bytes.append(background.green)
      bytes.append(background.blue)
    }
  }

  var picture: ByteTensor { ByteTensor(bytes, shape: [size.height, size.width, 3]) }

  /// A cover of 0 leaves the pixel, 1 replaces it.
  mutating func blend(_ color: RGB, x: Int, y: Int, cover: Float = 1) {
    guard x >= 0 && y >= 0 && x < size.width && y < size.height && cover > 0 else { return }
    let first = 3 * (y * size.width + x)
    for (c, value) in [color.red, color.green, color.blue].enumerated() {
      let old = Float(bytes[first + c])
      bytes[first + c] = UInt8(old + min(1, cover) * (Float(value) - old) + 0.5)
    }
  }

  mutating func fill(_ color: RGB, left: Int, top: Int, width: Int, height: Int) {
    let columns = (0..<size.width).clamped(to: left..<left + width)
    for y in (0..<size.height).clamped(to: top..<top + height) {
      for x in columns { blend(color, x: x, y: y) }
    }
  }

  /// A picture [h, w, 3], every pixel `scale` wide and high.
  mutating func paste(_ picture: ByteTensor, left: Int, top: Int, scale: Int) {
    picture.withUnsafeElements { source in
      for y in 0..<picture.shape[0] {
        for x in 0..<picture.shape[1] {
          let first = 3 * (y * picture.shape[1] + x)
          fill(
            RGB(source[first], source[first + 1], source[first + 2]), left: left + x * scale,
            top: top + y * scale, width: scale, height: scale)
        }
      }
    }
  }

  mutating func write(_ text: String, left: Int, top: Int, scale: Int = 1, color: RGB) {
    for (place, letter) in text.enumerated() {
      for (y, row) in BitmapFont.rows(of: letter).enumerated() {
        for x in 0..<BitmapFont.width where row >> UInt8(BitmapFont.width - 1 - x) & 1 == 1 {
          fill(
            color, left: left + (place * BitmapFont.advance + x) * scale, top: top + y * scale,
            width: scale, height: scale)
        }
      }
    }
  }

  static func width(of text: String, scale: Int = 1) -> Int {
    max(0, text.count * BitmapFont.advance - 1) * scale
  }

  /// A straight line with soft edges. Coordinates are pixel centres at whole numbers.
  mutating func line(
    from a: (x: Float, y: Float), to b: (x: Float, y: Float), width: Float, color: RGB,
    cover: Float = 1
  ) {
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let square = max(dx * dx + dy * dy, 1e-6)
    let reach = width / 2 + 1
    // One scan line at a time, near the line only: long steep lines have large empty boxes.
    let rows = Int(max(0, min(a.y, b.y) - reach))...Int(max(0, max(a.y, b.y) + reach))
    for y in rows where y < size.height {
      let spans = columns(at: Float(y), a, (dx, dy), reach)
      for x in Int(max(0, spans.0))...Int(max(0, spans.1)) where x < size.width {
        let (px, py) = (Float(x) - a.x, Float(y) - a.y)
        let t = max(0, min(1, (px * dx + py * dy) / square))
        let (ex, ey) = (px - t * dx, py - t * dy)
        let distance = (ex * ex + ey * ey).squareRoot()
        blend(color, x: x, y: y, cover: cover * max(0, min(1, width / 2 + 0.5 - distance)))
      }
    }
  }

  private func columns(
    at y: Float, _ a: (x: Float, y: Float), _ d: (x: Float, y: Float), _ reach: Float
  ) -> (Float, Float) {
    let whole = (min(a.x, a.x + d.x) - reach, max(a.x, a.x + d.x) + reach)
    guard abs(d.y) > 1 else { return whole }
    let x = a.x + (y - a.y) / d.y * d.x
    let margin = reach * (1 + abs(d.x / d.y))
    return (max(whole.0, min(x - margin, whole.1)), min(whole.1, max(x + margin, whole.0)))
  }
}
