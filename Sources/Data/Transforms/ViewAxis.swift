/// One axis of a view of an image: cells of `scale` source pixels that begin at `origin`.
struct ViewAxis {
  let origin: Float
  let scale: Float
  /// Source pixels.
  let source: Int
  /// Where it is a count, cell i is the one that would be count − 1 − i.
  let mirrored: Int?

  /// `length` source pixels from `origin` on as `count` cells.
  init(origin: Float, length: Float, count: Int, source: Int, mirrored: Bool) {
    self.origin = origin
    self.source = source
    scale = length / Float(count)
    self.mirrored = mirrored ? count : nil
  }

  /// In source pixels.
  func middle(of cell: Int) -> Float {
    let place = mirrored.map { $0 - 1 - cell } ?? cell
    return origin + (Float(place) + 0.5) * scale
  }

  func isInside(_ cell: Int) -> Bool {
    let middle = middle(of: cell)
    return middle >= 0 && middle < Float(source)
  }

  /// Those of the cells whose middle is inside the image.
  func inside(_ cells: Range<Int>) -> Range<Int> {
    guard let first = cells.first(where: isInside), let last = cells.last(where: isInside)
    else { return 0..<0 }
    return first..<last + 1
  }
}
