import Data
import Tensors
import Testing

/// CUB-200-2011 as few-shot learning splits, cuts and resizes it.
@Suite struct CUBTests {
  private let files = FormatExample.birds[0].files

  private func source(
    _ split: String, _ options: [String: String] = [:], _ changes: [String: String] = [:]
  ) throws -> any FileSource {
    let changed = files.merging(changes.mapValues { Array($0.utf8) }) { _, new in new }
    return try CUBSource(files: MemoryFiles(changed), split: split, options: options)
  }

  @Test func `class numbers decide the split`() throws {
    #expect(
      (1...8).map { CUBSource.split(ofClass: $0) } == [
        "val", "train", "test", "train", "val", "train", "test", "train",
      ])
    #expect(try source("train").labelNames == ["002.B"])
    #expect(try source("val").labelNames == ["001.A"])
    #expect(try source("test").labelNames == ["003.C"])
    #expect(try source("val").splits == ["test", "train", "val"])
    #expect(try source("test").sample(at: 0).label == 0)
    #expect(try source("test").label(at: 0) == 0)
  }

  @Test func `labels are in the byte order of the class names`() throws {
    let classes = "1 b\n5 a\n2 c\n3 d\n"
    let source = try source(
      "val", [:], ["classes.txt": classes, "image_class_labels.txt": "1 1\n2 5\n3 2\n4 3\n"])
    #expect(source.labelNames == ["a", "b"])
    #expect(try source.label(at: 0) == 1 && source.label(at: 1) == 0)
  }

  @Test func `pictures are cut to the box, of which only what is inside counts`() throws {
    #expect(try source("train").sample(at: 0).image?.size == ImageSize(height: 3, width: 4))
    #expect(
      try source("train", ["pictures": "raw"]).sample(at: 0).image?.size
        == ImageSize(height: 4, width: 6))
    let val = try source("val", ["size": "0"])
    #expect(try val.sample(at: 0).image?.size == ImageSize(height: 2, width: 3))
    // Half pixels go to the even side, as Python rounds: x 0 to 2, y 2 to 4 (1.5 and 3.5).
    let boxes = "1 0.5 1.5 1.0 2.0\n2 0 0 6 4\n3 2 1 9 9\n4 0 0 2 2\n"
    let rounded = try source("val", ["size": "0"], ["bounding_boxes.txt": boxes])
    #expect(try rounded.sample(at: 0).image?.size == ImageSize(height: 2, width: 2))
  }

  @Test func `only the evaluation's pictures are prepared`() throws {
    #expect(try source("val").sample(at: 0).image?.size == ImageSize(height: 84, width: 84))
    #expect(
      try source("test", ["size": "42"]).sample(at: 0).image?.size
        == ImageSize(height: 42, width: 42))
    #expect(
      try source("test", ["pictures": "raw", "size": "20"]).sample(at: 0).image?.size
        == ImageSize(height: 20, width: 20))
  }

  @Test(arguments: [
    "3 6.0 0.0 1.0 1.0", "3 0.0 -9.0 3.0 3.0", "3 0.1 0.1 0.2 0.2",
  ])
  func `a box beside its picture is refused`(line: String) throws {
    let boxes = "1 1 1 3 2\n2 0 0 6 4\n\(line)\n4 0 0 2 2\n"
    let train = try source("train", [:], ["bounding_boxes.txt": boxes])
    let error = #expect(throws: DataError.self) { try train.sample(at: 0) }
    #expect(error?.file == "memory/images/002.B/c.png")
    #expect(error?.problem.contains("its box in bounding_boxes.txt is x") == true)
  }

  @Test(arguments: [
    ("images.txt", "1 001.A/a.jpg\n1 001.A/b.png\n", "line 2 has number 1 again"),
    ("images.txt", "9 001.A/a.jpg\n", "has no image 9, but line 1 of memory/images.txt"),
    ("images.txt", "1 ../a.jpg\n", "leads outside"),
    ("images.txt", "1 001.A/z.jpg\n", "is missing, but line 1"),
    ("images.txt", "one 001.A/a.jpg\n", "line 1 is not \"NUMBER FILE\""),
    ("image_class_labels.txt", "1 7\n2 1\n3 2\n4 3\n", "puts image 1 in class 7"),
    ("image_class_labels.txt", "1 x\n", "line 1 is not \"IMAGE CLASS\""),
    ("bounding_boxes.txt", "1 0 0 nan 3\n", "line 1 is not \"IMAGE X Y WIDTH HEIGHT\""),
    ("bounding_boxes.txt", "1 0 0 0 3\n", "line 1 is not \"IMAGE X Y WIDTH HEIGHT\""),
    ("classes.txt", "1\n", "line 1 is not \"NUMBER NAME\""),
    ("classes.txt", "2 002.B\n", "in class 1, which classes.txt does not name"),
  ])
  func `damaged lists are refused by line`(file: String, text: String, problem: String) {
    let error = #expect(throws: DataError.self) { try source("val", [:], [file: text]) }
    #expect(error?.problem.contains(problem) == true, "\(error?.description ?? "")")
  }

  @Test func `options have their values`() {
    for (key, value) in [("pictures", "cut"), ("size", "-1"), ("size", "big")] {
      let error = #expect(throws: DataError.self) { try source("val", [key: value]) }
      #expect(error?.problem.contains(value) == true)
    }
  }

  @Test func `a split that is hidden by another's name is none`() throws {
    let tree = Dictionary(
      uniqueKeysWithValues: ["train", "val", "val_pre"].map {
        ("\($0)/a/1.png", FormatExample.picture)
      })
    let source = try ClassFolderSource(
      files: MemoryFiles(tree), split: "val", options: ["val": "val_pre"])
    #expect(source.split == "val_pre" && source.splits == ["train", "val"])
  }
}

@Suite struct CenterViewTests {
  private func picture(_ height: Int, _ width: Int) -> ByteTensor {
    ByteTensor(shape: [height, width, 3]) { out in
      for index in 0..<out.count {
        out[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 7)
      }
    }
  }

  @Test func `of a picture of the middle size it is the middle`() {
    let whole = picture(92, 92)
    for fit in [CenterView.Fit.stretched, .covering] {
      let view = CenterView(side: 84, fit: fit)(whole)
      #expect(view.elements == whole.cut(PixelRegion(rows: 4..<88, columns: 4..<88)).elements)
    }
  }

  @Test func `resizes first and cuts then`() {
    let whole = picture(50, 130)
    let stretched = whole.resized(to: ImageSize(height: 46, width: 46))
    #expect(
      CenterView(side: 42, fit: .stretched)(whole).elements
        == stretched.cut(PixelRegion(rows: 2..<44, columns: 2..<44)).elements)
    // 46 · 130 / 50 = 119.6 is cut to 119; (119 − 42) / 2 = 38.5 goes to the even side.
    let covering = whole.resized(to: ImageSize(height: 46, width: 119))
    #expect(
      CenterView(side: 42, fit: .covering)(whole).elements
        == covering.cut(PixelRegion(rows: 2..<44, columns: 38..<80)).elements)
  }

  @Test func `takes pictures of any proportions`() {
    for (height, width) in [(1, 1), (1, 16_000), (9_000, 2), (5, 3)] {
      let whole = ByteTensor(repeating: 9, shape: [height, width, 3])
      #expect(CenterView(side: 84, fit: .covering)(whole).shape == [84, 84, 3])
    }
  }
}
