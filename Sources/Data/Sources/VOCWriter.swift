import FoundationEssentials
import Tensors

/// Writes sources to disk in the layout `VOCSource` reads, so that what is made in memory tests the
/// readers of real data.
public enum VOCWriter {
  /// Images are written as PNG: reading gives the same bytes back.
  ///
  /// The sources are splits of one data set; samples need image and mask, and ids that are unique
  /// over all of them.
  ///
  /// Throws: `DataError` when a file cannot be written, or what a sample throws.
  public static func write(_ sources: [any SampleSource], to root: String) throws {
    for folder in [VOCLayout.lists, VOCLayout.images, VOCLayout.masks] {
      try Files.makeFolder("\(root)/\(folder)")
    }
    var captions = ""
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for source in sources {
      var list = ""
      for index in 0..<source.count {
        let sample = try source.sample(at: index)
        try write(sample, to: root)
        list += sample.id + "\n"
        let line = CaptionLine(image: sample.id, captions: sample.captions, label: sample.label)
        captions += String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
      }
      try Files.write(Array(list.utf8), to: "\(root)/\(VOCLayout.lists)/\(source.split).txt")
    }
    try Files.write(Array(captions.utf8), to: "\(root)/\(VOCLayout.captions)")
    try write(sources.first?.classNames ?? [], to: "\(root)/\(VOCLayout.classes)")
    try write(sources.first?.labelNames ?? [], to: "\(root)/\(VOCLayout.labels)")
  }

  private static func write(_ sample: Sample, to root: String) throws {
    guard let image = sample.image, let mask = sample.mask else {
      throw DataError(
        file: sample.id, problem: "has no image or no mask",
        advice: "Only segmentation data can be written in VOC layout")
    }
    try Files.write(image.pixels().pngBytes(), to: "\(root)/\(VOCLayout.images)/\(sample.id).png")
    try Files.write(
      mask.pngBytes(palette: Palette.voc), to: "\(root)/\(VOCLayout.masks)/\(sample.id).png")
  }

  private static func write(_ names: [String], to file: String) throws {
    try Files.write(Array(names.map { $0 + "\n" }.joined().utf8), to: file)
  }
}
