import Commands
import Foundation
import Recipes
import Testing
import Training

@Suite struct JobFileTests {
  @Test func `merges a base, and the file wins`() throws {
    let folder = try Folder([
      "base.yaml": "recipe: segment\nepochs: 3\noptimizer: { name: sgd, momentum: 0.8 }\n",
      "jobs/job.yaml": "base: ../base.yaml\nsteps: 9\noptimizer: { momentum: 0.5 }\n",
    ])
    let value = try JobFile("jobs/job.yaml", directory: folder.path).value()
    #expect(value[path: "recipe"] == .text("segment"))
    #expect(value[path: "optimizer.name"] == .text("sgd"))
    #expect(value[path: "optimizer.momentum"] == .number(0.5))
    #expect(value[path: "base"] == nil)
    #expect(value[path: "epochs"] == nil, "steps of the file replace epochs of the base")
  }

  @Test func `refuses a base that leads back to itself`() throws {
    let folder = try Folder(["a.yaml": "base: b.yaml\n", "b.yaml": "base: a.yaml\n"])
    let error = #expect(throws: JobError.self) {
      try JobFile("a.yaml", directory: folder.path).value()
    }
    #expect(error?.description.contains("circle") == true)
  }

  @Test func `names a base that is not there`() throws {
    let folder = try Folder(["a.yaml": "base: none.yaml\n"])
    let error = #expect(throws: JobError.self) {
      try JobFile("a.yaml", directory: folder.path).value()
    }
    #expect(error?.key == "base")
    #expect(error?.description.contains("none.yaml") == true)
  }

  @Test func `sets keys by their dotted path`() throws {
    let folder = try Folder(["a.yaml": "recipe: segment\nepochs: 2\n"])
    let value = try JobFile("a.yaml", directory: folder.path).value(overrides: [
      "optimizer.learningRate=2e-3", "steps=5", "data={ world: scenes, size: 64 }", "seed=",
    ])
    #expect(value[path: "optimizer.learningRate"] == .number(0.002))
    #expect(value[path: "steps"] == .integer(5))
    #expect(value[path: "epochs"] == nil)
    #expect(value[path: "data.size"] == .integer(64))
    #expect(value[path: "seed"] == .null)
  }

  @Test(arguments: ["steps", "=3", "a=[1"]) func `refuses overrides that say nothing`(text: String)
  {
    #expect(throws: JobError.self) { try JobFile.apply([text], to: .map([:])) }
  }

  @Test(arguments: [
    ("data", "/a/b/data"), ("./x", "/a/b/x"), ("../x", "/a/x"), ("../../../x", "/x"),
    ("/x/../y", "/x/../y"), ("x/../y", "/a/b/x/../y"),
  ])
  func `makes paths absolute`(path: String, absolute: String) {
    #expect(JobFile("", directory: "/a/b").absolute(path) == absolute)
  }

  @Test func `makes the paths of a job absolute and leaves the rest`() {
    let job = JobValue.map([
      "data": .map(["path": .text("d"), "format": .text("voc")]), "output": .text("runs/x"),
      "init": .text("/w"),
    ])
    let value = JobFile("", directory: "/a").absolutePaths(job)
    #expect(value[path: "data.path"] == .text("/a/d"))
    #expect(value[path: "data.format"] == .text("voc"))
    #expect(value[path: "output"] == .text("/a/runs/x"))
    #expect(value[path: "init"] == .text("/w"))
  }

  @Test(arguments: [
    ("recpie: segment", "did you mean 'recipe'"), ("recipe: sgment", "did you mean 'segment'"),
    ("recipe: segment\nbatchs: 3", "did you mean 'batch'"),
    ("recipe: segment\noptions: { widht: 3 }", "did you mean 'width'"),
    ("recipe: segment\noptimizer: { name: adamm }", "did you mean 'adam"),
    ("recipe: segment\nbatch: 0", "expected a whole number, 1 to"),
    ("recipe: segment\nbatch: many", "found 'many'"),
    ("recipe: segment\nepochs: 2\nsteps: 3", "give one of them"),
    ("recipe: segment\noptimizer: { learningRate: -1 }", "optimizer.learningRate"),
    ("recipe: segment\nschedule: cosine", "expected a map"),
  ])
  func `explains what is wrong with a job`(text: String, part: String) throws {
    let folder = try Folder(["job.yaml": "data: { world: scenes, size: 64 }\n" + text + "\n"])
    let value = try JobFile("job.yaml", directory: folder.path).value()
    let error = #expect(throws: JobError.self) { try Job(value, catalog: houseCatalog) }
    #expect(error?.description.contains(part) == true, "\(String(describing: error))")
  }
}

@Suite struct IndexListTests {
  @Test func `reads single indices and ranges`() throws {
    #expect(try IndexList("0,3,5-7", count: 8).indices == [0, 3, 5, 6, 7])
  }

  @Test(arguments: ["", "8", "x", "3-", "-3", "5-3", "1,,2", "1-2-3"])
  func `refuses what is no index`(text: String) {
    #expect(throws: (any Error).self) { try IndexList(text, count: 8) }
  }
}

/// A folder with files, gone with the value.
final class Folder {
  let path: String

  init(_ files: [String: String]) throws {
    let url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appending(path: "martlet-\(UUID().uuidString)")
    path = url.path
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for (name, text) in files {
      let file = url.appending(path: name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
