import Tensors

/// Counts what the samples of a split hold, one by one.
struct SplitTally {
  private let classNames: [String]
  private let labelNames: [String]
  private var samples = 0
  private var bytes: [Int] = []
  private var heights: [Int] = []
  private var widths: [Int] = []
  private var depths: [Int] = []
  private var channels: [Moments] = []
  private var classes: [Int: SplitReport.ClassCount] = [:]
  private var ignored = 0
  private var labels: [Int: Int] = [:]
  private var captions = 0
  private var objects = 0
  private var crowds = 0
  private var textLengths: [Int] = []
  private var featureShapes: [String: Int] = [:]

  init(classNames: [String], labelNames: [String]) {
    self.classNames = classNames
    self.labelNames = labelNames
  }

  /// Throws: `DataError` for what can be read and is of no use: values that are not finite.
  mutating func add(_ sample: Sample, byteCount: Int, name: String) throws {
    samples += 1
    bytes.append(byteCount)
    if let image = sample.image { add(image: try image.pixels()) }
    var found: Set<Int> = []
    if let mask = sample.mask { add(labels: mask, &found) }
    if let label = sample.label { labels[label, default: 0] += 1 }
    captions += sample.captions.count
    for annotation in sample.annotations {
      objects += 1
      crowds += annotation.isCrowd ? 1 : 0
      count(annotation.category) { $0.objects += 1 }
      found.insert(annotation.category)
    }
    if let text = sample.text { textLengths.append(text.count) }
    if let volume = sample.volume {
      depths.append(volume.values.shape[0])
      heights.append(volume.values.shape[1])
      widths.append(volume.values.shape[2])
      if let truth = volume.labels { add(labels: truth, &found) }
    }
    for index in found { count(index) { $0.samples += 1 } }
    if let features = sample.features {
      featureShapes["\(features.shape)", default: 0] += 1
    }
    for numbers in [sample.volume?.values, sample.features].compactMap({ $0 }) {
      try add(numbers: numbers, name: name)
    }
  }

  private mutating func add(image: ByteTensor) {
    heights.append(image.shape[0])
    widths.append(image.shape[1])
    let channelCount = image.channelCount
    var (sums, squares) = ([Int](repeating: 0, count: 4), [Int](repeating: 0, count: 4))
    image.withUnsafeElements { values in
      for index in values.indices {
        let value = Int(values[index])
        sums[index % channelCount] += value
        squares[index % channelCount] += value * value
      }
    }
    reserve(channelCount)
    let count = Double(image.count / channelCount)
    for channel in 0..<channelCount {
      let mean = Double(sums[channel]) / count
      let spread = Double(squares[channel]) - Double(sums[channel]) * mean
      channels[channel].add(
        count: count, mean: mean / 255, squares: max(0, spread) / (255 * 255))
    }
  }

  private mutating func add(labels: ByteTensor, _ found: inout Set<Int>) {
    var histogram = [Int](repeating: 0, count: 256)
    labels.withUnsafeElements { for value in $0 { histogram[Int(value)] += 1 } }
    ignored += histogram[Int(ignoredLabel)]
    for value in 0..<Int(ignoredLabel) where histogram[value] > 0 {
      count(value) { $0.pixels += histogram[value] }
      found.insert(value)
    }
  }

  private mutating func add(numbers: Tensor, name: String) throws {
    let values = numbers.elements
    let wrong = values.count { !$0.isFinite }
    guard wrong == 0 else {
      throw DataError(
        file: name, problem: "has \(wrong) values of \(values.count) that are not finite",
        advice: "Write the file again, with numbers only")
    }
    reserve(1)
    channels[0].add(values)
  }

  private mutating func reserve(_ count: Int) {
    while channels.count < count { channels.append(Moments()) }
  }

  private mutating func count(_ index: Int, _ change: (inout SplitReport.ClassCount) -> Void) {
    let name = classNames.indices.contains(index) ? classNames[index] : "\(index)"
    change(&classes[index, default: .init(index: index, name: name)])
  }

  var summary: SplitReport.Summary {
    // Classes that never occur are worth a line too.
    var all = classes
    for (index, name) in classNames.enumerated() where all[index] == nil {
      all[index] = .init(index: index, name: name)
    }
    return .init(
      samples: samples, bytes: Distribution(bytes), height: Distribution(heights),
      width: Distribution(widths), depth: Distribution(depths), mean: channels.map(\.mean),
      standardDeviation: channels.map(\.standardDeviation),
      classes: all.values.sorted { $0.index < $1.index }, ignoredPixels: ignored,
      labels: labelNames.enumerated().map {
        .init(index: $0, name: $1, samples: labels[$0] ?? 0)
      },
      captions: captions, objects: objects, crowds: crowds,
      textLength: Distribution(textLengths), featureShapes: featureShapes)
  }
}
