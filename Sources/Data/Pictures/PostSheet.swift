import Tensors

/// Texts with what a model takes them for and what they are.
public struct PostSheet: Sendable {
  public struct Row: Sendable {
    public let text: String
    public let judgement: String
    /// nil where it is not known.
    public let truth: String?
    public let isRight: Bool

    public init(text: String, judgement: String, truth: String?, isRight: Bool) {
      self.text = text
      self.judgement = judgement
      self.truth = truth
      self.isRight = isRight
    }
  }

  private let rows: [Row]
  private let title: String

  private static let gap = 8
  private static let lettersMax = 100
  private static let linesMax = 4
  private static let textLeft = 130
  private static let pitch = 12
  private static let ink = RGB(40, 40, 40)
  private static let paper = RGB(250, 250, 248)
  private static let right = RGB(0, 140, 90)
  private static let wrong = RGB(200, 60, 40)
  private static let open = RGB(120, 120, 120)

  public init(rows: [Row], title: String = "") {
    self.rows = rows
    self.title = title
  }

  /// Shapes: → [h, w, 3].
  public func picture() -> ByteTensor {
    let lines = rows.map { Self.lines(of: $0.text) }
    let heights = lines.map { max(2, $0.count) * Self.pitch }
    let size = ImageSize(
      height: 24 + heights.reduce(0) { $0 + $1 + Self.gap },
      width: Self.textLeft + Self.lettersMax * 6 + 2 * Self.gap)
    var canvas = Canvas(size: size, background: Self.paper)
    canvas.write(title, left: Self.gap, top: 8, color: Self.ink)
    var y = 24
    for (row, (lines, height)) in zip(rows, zip(lines, heights)) {
      let color = row.truth == nil ? Self.open : row.isRight ? Self.right : Self.wrong
      canvas.fill(color, left: 2, top: y, width: 4, height: height - 4)
      canvas.write(row.judgement, left: 2 * Self.gap, top: y, color: color)
      if let truth = row.truth, !row.isRight {
        canvas.write("truth: \(truth)", left: 2 * Self.gap, top: y + Self.pitch, color: Self.ink)
      }
      for (index, line) in lines.enumerated() {
        canvas.write(line, left: Self.textLeft, top: y + index * Self.pitch, color: Self.ink)
      }
      y += height + Self.gap
    }
    return canvas.picture
  }

  /// The beginning of a text in lines of words; a longer word is cut.
  private static func lines(of text: String) -> [String] {
    var lines = [""]
    for word in text.split(whereSeparator: \.isWhitespace) {
      let last = lines[lines.count - 1]
      let line = last.isEmpty ? String(word) : "\(last) \(word)"
      if line.count <= lettersMax {
        lines[lines.count - 1] = line
      } else if last.isEmpty {
        lines[lines.count - 1] = String(word.prefix(lettersMax))
      } else {
        guard lines.count < linesMax else { break }
        lines.append(String(word.prefix(lettersMax)))
      }
    }
    return lines
  }
}
