import Tensors

/// How output pixels are made from source pixels.
public enum ResamplingFilter: Sendable {
  /// For pictures; averages where the image shrinks (antialias).
  case bilinear
  /// For masks: class indices must not mix.
  case nearest
}

extension ByteTensor {
  /// The window's content at a new size; what lies outside the image becomes `fill`.
  ///
  /// Shapes: [h, w, c] or [h, w] → [size.height, size.width, …]. Bit-identical on every processor.
  public func resampled(
    _ window: Window, to size: ImageSize, filter: ResamplingFilter, fill: UInt8 = 0
  ) -> ByteTensor {
    precondition(
      (2...3).contains(shape.count), "resampled: shape \(shape) is not [h, w] or [h, w, c]")
    precondition(
      window.height > 0 && window.width > 0 && size.height > 0 && size.width > 0 && count > 0,
      "resampled: window \(window) of \(shape) to \(size)")
    switch filter {
    case .bilinear:
      return filtered(
        rows: AxisTaps(
          triangleFrom: window.top, length: window.height, outputs: size.height, source: shape[0]),
        columns: AxisTaps(
          triangleFrom: window.left, length: window.width, outputs: size.width, source: shape[1],
          reversed: window.flipped), fill: fill)
    case .nearest:
      return picked(
        rows: AxisTaps(
          nearestFrom: window.top, length: window.height, outputs: size.height, source: shape[0]),
        columns: AxisTaps(
          nearestFrom: window.left, length: window.width, outputs: size.width, source: shape[1],
          reversed: window.flipped), fill: fill)
    }
  }

  /// All of a picture at a new size.
  public func resized(to size: ImageSize, filter: ResamplingFilter = .bilinear) -> ByteTensor {
    guard imageSize != size else { return self }
    return resampled(.whole(of: imageSize), to: size, filter: filter)
  }

  /// Mirrored left to right.
  public func flippedHorizontally() -> ByteTensor {
    var window = Window.whole(of: imageSize)
    window.flipped = true
    return resampled(window, to: imageSize, filter: .nearest)
  }

  /// Columns first into a buffer of the source rows that matter, then rows.
  func filtered(rows: AxisTaps, columns: AxisTaps, fill: UInt8) -> ByteTensor {
    let channels = channelCount
    let lines = rows.range
    let rowLength = columns.outputCount * channels
    var middle = [UInt8](repeating: 0, count: lines.count * rowLength)
    withUnsafeElements { source in
      middle.withUnsafeMutableBufferPointer { middle in
        for line in lines {
          let row = UnsafeBufferPointer(
            rebasing: source[line * shape[1] * channels..<(line + 1) * shape[1] * channels])
          let start = (line - lines.lowerBound) * rowLength
          let out = UnsafeMutableBufferPointer(rebasing: middle[start..<start + rowLength])
          filterLine(row, columns, channels, fill, into: out)
        }
      }
    }
    let result = [rows.outputCount, columns.outputCount] + shape.dropFirst(2)
    return ByteTensor(shape: result) { out in
      var sums = [Int32](repeating: 0, count: rowLength)
      middle.withUnsafeBufferPointer { middle in
        sums.withUnsafeMutableBufferPointer { sums in
          for y in 0..<rows.outputCount {
            let line = UnsafeMutableBufferPointer(
              rebasing: out[y * rowLength..<(y + 1) * rowLength])
            guard rows.counts[y] > 0 else {
              line.update(repeating: fill)
              continue
            }
            sums.update(repeating: AxisTaps.one / 2)
            for tap in 0..<Int(rows.counts[y]) {
              let weight = rows.weights[y * rows.width + tap]
              let start = (Int(rows.starts[y]) + tap - lines.lowerBound) * rowLength
              for x in 0..<rowLength { sums[x] &+= weight &* Int32(middle[start + x]) }
            }
            for x in 0..<rowLength { line[x] = UInt8(truncatingIfNeeded: sums[x] >> 15) }
          }
        }
      }
    }
  }

  private func picked(rows: AxisTaps, columns: AxisTaps, fill: UInt8) -> ByteTensor {
    let channels = channelCount
    let width = columns.outputCount
    return ByteTensor(shape: [rows.outputCount, width] + shape.dropFirst(2)) { out in
      withUnsafeElements { source in
        for y in 0..<rows.outputCount {
          for x in 0..<width {
            let inside = rows.counts[y] > 0 && columns.counts[x] > 0
            let from = (Int(rows.starts[y]) * shape[1] + Int(columns.starts[x])) * channels
            for c in 0..<channels {
              out[(y * width + x) * channels + c] = inside ? source[from + c] : fill
            }
          }
        }
      }
    }
  }
}

private func filterLine(
  _ row: UnsafeBufferPointer<UInt8>, _ taps: AxisTaps, _ channels: Int, _ fill: UInt8,
  into out: UnsafeMutableBufferPointer<UInt8>
) {
  taps.weights.withUnsafeBufferPointer { weights in
    for x in 0..<taps.outputCount {
      let count = Int(taps.counts[x])
      let start = Int(taps.starts[x]) * channels
      let first = x * taps.width
      if count == 0 {
        for c in 0..<channels { out[x * channels + c] = fill }
      } else if channels == 3 {
        var (red, green, blue) = (AxisTaps.one / 2, AxisTaps.one / 2, AxisTaps.one / 2)
        for tap in 0..<count {
          let weight = weights[first + tap]
          red &+= weight &* Int32(row[start + 3 * tap])
          green &+= weight &* Int32(row[start + 3 * tap + 1])
          blue &+= weight &* Int32(row[start + 3 * tap + 2])
        }
        out[3 * x] = UInt8(truncatingIfNeeded: red >> 15)
        out[3 * x + 1] = UInt8(truncatingIfNeeded: green >> 15)
        out[3 * x + 2] = UInt8(truncatingIfNeeded: blue >> 15)
      } else {
        for c in 0..<channels {
          var sum = AxisTaps.one / 2
          for tap in 0..<count {
            sum &+= weights[first + tap] &* Int32(row[start + channels * tap + c])
          }
          out[x * channels + c] = UInt8(truncatingIfNeeded: sum >> 15)
        }
      }
    }
  }
}
