import Data
import TestSupport
import Testing
import Worlds

/// What every world of the house must do. Add the options that make a new one small.
@Suite struct EveryWorldTests {
  private static let small: [String: [String: OptionValue]] = [
    "atria": ["train": 3, "test": 2, "side": 20, "depth": 12],
    "birds": ["classes": 4, "images": 2],
    "emblems": ["classes": 3, "modes": 2, "train": 2, "val": 1, "test": 1],
    "hashtags": ["train": 9, "val": 3, "test": 3],
    "nuisance-features": ["classes": 3, "samples": 4],
    "scenes": ["size": 6, "validation": 2, "test": 2, "heldout": 2, "imageSize": 32],
    "two-cues": ["train": 9, "val": 3, "test": 3],
  ]

  @Test(arguments: worldCatalog.map { $0.name })
  func `writes what its format's own check accepts`(name: String) throws {
    let options = try #require(Self.small[name], "add small options for \(name)")
    try withTemporaryFolder { folder in
      let world = try makeWorld(named: name, options: options)
      try world.write(to: folder)
      let check = try DataCheck(
        format: dataFormat(named: type(of: world).format), files: LocalFiles(folder))
      #expect(Set(try check.splits()).isSubset(of: world.splits))
      var count = 0
      for split in world.splits {
        let report = check.run(split: split).report
        #expect(report.problemCount == 0, "\(report.problems)")
        #expect(report.sampleCount == (try world.source(split: split).count))
        count += report.sampleCount
      }
      #expect(count > 0)
    }
  }

  @Test(arguments: worldCatalog.map { $0.name })
  func `depends on its options alone`(name: String) throws {
    let options = try #require(Self.small[name], "add small options for \(name)")
    let (a, b) = try (
      makeWorld(named: name, options: options), makeWorld(named: name, options: options)
    )
    for split in a.splits {
      let (first, second) = (try a.source(split: split), try b.source(split: split))
      for index in (0..<first.count).reversed() {
        #expect(ScenesTests().isSame(try first.sample(at: index), try second.sample(at: index)))
      }
    }
  }
}
