import Tensors

/// Samples of a data set with their masks, boxes and outlines drawn in, their labels and texts below.
public struct SampleSheet: Sendable {
  private struct Cell: Sendable {
    let picture: ByteTensor?  // [h, w, 3], at most a cell large
    let lines: [String]
  }

  private let classNames: [String]
  private let labelNames: [String]
  private let title: String
  private var cells: [Cell] = []
  private var hasObjects = false

  private static let cell = ImageSize(height: 168, width: 224)
  private static let columns = 4
  private static let gap = 8
  private static let linePitch = 11
  private static let linesMax = 3
  private static let ink = RGB(40, 40, 40)
  private static let paper = RGB(250, 250, 248)

  init(classNames: [String], labelNames: [String], title: String) {
    self.classNames = classNames
    self.labelNames = labelNames
    self.title = title
  }

  var cellCount: Int { cells.count }

  /// Adds a sample, if there is anything to be seen of it.
  mutating func add(_ sample: Sample) {
    hasObjects = hasObjects || !sample.annotations.isEmpty
    let drawing = SampleDrawing(sample, within: Self.cell, classNames: classNames)
    let lines = [label(of: sample), sample.text, sample.captions.first].compactMap { $0 }
    guard drawing != nil || !lines.isEmpty else { return }
    cells.append(Cell(picture: drawing?.picture, lines: wrapped([stem(of: sample.id)] + lines)))
  }

  public func pngBytes() -> [UInt8] { picture().pngBytes() }

  /// Shapes: → [h, w, 3].
  public func picture() -> ByteTensor {
    let hasPictures = cells.contains { $0.picture != nil }
    let pictureHeight = hasPictures ? Self.cell.height : 0
    let pitch = pictureHeight + Self.linesMax * Self.linePitch + 2 * Self.gap
    let shown = legend()
    let legendTop = 28 + (cells.count + Self.columns - 1) / Self.columns * pitch
    let size = ImageSize(
      height: legendTop + shown.height + Self.gap,
      width: Self.columns * (Self.cell.width + Self.gap) + Self.gap)
    var canvas = Canvas(size: size, background: Self.paper)
    canvas.write(title, left: Self.gap, top: 8, scale: 2, color: Self.ink)
    for (index, cell) in cells.enumerated() {
      let left = Self.gap + index % Self.columns * (Self.cell.width + Self.gap)
      let top = 28 + index / Self.columns * pitch
      if let picture = cell.picture { canvas.paste(picture, left: left, top: top, scale: 1) }
      for (number, line) in cell.lines.enumerated() {
        canvas.write(
          line, left: left, top: top + pictureHeight + 4 + number * Self.linePitch,
          color: Self.ink)
      }
    }
    for place in shown.places {
      let top = legendTop + place.top
      let color =
        hasObjects ? SampleDrawing.color(ofObject: place.index) : Palette.voc[place.index]
      canvas.fill(color, left: place.left, top: top, width: 12, height: 9)
      canvas.write(classNames[place.index], left: place.left + 16, top: top + 1, color: Self.ink)
    }
    return canvas.picture
  }

  private func label(of sample: Sample) -> String? {
    guard let label = sample.label else { return nil }
    return labelNames.indices.contains(label) ? labelNames[label] : "\(label)"
  }

  private func wrapped(_ lines: [String]) -> [String] {
    let letters = Self.cell.width / BitmapFont.advance
    let pieces = lines.flatMap { line -> [String] in
      let letters = Array(line.prefix(letters * Self.linesMax))
      return stride(from: 0, to: letters.count, by: Self.cell.width / BitmapFont.advance).map {
        String(letters[$0..<min(letters.count, $0 + Self.cell.width / BitmapFont.advance)])
      }
    }
    return Array(pieces.prefix(Self.linesMax))
  }

  private func legend() -> (places: [(index: Int, left: Int, top: Int)], height: Int) {
    var places: [(index: Int, left: Int, top: Int)] = []
    var (left, top) = (Self.gap, 0)
    let width = Self.columns * (Self.cell.width + Self.gap)
    for (index, name) in classNames.prefix(Palette.voc.count).enumerated() {
      let needed = 16 + Canvas.width(of: name) + 14
      if left > Self.gap && left + needed > width { (left, top) = (Self.gap, top + 14) }
      places.append((index, left, top))
      left += needed
    }
    return (places, places.isEmpty ? 0 : top + 14)
  }
}
