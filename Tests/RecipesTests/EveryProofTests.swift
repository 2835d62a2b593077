import Recipes
import Testing
import Training

/// What every proof must be. Its quick run is in `ProveTests`.
@Suite struct EveryProofTests {
  static let proven = houseCatalog.names.filter {
    (try? houseCatalog.recipe(named: $0))?.proof != nil
  }

  @Test func `every recipe of the house has a proof`() {
    #expect(Self.proven == houseCatalog.names)
  }

  @Test(arguments: proven, [false, true])
  func `all of its jobs can be trained`(name: String, isQuick: Bool) throws {
    let proof = try #require(try houseCatalog.recipe(named: name).proof)
    for experiment in proof.experiments {
      let runs = try experiment.runs(
        recipe: name, seeds: [1, 2], isQuick: isQuick, data: experiment.folder.map { _ in "/data" })
      for run in runs {
        #expect(throws: Never.self, "\(experiment.name), \(run.arm)") {
          try Job(run.job(model: { $0 }, output: "/out"), catalog: houseCatalog)
        }
      }
      #expect(Set(runs.map(\.digest)).count == runs.count, "two arms are the same job")
    }
  }

  @Test(arguments: proven)
  func `claims are about what is shown`(name: String) throws {
    let proof = try #require(try houseCatalog.recipe(named: name).proof)
    for experiment in proof.experiments {
      #expect(experiment.seeds >= 3)
      for claim in experiment.claims where !claim.isGate {
        for term in claim.statement.quantity.terms {
          #expect(experiment.measures.contains(term.measure), "\(claim.text)")
        }
      }
    }
  }
}
