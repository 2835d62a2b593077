import Commands
import Foundation
import Layers
import TestSupport
import Testing

@Suite struct WeightCommandTests {
  private static let golden = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden/Weights").path

  @Test func `lists the layouts`() { expectSnapshot(weightLayoutList(), "weight-layouts") }

  @Test func `says what an import did`() throws {
    let layout = try #require(WeightLayout.all.first { $0.name == "bert" })
    let conversion = try layout.imported(WeightFiles(path: Self.golden + "/shards"))
    expectSnapshot(
      weightConversionText(conversion, layout, from: "covid-bert", to: "bert.safetensors"),
      "weight-import")
  }

  @Test(arguments: ["448", "448x640", "1x65536"])
  func `reads image sizes`(text: String) throws {
    let size = try #require(PixelSize(argument: text))
    #expect("\(size.height)x\(size.width)".hasPrefix(text))
  }

  @Test func `reads names of a model's parts`() {
    #expect(ScopeName(argument: "text.encoder")?.name == "text.encoder")
    for text in ["", ".", "a.", ".a", "a..b"] { #expect(ScopeName(argument: text) == nil) }
  }

  @Test(arguments: ["", "x", "0", "-4", "4x", "4x4x4", "70000", "4 x 4"])
  func `refuses what is no image size`(text: String) { #expect(PixelSize(argument: text) == nil) }
}

/// The commands as their user meets them.
@Suite(.enabled(if: Program.isBuilt, "the martlet executable is built with the whole package"))
struct WeightProgramTests {
  private static let shards = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden/Weights/shards").path

  @Test func `weights go in and out again`() throws {
    let folder = try Folder(["notes.txt": "no weights"])
    func run(_ arguments: String...) throws -> Program.Result {
      try Program.run(arguments, in: folder.path)
    }
    let first = try run("import", Self.shards, "--as", "bert", "--below", "a", "--out", "a.st")
    #expect(first.status == 0 && first.output.contains("cls.predictions.bias [40]"), "\(first)")
    let both = try run(
      "import", Self.shards, "--as", "bert", "--below", "b", "--with", "a.st", "--out", "ab.st")
    #expect(both.status == 0, "\(both)")
    let again = try run(
      "import", Self.shards, "--as", "bert", "--below", "b", "--with", "ab.st", "--out", "c.st")
    #expect(again.status == ExitReason.files.rawValue, "\(again)")
    for (model, part) in [("a.st", "a"), ("ab.st", "a"), ("ab.st", "b")] {
      let out = try run(
        "export", model, "--as", "bert", "--below", part, "--prefix", "bert.", "--out",
        "\(model)-\(part).out")
      #expect(out.status == 0, "\(out)")
    }
    let files = try ["a.st-a.out", "ab.st-a.out", "ab.st-b.out"].map {
      try Data(contentsOf: URL(filePath: "\(folder.path)/\($0)"))
    }
    #expect(files[0] == files[1] && files[0] == files[2])
  }

  @Test(arguments: [
    (["import", "none", "--as", "bert", "--out", "o"], ExitReason.files),
    (["import", "notes.txt", "--as", "bert", "--out", "o"], .files),
    (["import", "notes.json", "--as", "bert", "--out", "o"], .files),
    (["import", ".", "--as", "bert", "--out", "o"], .files),
    (["import", Self.shards, "--as", "clip", "--out", "o"], .files),
    (["import", Self.shards, "--as", "brt", "--out", "o"], .usage),
    (["import", Self.shards, "--as", "bert", "--image-size", "4y", "--out", "o"], .usage),
    (["import", Self.shards, "--as", "bert", "--image-size", "32", "--out", "o"], .files),
    (["export", ".", "--as", "bert", "--out", "o"], .files),
    (
      ["export", "\(Self.shards)/model.safetensors.index.json", "--as", "clip", "--out", "o"],
      .files
    ),
  ])
  func `what cannot be done is said, and nothing written`(
    arguments: [String], status: ExitReason
  ) throws {
    let folder = try Folder(["notes.txt": "no weights", "notes.json": "{\"a\": 1}"])
    let result = try Program.run(arguments, in: folder.path)
    #expect(result.status == status.rawValue && !result.error.isEmpty, "\(result)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/o"))
  }
}
