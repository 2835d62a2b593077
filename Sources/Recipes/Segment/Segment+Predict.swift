import Data
import Tensors
import Training

extension Segment {
  /// A palette PNG of each sample's classes, and the share of the image that each class covers.
  package func predict(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> [Prediction] {
    try context.indices.map { index in
      let sample = try source.sample(at: index)
      guard let image = try sample.image?.pixels() else {
        throw DataError(file: source.name(at: index), problem: "has no image", advice: "Add it")
      }
      let mask = try predictions(of: [image], sizes: [image.imageSize], context.pass)[0]
      return Prediction(
        sample: sample.id, fields: shares(of: mask),
        file: ("\(sample.id).png", mask.pngBytes(palette: Palette.voc)))
    }
  }

  package func contactSheet(
    _ source: any SampleSource, _ context: PredictContext
  ) throws -> ByteTensor {
    // Cells of a sheet have one size: that of the first picture.
    var cell = size
    if let first = context.indices.first {
      cell = try Self.parts(of: source.sample(at: first)).image.size
    }
    let rows = try context.indices.map { index in
      let (picture, mask) = try Self.parts(of: source.sample(at: index))
      let image = try picture.pixels()
      let prediction = try predictions(of: [image], sizes: [cell], context.pass)[0]
      return ContactSheet.Row(
        image: image.resized(to: cell), truth: mask.resized(to: cell, filter: .nearest),
        prediction: prediction)
    }
    return ContactSheet(rows: rows, classNames: classNames, title: source.split).picture()
  }

  /// The classes of a mask by area, largest first, ties by class.
  private func shares(of mask: ByteTensor) -> [(name: String, value: String)] {
    var counts = [Int](repeating: 0, count: classNames.count)
    mask.withUnsafeElements { for value in $0 { counts[Int(value)] += 1 } }
    return classNames.indices.filter { counts[$0] > 0 }
      .sorted { (counts[$1], $0) < (counts[$0], $1) }
      .map { (classNames[$0], percent(Double(counts[$0]) / Double(mask.count))) }
  }
}
