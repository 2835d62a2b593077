import Tensors

/// Pictures with lines of text beside them, each marked as right or wrong.
public struct CaptionSheet: Sendable {
  public struct Row: Sendable {
    public let image: ByteTensor  // [h, w, 3]
    public let lines: [String]
    public let isRight: Bool

    public init(image: ByteTensor, lines: [String], isRight: Bool) {
      self.image = image
      self.lines = lines
      self.isRight = isRight
    }
  }

  private let rows: [Row]
  private let title: String

  private static let gap = 8
  private static let ink = RGB(40, 40, 40)
  private static let paper = RGB(250, 250, 248)
  private static let right = RGB(0, 140, 90)
  private static let wrong = RGB(200, 60, 40)
  private static let linePitch = 12

  /// Precondition: at least one row; images [h, w, 3].
  public init(rows: [Row], title: String = "") {
    precondition(!rows.isEmpty, "CaptionSheet: no rows")
    precondition(
      rows.allSatisfy { $0.image.shape.count == 3 && $0.image.shape[2] == 3 },
      "CaptionSheet: an image is not [h, w, 3]")
    self.rows = rows
    self.title = title
  }

  /// Shapes: → [h, w, 3].
  public func picture() -> ByteTensor {
    let cellWidth = rows.map { $0.image.shape[1] }.max() ?? 1
    let textLeft = 2 * Self.gap + cellWidth
    let textWidth = rows.flatMap(\.lines).map { Canvas.width(of: $0) }.max() ?? 0
    let heights = rows.map { max($0.image.shape[0], 20 + $0.lines.count * Self.linePitch) }
    let top = title.isEmpty ? Self.gap : 24
    let size = ImageSize(
      height: top + heights.reduce(0) { $0 + $1 + Self.gap },
      width: max(textLeft + max(textWidth, 40), Canvas.width(of: title) + Self.gap) + Self.gap)
    var canvas = Canvas(size: size, background: Self.paper)
    canvas.write(title, left: Self.gap, top: 8, color: Self.ink)
    var y = top
    for (row, height) in zip(rows, heights) {
      let color = row.isRight ? Self.right : Self.wrong
      canvas.paste(row.image, left: Self.gap, top: y, scale: 1)
      canvas.fill(color, left: 2, top: y, width: 4, height: row.image.shape[0])
      canvas.write(row.isRight ? "right" : "wrong", left: textLeft, top: y + 4, color: color)
      for (index, line) in row.lines.enumerated() {
        canvas.write(line, left: textLeft, top: y + 20 + index * Self.linePitch, color: Self.ink)
      }
      y += height + Self.gap
    }
    return canvas.picture
  }
}
