import Tensors

/// A line chart of numbers over steps: loss, learning rate, scores.
public struct LossCurve: Sendable {
  /// A named line. Points whose y is not finite leave a gap.
  public struct Series: Sendable {
    public let name: String
    public let points: [(step: Double, value: Double)]

    public init(name: String, points: [(step: Double, value: Double)]) {
      self.name = name
      self.points = points
    }
  }

  private let series: [Series]
  private let title: String
  private let size: ImageSize

  private static let ink = RGB(50, 50, 54)
  private static let grid = RGB(226, 226, 226)
  private static let margins = (left: 76, right: 24, top: 44, bottom: 48)

  /// Precondition: the size is at least 320×200.
  public init(
    series: [Series], title: String = "loss",
    size: ImageSize = ImageSize(height: 480, width: 800)
  ) {
    precondition(size.width >= 320 && size.height >= 200, "LossCurve: \(size) is below 320×200")
    self.series = series
    self.title = title
    self.size = size
  }

  public func pngBytes() -> [UInt8] { picture().pngBytes() }

  /// Shapes: → [size.height, size.width, 3].
  public func picture() -> ByteTensor {
    let points = series.flatMap(\.points).filter { $0.value.isFinite && $0.step.isFinite }
    let horizontal = ChartAxis(covering: points.map(\.step), wanted: 8)
    let vertical = ChartAxis(covering: points.map(\.value), wanted: 7)
    var canvas = Canvas(size: size, background: RGB(255, 255, 255))
    drawAxes(on: &canvas, horizontal, vertical)
    for (index, line) in series.enumerated() {
      let color = Palette.lines[index % Palette.lines.count]
      let places = line.points.map { point in
        point.value.isFinite && point.step.isFinite
          ? (x: x(horizontal.position(of: point.step)), y: y(vertical.position(of: point.value)))
          : nil
      }
      // Long noisy lines are drawn faint with their running mean on top.
      if places.count > 60 {
        draw(places, on: &canvas, width: 1, color: color, cover: 0.3)
        draw(smoothed(places), on: &canvas, width: 2.2, color: color, cover: 1)
      } else {
        draw(places, on: &canvas, width: 2.2, color: color, cover: 1)
      }
    }
    drawLegend(on: &canvas)
    return canvas.picture
  }

  private var plotWidth: Float { Float(size.width - Self.margins.left - Self.margins.right) }
  private var plotHeight: Float { Float(size.height - Self.margins.top - Self.margins.bottom) }

  private func x(_ position: Float) -> Float { Float(Self.margins.left) + position * plotWidth }
  private func y(_ position: Float) -> Float {
    Float(Self.margins.top) + (1 - position) * plotHeight
  }

  private func drawAxes(on canvas: inout Canvas, _ horizontal: ChartAxis, _ vertical: ChartAxis) {
    canvas.write(title, left: Self.margins.left, top: 14, scale: 2, color: Self.ink)
    for tick in vertical.ticks {
      let place = Int(y(vertical.position(of: tick)))
      canvas.fill(
        Self.grid, left: Self.margins.left, top: place, width: Int(plotWidth), height: 1)
      let text = vertical.text(tick)
      canvas.write(
        text, left: Self.margins.left - 8 - Canvas.width(of: text), top: place - 3, color: Self.ink)
    }
    for tick in horizontal.ticks {
      let place = Int(x(horizontal.position(of: tick)))
      canvas.fill(
        Self.grid, left: place, top: Self.margins.top, width: 1, height: Int(plotHeight))
      let text = horizontal.text(tick)
      canvas.write(
        text, left: place - Canvas.width(of: text) / 2, top: size.height - Self.margins.bottom + 8,
        color: Self.ink)
    }
    canvas.write(
      "step", left: Self.margins.left + Int(plotWidth) / 2 - 12, top: size.height - 20,
      color: Self.ink)
    canvas.fill(
      Self.ink, left: Self.margins.left, top: Self.margins.top, width: 1,
      height: Int(plotHeight) + 1)
    canvas.fill(
      Self.ink, left: Self.margins.left, top: Self.margins.top + Int(plotHeight),
      width: Int(plotWidth) + 1, height: 1)
  }

  private func drawLegend(on canvas: inout Canvas) {
    let widest = series.map { Canvas.width(of: $0.name) }.max() ?? 0
    let left = size.width - Self.margins.right - widest - 36
    for (index, line) in series.enumerated() {
      let top = Self.margins.top + 10 + index * 16
      canvas.fill(
        Palette.lines[index % Palette.lines.count], left: left, top: top + 2, width: 20, height: 3)
      canvas.write(line.name, left: left + 28, top: top, color: Self.ink)
    }
  }

  private typealias Place = (x: Float, y: Float)?

  private func draw(
    _ places: [Place], on canvas: inout Canvas, width: Float, color: RGB, cover: Float
  ) {
    for (from, to) in zip(places, places.dropFirst()) {
      guard let from, let to else { continue }
      canvas.line(from: from, to: to, width: width, color: color, cover: cover)
    }
    // A single point, or one between gaps, has no line to show it.
    for (index, place) in places.enumerated() {
      let before = index > 0 ? places[index - 1] : nil
      let after = index + 1 < places.count ? places[index + 1] : nil
      guard let place, before == nil && after == nil else { continue }
      canvas.line(from: place, to: place, width: width + 3, color: color, cover: cover)
    }
  }

  /// Centred running mean over about a fortieth of the line; gaps stay gaps.
  private func smoothed(_ places: [Place]) -> [Place] {
    let reach = max(2, places.count / 80)
    return places.indices.map { index in
      guard let place = places[index] else { return nil }
      let near = places[max(0, index - reach)...min(places.count - 1, index + reach)]
      let heights = near.compactMap { $0?.y }
      return (place.x, heights.reduce(0, +) / Float(heights.count))
    }
  }
}
