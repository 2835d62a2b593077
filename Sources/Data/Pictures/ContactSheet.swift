import Tensors

/// Samples side by side with their truth and a model's prediction, and a legend of the classes.
public struct ContactSheet: Sendable {
  /// One sample. Masks hold class indices; `ignoredLabel` is shown in a neutral colour.
  public struct Row: Sendable {
    public let image: ByteTensor  // [h, w, 3]
    public let truth: ByteTensor?  // [h, w]
    public let prediction: ByteTensor?  // [h, w]

    public init(image: ByteTensor, truth: ByteTensor? = nil, prediction: ByteTensor? = nil) {
      self.image = image
      self.truth = truth
      self.prediction = prediction
    }
  }

  private let rows: [Row]
  private let classNames: [String]
  private let palette: [RGB]
  private let title: String

  private static let gap = 6
  private static let ink = RGB(40, 40, 40)
  private static let paper = RGB(250, 250, 248)
  private static let ignored = RGB(224, 224, 192)

  /// Precondition: all images have one size, at least one row, a colour for each class.
  public init(
    rows: [Row], classNames: [String], palette: [RGB] = Palette.voc, title: String = ""
  ) {
    precondition(!rows.isEmpty, "ContactSheet: no rows")
    precondition(classNames.count <= palette.count, "ContactSheet: more classes than colours")
    for row in rows {
      precondition(
        row.image.shape == rows[0].image.shape && row.image.shape.count == 3,
        "ContactSheet: image \(row.image.shape) among \(rows[0].image.shape)")
      for mask in [row.truth, row.prediction].compactMap({ $0 }) {
        precondition(
          mask.shape == Array(row.image.shape.prefix(2)),
          "ContactSheet: mask \(mask.shape) beside image \(row.image.shape)")
      }
    }
    self.rows = rows
    self.classNames = classNames
    self.palette = palette
    self.title = title
  }

  public func pngBytes() -> [UInt8] { picture().pngBytes() }

  /// Shapes: → [h, w, 3].
  public func picture() -> ByteTensor {
    let cell = rows[0].image.imageSize
    // Small images are enlarged until a caption fits over them.
    let scale = max(1, (127 + cell.width) / cell.width)
    let (width, height) = (cell.width * scale, cell.height * scale)
    let columns = 3
    // Several triples side by side when there are many rows, so that the sheet stays near square.
    let triples = rows.count > 4 && cell.width * scale <= 200 ? 2 : 1
    let lines = (rows.count + triples - 1) / triples
    let tripleWidth = columns * (width + Self.gap) + 2 * Self.gap
    let sheetWidth = max(triples * tripleWidth, 320)
    let legend = legendPlaces(width: sheetWidth - 2 * Self.gap)
    let top = (title.isEmpty ? 0 : 24) + 20
    let legendTop = top + lines * (height + Self.gap) + Self.gap
    let size = ImageSize(height: legendTop + legend.height + Self.gap, width: sheetWidth)
    var canvas = Canvas(size: size, background: Self.paper)
    canvas.write(title, left: 2 * Self.gap, top: 8, scale: 2, color: Self.ink)
    for triple in 0..<triples {
      for (column, name) in ["image", "truth", "prediction"].enumerated() {
        let left = triple * tripleWidth + 2 * Self.gap + column * (width + Self.gap)
        canvas.write(name, left: left, top: top - 12, color: Self.ink)
      }
    }
    for (index, row) in rows.enumerated() {
      let y = top + index / triples * (height + Self.gap)
      let cells = [row.image, row.truth.map(colored), row.prediction.map(colored)]
      for (column, picture) in cells.enumerated() {
        let left = index % triples * tripleWidth + 2 * Self.gap + column * (width + Self.gap)
        if let picture { canvas.paste(picture, left: left, top: y, scale: scale) }
      }
    }
    for (index, place) in legend.places.enumerated() {
      let (left, y) = (2 * Self.gap + place.left, legendTop + place.top)
      canvas.fill(Self.ink, left: left - 1, top: y - 1, width: 14, height: 12)
      canvas.fill(palette[index], left: left, top: y, width: 12, height: 10)
      canvas.write(classNames[index], left: left + 18, top: y + 2, color: Self.ink)
    }
    return canvas.picture
  }

  private func colored(_ mask: ByteTensor) -> ByteTensor {
    ByteTensor(shape: mask.shape + [3]) { out in
      mask.withUnsafeElements { source in
        for (index, value) in source.enumerated() {
          let known = value != ignoredLabel && Int(value) < palette.count
          let color = known ? palette[Int(value)] : Self.ignored
          out[3 * index] = color.red
          out[3 * index + 1] = color.green
          out[3 * index + 2] = color.blue
        }
      }
    }
  }

  private func legendPlaces(width: Int) -> (places: [(left: Int, top: Int)], height: Int) {
    var places: [(left: Int, top: Int)] = []
    var (left, top) = (0, 4)
    for name in classNames {
      let needed = 18 + Canvas.width(of: name) + 16
      if left > 0 && left + needed > width {
        left = 0
        top += 18
      }
      places.append((left, top))
      left += needed
    }
    return (places, classNames.isEmpty ? 0 : top + 18)
  }
}
