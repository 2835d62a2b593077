import Data
import Tensors

/// The class regions of some masks: all pixels of one class in one image are a region, connected or
/// not; their order is by image, then class.
package struct SegmentRegions: Sendable {
  /// The class of each region.
  package let labels: IntTensor  // [regions]
  /// How many pixels of the features each region has.
  package let sizes: [Int]
  /// The region of each pixel; pixels that count nowhere have the number after the last region.
  private let regionOfPixel: IntTensor  // [B · h · w]

  /// - `masks`: [B, H, W] of class indices and `ignoredLabel`.
  /// - `map`: Height and width of the features; where they are smaller, a feature takes the class of
  ///   the mask's pixel under its centre.
  package init(masks: ByteTensor, map: ImageSize, classes: Int) {
    let (batch, height, width) = (masks.shape[0], masks.shape[1], masks.shape[2])
    var (labels, sizes): ([Int32], [Int]) = ([], [])
    var pixels = [Int32](repeating: -1, count: batch * map.height * map.width)
    masks.withUnsafeElements { all in
      for image in 0..<batch {
        var counts = [Int](repeating: 0, count: classes)
        var place = image * map.height * map.width
        for y in 0..<map.height {
          let row = (image * height + (2 * y + 1) * height / (2 * map.height)) * width
          for x in 0..<map.width {
            let label = all[row + (2 * x + 1) * width / (2 * map.width)]
            if label != ignoredLabel {
              pixels[place] = Int32(label)
              counts[Int(label)] += 1
            }
            place += 1
          }
        }
        var region = [Int32](repeating: -1, count: classes)
        for label in 0..<classes where counts[label] > 0 {
          region[label] = Int32(labels.count)
          labels.append(Int32(label))
          sizes.append(counts[label])
        }
        for pixel in image * map.height * map.width..<place where pixels[pixel] >= 0 {
          pixels[pixel] = region[Int(pixels[pixel])]
        }
      }
    }
    let outside = Int32(labels.count)
    for pixel in pixels.indices where pixels[pixel] < 0 { pixels[pixel] = outside }
    self.labels = IntTensor(labels)
    self.sizes = sizes
    regionOfPixel = IntTensor(pixels)
  }

  /// The mean of each region's pixels.
  ///
  /// Shapes: [B, h, w, d] → [regions, d]. Gradient: spread evenly over the region.
  package func means(of features: Tensor) -> Tensor {
    let rows = features.reshaped([regionOfPixel.count, features.shape[3]])
    let sums = rows.scatterAddRows(regionOfPixel, rows: sizes.count + 1).rows(0..<sizes.count)
    let shares = Tensor(sizes.map { 1 / Float($0) }, shape: [sizes.count, 1])
    return sums * shares
  }
}
