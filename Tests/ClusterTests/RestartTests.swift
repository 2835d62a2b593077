import Cluster
import Foundation
import Messages
import TestSupport
import Testing
import Training
import Transport

import Recipes

extension LiveTests {
  @Suite struct Restart {
    @Test(.timeLimit(.minutes(2)), arguments: [ExchangeMode.direct, .hub])
    func `a job survives its coordinator`(exchange: ExchangeMode) throws {
      let value = TinyJobs.segment(steps: 80, checkpointEvery: 10)
      let expected = try localDigest(value)
      try withCluster(workers: 2, exchange: exchange, canRestart: true) { cluster in
        let job = try cluster.submit(value)
        let before = try cluster.wait(for: job) { $0.step >= 2 }
        #expect(before.state == .running)
        cluster.stopCoordinator()
        try cluster.startCoordinator()
        #expect(try cluster.digest(of: job) == expected)
        let status = try #require(try cluster.status().jobs.first)
        #expect(status.step == 80)
        #expect(try cluster.status().workers.map(\.worker) == [WorkerID(1), WorkerID(2)])
      }
    }

    @Test func `a second coordinator on one store is refused`() throws {
      try withCluster { cluster in
        let settings = CoordinatorProcess.Settings(store: "\(cluster.folder)/store")
        let error = #expect(throws: Store.Problem.self) {
          try CoordinatorProcess(settings, catalog: houseCatalog) { _ in }
        }
        let refused = try #require(error)
        #expect("\(refused)".contains("in use by another coordinator"))
      }
    }

    @Test func `a port in use is named`() throws {
      try withCluster { cluster in
        var settings = CoordinatorProcess.Settings(store: "\(cluster.folder)/other")
        settings.port = try #require(
          cluster.join.control.split(separator: ":").last.flatMap { Int($0) })
        let error = #expect(throws: TransportError.self) {
          try CoordinatorProcess(settings, catalog: houseCatalog) { _ in }
        }
        #expect(error == .addressInUse("tcp://127.0.0.1:\(settings.port)"))
      }
    }

    @Test func `only its owner reads the secrets`() throws {
      try withCluster { cluster in
        for name in ["join.json", "keys.json"] {
          let attributes = try FileManager.default.attributesOfItem(
            atPath: "\(cluster.folder)/store/\(name)")
          #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
        }
      }
    }
  }
}
