import Commands
import Foundation
import Recipes
import Testing

/// `martlet prove` as its user meets it.
@Suite(.enabled(if: Program.isBuilt, "the martlet executable is built with the whole package"))
struct ProveTests {
  static let proven = houseCatalog.names.filter {
    (try? houseCatalog.recipe(named: $0))?.proof != nil
  }

  /// Every arm of every experiment that needs no files trains, scores and is judged; a second time
  /// there is nothing left to train.
  @Test(arguments: proven)
  func `a quick proof has a row for every arm and claim`(recipe: String) throws {
    let folder = try Folder([:])
    let arguments = ["prove", recipe, "--quick", "--output", "runs", "--write", "page.md"]
    let first = try Program.run(arguments, in: folder.path)
    #expect(first.status == 0, "\(first)")
    let page = try String(contentsOfFile: "\(folder.path)/page.md", encoding: .utf8)
    let proof = try #require(try houseCatalog.recipe(named: recipe).proof)
    for experiment in proof.experiments where experiment.folder == nil {
      for arm in experiment.arms { #expect(page.contains("| \(arm.name) "), "\(arm.name)") }
      for claim in experiment.claims { #expect(page.contains(claim.text), "\(claim.text)") }
    }
    #expect(!page.contains("**not run**"))
    let again = try Program.run(arguments, in: folder.path)
    #expect(again.status == 0 && !again.output.contains("checkpoint"), "\(again)")
    #expect(try String(contentsOfFile: "\(folder.path)/page.md", encoding: .utf8) == page)
  }

  @Test func `has the same scores on workers`() throws {
    let folder = try Folder([:])
    let scores = try [1, 2].map { workers in
      let result = try Program.run(
        [
          "prove", "clip", "--quick", "--arms", "global", "--workers", "\(workers)", "--output",
          "runs\(workers)",
        ], in: folder.path)
      #expect(result.status == 0, "\(result)")
      let runs = "\(folder.path)/runs\(workers)/scenes"
      let run = try #require(FileManager.default.contentsOfDirectory(atPath: runs).first)
      return try String(contentsOfFile: "\(runs)/\(run)/model.safetensors", encoding: .isoLatin1)
    }
    #expect(scores[0] == scores[1])
  }

  @Test func `goes on where it was stopped`() throws {
    let folder = try Folder([:])
    func rows() -> Int {
      let runs = "\(folder.path)/runs/scenes"
      let run = (try? FileManager.default.contentsOfDirectory(atPath: runs))?.first ?? ""
      let table = try? String(contentsOfFile: "\(runs)/\(run)/scalars.csv", encoding: .utf8)
      return table?.matches(of: /,loss,/).count ?? 0
    }
    var before = 0
    for _ in 1...2 {
      let result = try Program.run(
        ["prove", "segment", "--arms", "plain", "--output", "runs"], in: folder.path
      ) { process in
        while process.isRunning, rows() < before + 2 { sched_yield() }
        process.terminate()
      }
      #expect(result.status == ExitReason.terminated.rawValue, "\(result)")
      #expect(result.output.contains("goes on from here"), "\(result)")
      #expect(rows() >= before + 2)
      before = rows()
    }
    let runs = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/runs/scenes")
    #expect(runs.count == 1)
  }

  @Test(arguments: [
    ["prove", "none"], ["prove", "segment", "--arms", "nobody"],
    ["prove", "segment", "--seeds", "0"],
    ["prove", "segment", "--experiments", "nothing"], ["prove", "segment", "--data", "scenes=."],
    ["prove", "segment", "--data", "scenes"],
  ])
  func `refuses what is not in the proof`(arguments: [String]) throws {
    let folder = try Folder([:])
    let result = try Program.run(arguments, in: folder.path)
    #expect(result.status == ExitReason.usage.rawValue && !result.error.isEmpty, "\(result)")
  }
}
