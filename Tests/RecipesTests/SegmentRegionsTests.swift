import Data
import Recipes
import TestSupport
import Tensors
import Testing

@Suite struct SegmentRegionsTests {
  private let masks = ByteTensor([0, 0, 2, 255, 1, 1, 1, 1], shape: [2, 2, 2])

  @Test func `regions are the classes of each image`() {
    let regions = SegmentRegions(
      masks: masks, map: ImageSize(height: 2, width: 2), classes: 3)
    #expect(regions.labels.elements == [0, 2, 1])
    #expect(regions.sizes == [2, 1, 4])
  }

  @Test func `a region's row is the mean of its pixels`() {
    let regions = SegmentRegions(
      masks: masks, map: ImageSize(height: 2, width: 2), classes: 3)
    let features = Tensor([1, 3, 5, 100, 1, 2, 3, 4], shape: [2, 2, 2, 1])
    #expect(regions.means(of: features).elements == [2, 5, 2.5])
  }

  @Test func `smaller features take the class under their centre`() {
    let wide = ByteTensor([0, 1, 2, 2], shape: [1, 1, 4])
    let regions = SegmentRegions(
      masks: wide, map: ImageSize(height: 1, width: 2), classes: 3)
    #expect(regions.labels.elements == [1, 2])
  }

  @Test func `no images have no regions`() {
    let regions = SegmentRegions(
      masks: ByteTensor([], shape: [0, 2, 2]), map: ImageSize(height: 2, width: 2), classes: 3)
    #expect(regions.sizes.isEmpty)
    #expect(regions.means(of: .zeros([0, 2, 2, 4])).shape == [0, 4])
  }
}
