import Foundation
import Layers
import Messages
import TestSupport
import Testing
import Training
import Transport

extension LiveTests {
  @Suite struct Observation {
    @Test(.timeLimit(.minutes(2))) func `status says what every worker and job does`() throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(TinyJobs.segment(steps: 80))
        try cluster.wait(for: job) { $0.step >= 2 }
        // Rates come with the next heartbeat.
        var status = try cluster.status()
        while status.jobs.first?.state.isOver == false,
          status.workers.contains(where: { $0.rates.samplesPerSecond == 0 })
        {
          status = try cluster.status()
        }
        let running = try #require(status.jobs.first)
        #expect(running.state == .running)
        #expect(running.step >= 2 && running.stepsTotal == 80)
        #expect(running.loss?.isFinite == true)
        #expect(running.samplesPerSecond > 0)
        #expect(try #require(running.remainingSeconds) > 0)
        #expect(status.workers.compactMap(\.replicas?.range) == [0..<4, 4..<8])
        for worker in status.workers {
          #expect(worker.state == .running && worker.job == job)
          #expect(worker.rates.samplesPerSecond > 0 && worker.rates.computeSeconds > 0)
          #expect(worker.residentBytes > 0 && worker.peakBytes >= worker.residentBytes)
          #expect(worker.heartbeatAgeSeconds >= 0 && worker.process > 0 && !worker.host.isEmpty)
        }
        #expect(status.address == cluster.join.control && !status.build.isEmpty)
        try cluster.cancel(job)
      }
    }

    @Test(.timeLimit(.minutes(2))) func `a finished job's log, events, scores and files are there`() throws {
      try withCluster(workers: 2) { cluster in
        let job = try cluster.submit(TinyJobs.segment(steps: 4))
        let digest = try cluster.digest(of: job)
        guard case .logs(let logs) = try cluster.ask(.logs(LogsRequest(job: job))) else {
          throw LiveCluster.Unexpected()
        }
        #expect(logs.text.contains("step 4/4 loss"))
        guard
          case .logs(let rest) = try cluster.ask(
            .logs(LogsRequest(job: job, offset: logs.nextOffset)))
        else { throw LiveCluster.Unexpected() }
        #expect(rest == Logs(text: "", nextOffset: logs.nextOffset, ended: true))

        let events = try cluster.events()
        #expect(events.map(\.sequence) == (1...UInt64(events.count)).map { $0 })
        #expect(events.last?.kind == .jobFinished)

        let scalars = try String(
          contentsOfFile: "\(cluster.folder(of: job))/scalars.csv", encoding: .utf8)
        for step in 1...4 { #expect(scalars.contains("\n\(step),loss,")) }
        #expect(scalars.contains("\n4,val/"))

        guard case .files(let files) = try cluster.ask(.files(job)) else {
          throw LiveCluster.Unexpected()
        }
        let names = files.files.map(\.name)
        for name in ["model.safetensors", "scores.json", "contact-sheet.png", "loss-curve.png"] {
          #expect(names.contains(name))
        }
        let context = try ZeroMQContext()
        let bulk = try BulkClient(
          address: cluster.join.bulk, in: context, security: cluster.join.security,
          role: .operator, incarnation: freshIncarnation())
        let home = "\(cluster.folder)/home/model.safetensors"
        try bulk.download("model.safetensors", of: job, to: home)
        #expect(try Digest.sha256(file: home) == digest)
        #expect(throws: TransportError.self) {
          try bulk.download("../../keys.json", of: job, to: home)
        }
      }
    }

    @Test func `absurd numbers in a request are answered`() throws {
      try withCluster { cluster in
        let job = try cluster.submit(TinyJobs.segment(steps: 2))
        guard
          case .events(let events) = try cluster.ask(
            .events(EventsRequest(job: job, after: .max, countMax: .max))),
          case .logs(let logs) = try cluster.ask(
            .logs(LogsRequest(job: job, offset: .max, bytesMax: 0)))
        else { throw LiveCluster.Unexpected() }
        #expect(events.events.isEmpty)
        #expect(logs == Logs(text: "", nextOffset: .max, ended: false))
      }
    }
  }
}
