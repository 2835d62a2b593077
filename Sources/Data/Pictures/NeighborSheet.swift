import Tensors

/// Pictures with what they are taken for, and beside each those that are nearest to it.
public struct NeighborSheet: Sendable {
  public struct Neighbor: Sendable {
    public let picture: ByteTensor  // [h, w, 3]
    public let isSameClass: Bool

    public init(picture: ByteTensor, isSameClass: Bool) {
      self.picture = picture
      self.isSameClass = isSameClass
    }
  }

  public struct Row: Sendable {
    public let query: ByteTensor  // [h, w, 3]
    /// What it is taken for.
    public let caption: String
    public let isRight: Bool
    /// The nearest first.
    public let neighbors: [Neighbor]

    public init(query: ByteTensor, caption: String, isRight: Bool, neighbors: [Neighbor]) {
      self.query = query
      self.caption = caption
      self.isRight = isRight
      self.neighbors = neighbors
    }
  }

  private let rows: [Row]
  private let title: String

  private static let gap = 8
  private static let frame = 3
  private static let ink = RGB(40, 40, 40)
  private static let paper = RGB(250, 250, 248)
  private static let right = RGB(0, 140, 90)
  private static let wrong = RGB(200, 60, 40)

  /// Precondition: at least one row; all pictures have one size.
  public init(rows: [Row], title: String = "") {
    precondition(!rows.isEmpty, "NeighborSheet: no rows")
    let shape = rows[0].query.shape
    for row in rows {
      precondition(
        row.query.shape == shape && shape.count == 3
          && row.neighbors.allSatisfy { $0.picture.shape == shape },
        "NeighborSheet: pictures of different shapes")
    }
    self.rows = rows
    self.title = title
  }

  /// Neighbours of the picture's own class have a green frame, others a red one.
  ///
  /// Shapes: → [h, w, 3].
  public func picture() -> ByteTensor {
    let cell = rows[0].query.imageSize
    let scale = max(1, (83 + cell.width) / cell.width)
    let (width, height) = (cell.width * scale, cell.height * scale)
    let columns = 1 + (rows.map(\.neighbors.count).max() ?? 0)
    let (pitchX, pitchY) = (width + Self.gap + 2 * Self.frame, height + 14 + Self.gap)
    let top = 24
    let size = ImageSize(
      height: top + rows.count * pitchY,
      width: max(2 * Self.gap + columns * pitchX, Canvas.width(of: title) + 2 * Self.gap))
    var canvas = Canvas(size: size, background: Self.paper)
    canvas.write(title, left: Self.gap, top: 8, color: Self.ink)
    for (number, row) in rows.enumerated() {
      let y = top + number * pitchY
      canvas.paste(row.query, left: Self.gap, top: y, scale: scale)
      let letters = width / BitmapFont.advance
      canvas.write(
        String(row.caption.prefix(letters)), left: Self.gap, top: y + height + 5,
        color: row.isRight ? Self.right : Self.wrong)
      for (place, neighbor) in row.neighbors.enumerated() {
        let x = 2 * Self.gap + (1 + place) * pitchX
        canvas.fill(
          neighbor.isSameClass ? Self.right : Self.wrong, left: x - Self.frame,
          top: y - Self.frame, width: width + 2 * Self.frame, height: height + 2 * Self.frame)
        canvas.paste(neighbor.picture, left: x, top: y, scale: scale)
      }
    }
    return canvas.picture
  }
}
