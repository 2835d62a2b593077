import Tensors

/// A sample's picture, shrunk or enlarged to fit a cell, with what is known about it drawn over.
struct SampleDrawing {
  private var canvas: Canvas
  private let scale: Float  // of the picture's pixels

  var picture: ByteTensor { canvas.picture }

  /// nil when the sample has nothing to be seen. Of a volume it is the slice with most labels; features
  /// are a strip, black where the smallest is and white where the largest is.
  init?(_ sample: Sample, within cell: ImageSize, classNames: [String]) {
    guard let (image, mask) = Self.picture(of: sample), image.count > 0 else { return nil }
    let size = image.imageSize
    let scale = min(
      Float(cell.height) / Float(size.height), Float(cell.width) / Float(size.width))
    self.scale = scale
    let drawn = ImageSize(
      height: max(1, Int(Float(size.height) * scale)), width: max(1, Int(Float(size.width) * scale))
    )
    let base = Self.resized(image, to: drawn)
    canvas = Canvas(size: drawn, background: RGB(0, 0, 0))
    canvas.paste(base, left: 0, top: 0, scale: 1)
    if let mask { draw(mask: mask) }
    for annotation in sample.annotations.prefix(100) { draw(annotation, classNames) }
  }

  private static func picture(of sample: Sample) -> (ByteTensor, ByteTensor?)? {
    if let image = try? sample.image?.pixels() { return (image, sample.mask) }
    if let features = sample.features, features.count > 0 {
      let row = features.elements.prefix(stripMax)
      let height = max(1, row.count / 4)
      let pixels = grays(row)
      return (
        ByteTensor((0..<height).flatMap { _ in pixels }, shape: [height, row.count, 3]), nil
      )
    }
    guard let volume = sample.volume, volume.values.count > 0 else { return nil }
    let (depth, area) = (volume.values.shape[0], volume.values.shape[1] * volume.values.shape[2])
    let shape = Array(volume.values.shape[1...])
    let labels = volume.labels?.elements
    let marked: [Int] = (0..<depth).map { slice in
      guard let labels else { return 0 }
      return labels[slice * area..<(slice + 1) * area].count { $0 > 0 && $0 != ignoredLabel }
    }
    let most = marked.max() ?? 0
    let slice = most > 0 ? marked.firstIndex(of: most) ?? 0 : depth / 2
    let values = volume.values.elements[slice * area..<(slice + 1) * area]
    let image = ByteTensor(grays(values), shape: shape + [3])
    let mask = labels.map { ByteTensor(Array($0[slice * area..<(slice + 1) * area]), shape: shape) }
    return (image, mask)
  }

  /// Of a row of features no more are drawn.
  private static let stripMax = 1_024

  /// Three bytes for each number, from black for the smallest to white for the largest.
  private static func grays(_ values: ArraySlice<Float>) -> [UInt8] {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    let range = high > low ? high - low : 1
    return values.flatMap { value in
      let gray = value.isFinite ? UInt8(max(0, min(255, (value - low) / range * 255))) : 0
      return [gray, gray, gray]
    }
  }

  /// Each pixel the mean of those it stands for.
  private static func resized(_ image: ByteTensor, to size: ImageSize) -> ByteTensor {
    let source = image.imageSize
    let channels = image.channelCount
    func range(_ index: Int, _ from: Int, _ to: Int) -> Range<Int> {
      let first = index * from / to
      return first..<max(first + 1, (index + 1) * from / to)
    }
    return ByteTensor(shape: [size.height, size.width, 3]) { out in
      image.withUnsafeElements { pixels in
        for y in 0..<size.height {
          for x in 0..<size.width {
            let (rows, columns) = (
              range(y, source.height, size.height), range(x, source.width, size.width)
            )
            for channel in 0..<3 {
              var sum = 0
              for row in rows {
                for column in columns {
                  sum += Int(
                    pixels[(row * source.width + column) * channels + min(channel, channels - 1)])
                }
              }
              out[(y * size.width + x) * 3 + channel] = UInt8(sum / (rows.count * columns.count))
            }
          }
        }
      }
    }
  }

  /// Objects have no background among their classes, so black is left to the masks'.
  static func color(ofObject category: Int) -> RGB {
    Palette.voc[(category + 1) % Palette.voc.count]
  }

  /// Background stays as it is, so that a small object on much of it can be seen.
  private mutating func draw(mask: ByteTensor) {
    let size = mask.imageSize
    let values = mask.elements
    for y in 0..<canvas.size.height {
      for x in 0..<canvas.size.width {
        let row = min(size.height - 1, y * size.height / canvas.size.height)
        let column = min(size.width - 1, x * size.width / canvas.size.width)
        let value = values[row * size.width + column]
        guard value > 0 else { continue }
        let color = value == ignoredLabel ? RGB(224, 224, 192) : Palette.voc[Int(value)]
        canvas.blend(color, x: x, y: y, cover: 0.5)
      }
    }
  }

  private mutating func draw(_ annotation: Annotation, _ classNames: [String]) {
    let color = Self.color(ofObject: annotation.category)
    let box = annotation.box
    switch annotation.region {
    case .polygons(let polygons)?:
      for polygon in polygons { draw(polygon: polygon, color) }
    case .runs(let runs)?:
      let scale = scale
      runs.forEachPixel { y, x in
        canvas.blend(
          color, x: Int(Float(x) * scale), y: Int(Float(y) * scale), cover: min(0.5, scale * scale))
      }
    case nil: break
    }
    let corners = [box.x0, box.y0, box.x1, box.y0, box.x1, box.y1, box.x0, box.y1]
    draw(polygon: corners, color, width: 0.8)
    if classNames.indices.contains(annotation.category), box.width * scale > 24 {
      canvas.write(
        classNames[annotation.category], left: Int(max(0, min(4_096, box.x0 * scale))) + 2,
        top: Int(max(0, min(4_096, box.y0 * scale))) + 2, color: RGB(255, 255, 255))
    }
  }

  private mutating func draw(polygon: [Float], _ color: RGB, width: Float = 1.2) {
    let limit = Float(max(canvas.size.height, canvas.size.width))
    let points = stride(from: 0, to: polygon.count - 1, by: 2).map { index in
      // What lies outside is not seen; bounded, so that no line is as long as a hostile number.
      (
        x: max(-limit, min(2 * limit, polygon[index] * scale)),
        y: max(-limit, min(2 * limit, polygon[index + 1] * scale))
      )
    }
    for (index, point) in points.enumerated() {
      canvas.line(from: point, to: points[(index + 1) % points.count], width: width, color: color)
    }
  }
}
