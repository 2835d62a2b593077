import CKernels
import Tensors

extension SpatialTransform {
  /// The result; what lies outside the picture becomes `fill`.
  ///
  /// Shapes: [h, w, c] or [h, w], as large as `source` → [size.height, size.width, …].
  public func applied(
    to picture: ByteTensor, filter: ResamplingFilter, fill: UInt8
  ) -> ByteTensor {
    precondition(
      (2...3).contains(picture.shape.count) && picture.imageSize == source,
      "SpatialTransform: a picture \(picture.shape), expected \(source) as [h, w] or [h, w, c]")
    return drawn(from: picture, at: .whole(of: source), filter: filter, fill: fill)
  }

  /// The mask of the result: the nearest pixel, `ignoredLabel` outside. Shapes: [h, w] → [size].
  public func mask(_ mask: ByteTensor) -> ByteTensor {
    applied(to: mask, filter: .nearest, fill: ignoredLabel)
  }

  /// The pixels of the picture that the result is made of; empty where it shows none of it.
  func region(filter: ResamplingFilter) -> PixelRegion {
    // A turned view's nearest pixels may lie beside those of its cells.
    guard filter != .nearest || affine == .identity else { return .whole(of: source) }
    let (rows, columns) = view(filter).taps
    return PixelRegion(rows: rows.range, columns: columns.range)
  }

  /// The result from a part of the picture that has at least `region(filter:)`.
  func drawn(
    from part: ByteTensor, at place: PixelRegion, filter: ResamplingFilter, fill: UInt8
  ) -> ByteTensor {
    if self == SpatialTransform(of: source, to: source, window: .whole(of: source)) { return part }
    let (rows, columns, taps) = view(filter)
    let (rowTaps, columnTaps) = (
      taps.rows.moved(to: place.rows.lowerBound), taps.columns.moved(to: place.columns.lowerBound)
    )
    if affine == .identity {
      return filter == .nearest
        ? part.picked(rows: rowTaps, columns: columnTaps, fill: fill)
        : part.filtered(rows: rowTaps, columns: columnTaps, fill: fill)
    }
    if filter == .nearest {
      return part.mapped(by: toSource, to: size, fill: fill, mk_affine_nearest_u8)
    }
    guard !rows.isEmpty && !columns.isEmpty else {
      return ByteTensor(
        repeating: fill, shape: [size.height, size.width] + part.shape.dropFirst(2))
    }
    let shift = Affine(1, 0, -Double(columns.lowerBound), 0, 1, -Double(rows.lowerBound))
    return part.filtered(rows: rowTaps, columns: columnTaps, fill: fill)
      .mapped(by: shift.after(affine.inverse), to: size, fill: fill, mk_affine_bilinear_u8)
  }

  /// The window's pixels, and with an affine map those around it that come into view and exist.
  private func view(
    _ filter: ResamplingFilter
  ) -> (rows: Range<Int>, columns: Range<Int>, taps: (rows: AxisTaps, columns: AxisTaps)) {
    let down = ViewAxis(
      origin: window.top, length: window.height, count: size.height, source: source.height,
      mirrored: window.flippedVertically)
    let across = ViewAxis(
      origin: window.left, length: window.width, count: size.width, source: source.width,
      mirrored: window.flipped)
    var (rows, columns) = (0..<size.height, 0..<size.width)
    if affine != .identity {
      let back = affine.inverse
      let (height, width) = (Double(size.height), Double(size.width))
      let corners = [(0, 0), (width, 0), (0, height), (width, height)].map { back(SIMD2($0, $1)) }
      rows = down.inside(Self.cells(corners.map(\.y)))
      columns = across.inside(Self.cells(corners.map(\.x)))
      precondition(
        rows.count * columns.count <= Image.decodedByteCountMax,
        "SpatialTransform: the affine map brings \(columns.count)×\(rows.count) pixels into view")
    }
    return (
      rows, columns, (AxisTaps(filter, down, cells: rows), AxisTaps(filter, across, cells: columns))
    )
  }

  /// The cells around these places, and one more either way for interpolation.
  private static func cells(_ places: [Double]) -> Range<Int> {
    let low = (places.min() ?? 0).rounded(.down)
    let high = (places.max() ?? 0).rounded(.up)
    precondition(
      low > -1e6 && high < 1e6, "SpatialTransform: the affine map shows \(high - low) pixels")
    return Int(low) - 1..<Int(high) + 1
  }
}

extension ByteTensor {
  fileprivate typealias Mapping = (
    UnsafePointer<UInt8>?, Int64, Int64, Int64, UnsafePointer<Double>?, Int64, Int64, UInt8,
    UnsafeMutablePointer<UInt8>?
  ) -> Void

  /// `map` leads from places in the result to places in this picture.
  fileprivate func mapped(
    by map: Affine, to size: ImageSize, fill: UInt8, _ kernel: Mapping
  ) -> ByteTensor {
    ByteTensor(shape: [size.height, size.width] + shape.dropFirst(2)) { out in
      withUnsafeElements { source in
        kernel(
          source.baseAddress, Int64(shape[0]), Int64(shape[1]), Int64(channelCount),
          [map.a, map.b, map.c, map.d, map.e, map.f], Int64(size.height), Int64(size.width), fill,
          out.baseAddress)
      }
    }
  }
}
