import CKernels
import Tensors

extension ByteTensor {
  /// The window's content at a new size; what lies outside the image becomes `fill`.
  ///
  /// Shapes: [h, w, c] or [h, w] → [size.height, size.width, …]. Bit-identical on every processor.
  public func resampled(
    _ window: Window, to size: ImageSize, filter: ResamplingFilter, fill: UInt8 = 0
  ) -> ByteTensor {
    SpatialTransform(of: imageSize, to: size, window: window)
      .applied(to: self, filter: filter, fill: fill)
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
    let length = columns.outputCount * channels
    let middle = ByteTensor(shape: [lines.count, length]) { out in
      withUnsafeElements { source in
        guard let x = source.baseAddress, let y = out.baseAddress else { return }
        columns.withKernelTaps { taps in
          mk_filter_columns_u8(
            x + lines.lowerBound * shape[1] * channels, Int64(lines.count), Int64(shape[1]),
            Int64(channels), taps, fill, y)
        }
      }
    }
    return ByteTensor(
      shape: [rows.outputCount, columns.outputCount] + shape.dropFirst(2)
    ) { out in
      middle.withUnsafeElements { source in
        rows.moved(to: lines.lowerBound).withKernelTaps { taps in
          mk_filter_rows_u8(source.baseAddress, Int64(length), taps, fill, out.baseAddress)
        }
      }
    }
  }

  /// Single source pixels: the first of each tap.
  func picked(rows: AxisTaps, columns: AxisTaps, fill: UInt8) -> ByteTensor {
    ByteTensor(shape: [rows.outputCount, columns.outputCount] + shape.dropFirst(2)) { out in
      withUnsafeElements { source in
        rows.withKernelTaps { rowTaps in
          columns.withKernelTaps { columnTaps in
            mk_pick_u8(
              source.baseAddress, Int64(shape[1]), Int64(channelCount), rowTaps, columnTaps, fill,
              out.baseAddress)
          }
        }
      }
    }
  }
}
