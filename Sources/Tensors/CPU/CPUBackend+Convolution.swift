import CKernels

extension CPUBackend {
  package func convolve(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, rectified: Bool, _ geometry: ConvolutionGeometry,
    into y: Tensor
  ) {
    let channels = geometry.outputChannels
    guard geometry.isDepthwise else {
      convolve(
        x.pointer, weight.pointer, bias: bias?.pointer, rectified: rectified, geometry,
        into: y.pointer)
      return
    }
    var window = mk_window(geometry)
    mk_depthwise_f32(
      x.pointer, weight.pointer, bias?.pointer, &window, Int64(channels / geometry.inputChannels),
      y.pointer)
    if rectified { rectify(y.pointer, y.count) }
  }

  package func convolveTransposed(
    _ dy: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into dx: Tensor
  ) {
    let channels = geometry.outputChannels
    var window = mk_window(geometry)
    if geometry.isDepthwise {
      dx.mutableElements.update(repeating: 0)
      mk_depthwise_input_f32(
        dy.pointer, weight.pointer, &window, Int64(channels / geometry.inputChannels), dx.pointer)
    } else if geometry.isPointwise {
      BLAS.product(
        .init(pointer: dy.pointer, rowStride: channels),
        .init(pointer: weight.pointer, rowStride: channels, transposed: true), into: dx.pointer,
        rowStride: geometry.inputChannels, m: geometry.positions, n: geometry.inputChannels,
        k: channels)
    } else if geometry.gathersForInput {
      // Gathering dy and multiplying once writes each dx once; scattering columns would read and
      // write it once for every tap. Products of few columns are slow, though.
      withScratch(weight.count) { flipped in
        mk_flip_weight_f32(
          weight.pointer, flipped, Int64(geometry.taps), Int64(geometry.inputChannels),
          Int64(channels), Int64(geometry.groups))
        convolve(
          dy.pointer, flipped, bias: nil, rectified: false, geometry.flipped, into: dx.pointer)
      }
    } else {
      dx.mutableElements.update(repeating: 0)
      geometry.forStrips { first, rows, columns in
        geometry.forGroups { group in
          var right = group.output(weight.pointer)
          right.transposed = true
          BLAS.product(
            group.output(dy.pointer + first * channels), right, into: columns,
            rowStride: group.width, m: rows, n: group.width, k: group.output.count)
          mk_col2im_f32(
            columns, &window, Int64(group.input.lowerBound), Int64(group.input.count),
            Int64(first), Int64(rows), dx.pointer)
        }
      }
    }
  }

  package func convolveForWeight(
    _ x: Tensor, _ dy: Tensor, _ geometry: ConvolutionGeometry, into dweight: Tensor
  ) {
    let channels = geometry.outputChannels
    dweight.mutableElements.update(repeating: 0)
    if geometry.isDepthwise {
      var window = mk_window(geometry)
      withScratch(dweight.count) { scratch in
        mk_depthwise_weight_f32(
          x.pointer, dy.pointer, &window, Int64(channels / geometry.inputChannels), scratch,
          dweight.pointer)
      }
      return
    }
    geometry.forStrips { first, rows, columns in
      geometry.forGroups { group in
        var left = geometry.pack(x.pointer, group, first, rows, columns)
        left.transposed = true
        BLAS.product(
          left, group.output(dy.pointer + first * channels),
          into: dweight.pointer + group.output.lowerBound, rowStride: channels, m: group.width,
          n: group.output.count, k: rows, keep: 1)
      }
    }
  }

  private func convolve(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    rectified: Bool, _ geometry: ConvolutionGeometry, into y: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.outputChannels
    geometry.forStrips { first, rows, columns in
      let out = y + first * channels
      if let bias { mk_fill_rows_f32(bias, out, Int64(rows), Int64(channels)) }
      geometry.forGroups { group in
        BLAS.product(
          geometry.pack(x, group, first, rows, columns), group.output(weight),
          into: out + group.output.lowerBound, rowStride: channels, m: rows, n: group.output.count,
          k: group.width, keep: bias == nil ? 0 : 1)
      }
      if rectified { rectify(out, rows * channels) }
    }
  }

  private func rectify(_ y: UnsafeMutablePointer<Float>, _ count: Int) {
    mk_unary_f32(UnaryOperation.relu.rawValue, 0, 0, y, y, Int64(count))
  }
}
