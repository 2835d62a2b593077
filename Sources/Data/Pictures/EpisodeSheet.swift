import Tensors

/// Episodes of few-shot learning as rows: a query, where the model's features respond in it, and the
/// classes it was compared with.
public struct EpisodeSheet: Sendable {
  /// One class of the episode.
  public struct Support: Sendable {
    public let picture: ByteTensor  // [h, w, 3]
    public let isTruth: Bool
    public let isPredicted: Bool

    public init(picture: ByteTensor, isTruth: Bool, isPredicted: Bool) {
      self.picture = picture
      self.isTruth = isTruth
      self.isPredicted = isPredicted
    }
  }

  public struct Row: Sendable {
    public let query: ByteTensor  // [h, w, 3]
    public let activation: Tensor  // [rows, columns], any range
    public let supports: [Support]

    public init(query: ByteTensor, activation: Tensor, supports: [Support]) {
      self.query = query
      self.activation = activation
      self.supports = supports
    }

    var isRight: Bool { supports.contains { $0.isTruth && $0.isPredicted } }
  }

  private let rows: [Row]
  private let title: String

  private static let gap = 8
  private static let frame = 3
  private static let ink = RGB(40, 40, 40)
  private static let paper = RGB(250, 250, 248)
  private static let right = RGB(0, 140, 90)
  private static let wrong = RGB(200, 60, 40)
  private static let heat = RGB(255, 90, 0)
  private static let dim: Float = 0.55

  /// Precondition: at least one row; all pictures have one size.
  public init(rows: [Row], title: String = "") {
    precondition(!rows.isEmpty, "EpisodeSheet: no rows")
    let shape = rows[0].query.shape
    for row in rows {
      precondition(
        row.query.shape == shape && shape.count == 3 && row.activation.rank == 2
          && row.supports.allSatisfy { $0.picture.shape == shape },
        "EpisodeSheet: pictures of different shapes")
    }
    self.rows = rows
    self.title = title
  }

  /// Shapes: → [h, w, 3].
  public func picture() -> ByteTensor {
    let cell = rows[0].query.imageSize
    let scale = max(1, (83 + cell.width) / cell.width)
    let (width, height) = (cell.width * scale, cell.height * scale)
    let columns = 2 + (rows.map(\.supports.count).max() ?? 0)
    let (pitchX, pitchY) = (width + Self.gap + 2 * Self.frame, height + 12 + Self.gap)
    let top = 24
    let size = ImageSize(
      height: top + rows.count * pitchY,
      width: max(Self.gap + columns * pitchX + Self.gap, Canvas.width(of: title) + 2 * Self.gap))
    var canvas = Canvas(size: size, background: Self.paper)
    canvas.write(title, left: Self.gap, top: 8, color: Self.ink)
    for (number, row) in rows.enumerated() {
      let y = top + number * pitchY
      func left(_ column: Int) -> Int { Self.gap + column * pitchX + (column >= 2 ? Self.gap : 0) }
      let verdict = row.isRight ? "right" : "wrong"
      canvas.paste(row.query, left: left(0), top: y, scale: scale)
      canvas.write(
        verdict, left: left(0), top: y + height + 3, color: row.isRight ? Self.right : Self.wrong)
      canvas.paste(Self.heated(row), left: left(1), top: y, scale: scale)
      for (place, support) in row.supports.enumerated() {
        let x = left(2 + place)
        if support.isPredicted {
          let color = support.isTruth ? Self.right : Self.wrong
          canvas.fill(
            color, left: x - Self.frame, top: y - Self.frame, width: width + 2 * Self.frame,
            height: height + 2 * Self.frame)
        }
        canvas.paste(support.picture, left: x, top: y, scale: scale)
        let words = [support.isTruth ? "truth" : nil, support.isPredicted ? "predicted" : nil]
        canvas.write(
          words.compactMap { $0 }.joined(separator: ", "), left: x, top: y + height + 4,
          color: Self.ink)
      }
    }
    return canvas.picture
  }

  /// The query with its strongest responses in colour and its weakest dark.
  private static func heated(_ row: Row) -> ByteTensor {
    let values = row.activation.elements.map { $0.isFinite ? $0 : 0 }
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let range = high > low ? high - low : 1
    let map = ByteTensor(
      values.map { UInt8(max(0, min(255, 255 * ($0 - low) / range))) }, shape: row.activation.shape)
    let strength = map.resized(to: row.query.imageSize).elements
    let paint = [heat.red, heat.green, heat.blue].map { Float($0) }
    return ByteTensor(shape: row.query.shape) { out in
      row.query.withUnsafeElements { source in
        for index in 0..<out.count {
          let share = Float(strength[index / 3]) / 255
          let shown = Float(source[index]) * (dim + (1 - dim) * share)
          out[index] = UInt8(shown + 0.5 * share * share * (paint[index % 3] - shown))
        }
      }
    }
  }
}
