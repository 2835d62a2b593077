import Data
import Tensors
import Training

extension DTC {
  /// `CASE.h5` with the mask (`label`) and the probabilities (`probability`) of each asked sample.
  package func predict(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Prediction] {
    try context.indices.map { index in
      let sample = try source.sample(at: index)
      let image = try BinaryVolume(unlabelled: sample).image
      let found = try prediction(of: image, context.pass)
      let voxels = found.mask.withUnsafeElements { $0.count { $0 == 1 } }
      var fields = [
        (name: "voxels", value: "\(voxels)"),
        (name: "of the volume", value: percent(Double(voxels) / Double(found.mask.count))),
      ]
      // Labels that cannot be compared with are no reason to predict nothing.
      if let truth = try? BinaryVolume(labelled: sample).mask {
        let scores = VolumeScores(prediction: found.mask, truth: truth)
        fields.append((name: "Dice", value: percent(scores.dice)))
      }
      return Prediction(
        sample: sample.id, fields: fields,
        file: (
          "\(sample.id).h5",
          HDF5Writer.bytes(of: [
            ("label", .bytes(found.mask)), ("probability", .floats(found.probabilities)),
          ])
        ))
    }
  }

  /// Of each volume the slice with the most of the object, or of what was found where nobody has
  /// labelled it.
  package func contactSheet(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> ByteTensor {
    var cell: ImageSize?
    let rows = try context.indices.map { index in
      let sample = try source.sample(at: index)
      let image = try BinaryVolume(unlabelled: sample).image
      let found = try prediction(of: image, context.pass).mask
      let truth = sample.volume?.labels
      let place = fullestSlice(of: truth ?? found)
      let picture = gray(slice(image.elements, image.shape, place))
      // Cells of a sheet have one size: that of the first.
      let size = cell ?? ImageSize(height: image.shape[0], width: image.shape[1])
      cell = size
      func mask(_ labels: ByteTensor) -> ByteTensor {
        ByteTensor(
          slice(labels.elements, labels.shape, place), shape: Array(image.shape.prefix(2))
        ).resized(to: size, filter: .nearest)
      }
      return ContactSheet.Row(
        image: ByteTensor(picture, shape: Array(image.shape.prefix(2)) + [3]).resized(to: size),
        truth: truth.map(mask), prediction: mask(found))
    }
    return ContactSheet(
      rows: rows, classNames: classNames, title: "\(source.split): the fullest slice"
    ).picture()
  }

  /// Position along the last axis.
  private func fullestSlice(of mask: ByteTensor) -> Int {
    let depth = mask.shape[2]
    var counts = [Int](repeating: 0, count: depth)
    mask.withUnsafeElements { labels in
      for (index, label) in labels.enumerated() where label == 1 { counts[index % depth] += 1 }
    }
    let most = counts.max() ?? 0
    return most > 0 ? counts.firstIndex(of: most) ?? 0 : depth / 2
  }

  private func slice<Value>(_ values: [Value], _ shape: [Int], _ place: Int) -> [Value] {
    (0..<shape[0] * shape[1]).map { values[$0 * shape[2] + place] }
  }

  /// From the slice's smallest value to its largest, three times each.
  private func gray(_ values: [Float]) -> [UInt8] {
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let scale = high > low ? 255 / (high - low) : 0
    return values.flatMap { value in
      [UInt8](repeating: UInt8(max(0, min(255, (value - low) * scale))), count: 3)
    }
  }

  private func percent(_ share: Double) -> String {
    let tenths = Int(1000 * share + 0.5)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
