import Data
import Tensors
import Testing

@Suite struct PicturesTests {
  @Test func `has VOC's colours`() {
    // From the development kit: background, aeroplane, bicycle, tvmonitor, void.
    #expect(Palette.voc[0] == RGB(0, 0, 0))
    #expect(Palette.voc[1] == RGB(128, 0, 0))
    #expect(Palette.voc[2] == RGB(0, 128, 0))
    #expect(Palette.voc[20] == RGB(0, 64, 128))
    #expect(Palette.voc[255] == RGB(224, 224, 192))
    #expect(Set(Palette.voc).count == 256)
  }

  @Test func `lays out image, truth and prediction beside each other`() {
    let image = ByteTensor(repeating: 33, shape: [128, 128, 3])
    let truth = ByteTensor(repeating: 1, shape: [128, 128])
    let prediction = ByteTensor(repeating: 2, shape: [128, 128])
    let sheet = ContactSheet(
      rows: [.init(image: image, truth: truth, prediction: prediction), .init(image: image)],
      classNames: ["none", "one", "two"])
    let picture = sheet.picture()
    func color(_ y: Int, _ x: Int) -> [UInt8] {
      let first = 3 * (y * picture.shape[1] + x)
      return Array(picture.elements[first..<first + 3])
    }
    #expect(color(80, 70) == [33, 33, 33])
    #expect(color(80, 210) == [128, 0, 0])
    #expect(color(80, 340) == [0, 128, 0])
    #expect(color(220, 70) == [33, 33, 33])
    #expect(color(220, 210) == [250, 250, 248])
    #expect(sheet.pngBytes().starts(with: [0x89, 0x50]))
  }

  @Test func `draws a line where the numbers are, and none where they are not finite`() {
    let up = LossCurve.Series(name: "up", points: (0...10).map { (Double($0), Double($0)) })
    let empty = LossCurve.Series(name: "x", points: (0...10).map { (Double($0), Double.nan) })
    let blue: [UInt8] = [0, 114, 178]
    func column(_ curve: LossCurve, _ x: Int) -> [Int] {
      let picture = curve.picture()
      let pixels = picture.elements
      return (45..<430).filter { y in
        let first = 3 * (y * picture.shape[1] + x)
        return Array(pixels[first..<first + 3]) == blue
      }
    }
    let left = column(LossCurve(series: [up]), 150)
    let right = column(LossCurve(series: [up]), 600)
    #expect(!left.isEmpty && !right.isEmpty)
    #expect((left.first ?? 0) > (right.last ?? 0))
    #expect(column(LossCurve(series: [empty]), 150).isEmpty)
    #expect(LossCurve(series: []).picture().shape == [480, 800, 3])
  }

  @Test func `puts round numbers on axes`() {
    let axis = ChartAxis(covering: [0.13, 2.4], wanted: 7)
    #expect(axis.step == 0.5)
    #expect(axis.ticks.map { axis.text($0) } == ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"])
    let steps = ChartAxis(covering: [0, 12_345], wanted: 8)
    #expect(steps.ticks.map { steps.text($0) }.last == "14000")
    let small = ChartAxis(covering: [-0.004, 0.001], wanted: 6)
    #expect(small.text(-0.004) == "-0.004")
    let flat = ChartAxis(covering: [3, 3, .nan], wanted: 5)
    #expect(flat.low <= 3 && flat.high > 3 && flat.ticks.count < 20)
  }
}
