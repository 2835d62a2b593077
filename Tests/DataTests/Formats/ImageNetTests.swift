import Data
import TestSupport
import Testing

@Suite struct ImageNetTests {
  private func source(
    _ list: String, _ options: [String: String] = [:]
  ) throws -> ImageNetSource {
    try ImageNetSource(
      files: MemoryFiles([
        "meta/train.txt": FormatExample.text(list), "train/a/1.JPEG": FormatExample.jpeg,
        "train/b/2.JPEG": FormatExample.jpeg, "train/3.png": FormatExample.picture,
      ]), split: "train", options: options)
  }

  private let list = "a/1.JPEG 0\nb/2.JPEG\t4\n\n3.png   2\n"

  @Test func `labels are indices, and classes go up to the largest`() throws {
    let source = try source(list)
    #expect((0..<3).map { source.label(at: $0) } == [0, 4, 2])
    #expect(source.labelNames == ["0", "1", "2", "3", "4"])
    #expect(try source.sample(at: 1).id == "train/b/2.JPEG")
    #expect(source.listFiles == ["meta/train.txt"] && source.splits == ["train"])
  }

  @Test func `max_class leaves classes out`() throws {
    let source = try source(list, ["max_class": "3"])
    #expect(source.count == 2 && source.labelNames.count == 3)
    #expect(try source.sample(at: 1).label == 2)
    #expect(throws: DataError.self) { try self.source("b/2.JPEG 4\n", ["max_class": "4"]) }
    for wrong in ["0", "many", "-1", "1000001"] {
      let error = #expect(throws: DataError.self) {
        try self.source(list, ["max_class": wrong])
      }
      #expect(error?.file == "data.max_class")
    }
  }

  @Test(arguments: [
    ("a/1.JPEG\n", "line 1 is not \"NAME LABEL\""),
    ("a/1.JPEG 0\na/1.JPEG 0 1\n", "line 2 is not \"NAME LABEL\""),
    ("a/1.JPEG -1\n", "line 1"), ("a/1.JPEG zebra\n", "line 1"), ("a/1.JPEG 9999999\n", "line 1"),
    ("a/9.JPEG 0\n", "is missing, but line 1 of"), ("../a/1.JPEG 0\n", "leads outside"),
    ("\n", "is empty"),
  ])
  func `refuses a line that is none, or a picture that is not there`(
    list: String, text: String
  ) throws {
    let error = #expect(throws: DataError.self) { try source(list) }
    #expect(error?.problem.contains(text) == true, "\(String(describing: error))")
    #expect(error?.advice.isEmpty == false)
  }

  @Test func `the larger set has its classes in a list and in the paths`() throws {
    func source(_ list: String) throws -> ImageNet22kSource {
      try ImageNet22kSource(
        files: MemoryFiles([
          "list.txt": FormatExample.text(list), "label_list.txt": FormatExample.text("n9\nn1\n"),
          "a/n1/x y.JPEG": FormatExample.jpeg, "a/n2/1.JPEG": FormatExample.jpeg,
        ]), split: "train")
    }
    let one = try source("/a/n1/x y.JPEG\n")
    #expect(try one.label(at: 0) == 1 && one.sample(at: 0).id == "a/n1/x y.JPEG")
    #expect(one.labelNames == ["n9", "n1"])
    for (list, text) in [
      ("a/n1/1.JPEG\n", "line 1 is not \"ROOT"), ("r/a/n2/1.JPEG\n", "does not list \"n2\""),
      ("r/a/n1/1.JPEG\n", "is missing"), ("r/../n1/1.JPEG\n", "leads outside"), ("", "is empty"),
    ] {
      let error = #expect(throws: DataError.self) { try source(list) }
      #expect(error?.problem.contains(text) == true, "\(list): \(String(describing: error))")
    }
  }
}
