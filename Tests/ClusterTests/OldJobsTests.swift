import Coordination
import Messages
import Testing
import Transport

extension LiveTests {
  /// Jobs that ended long ago are in the store alone.
  @Suite struct OldJobs {
    @Test(.timeLimit(.minutes(2))) func `status lists the last that ended and jobs lists all`()
      throws
    {
      try withCluster(canRestart: true) { cluster in
        let jobs = try (0..<23).map { _ in
          let job = try cluster.submit(TinyJobs.segment(steps: 2))
          try cluster.cancel(job)
          return job
        }
        let waiting = try cluster.submit(TinyJobs.segment(steps: 2))
        for _ in 0..<2 {
          let status = try cluster.status()
          #expect(status.jobs.map(\.job) == jobs.suffix(20) + [waiting])
          #expect(status.earlierJobs == 3)
          let first = try page(of: cluster, after: 0, countMax: 10)
          #expect(first.jobs.map(\.job) == Array(jobs.prefix(10)))
          #expect(!first.isComplete)
          let rest = try page(of: cluster, after: 10, countMax: 200)
          #expect(rest.jobs.map(\.job) == jobs.suffix(13) + [waiting])
          #expect(rest.jobs.map(\.state) == Array(repeating: .cancelled, count: 13) + [.queued])
          #expect(rest.isComplete)
          // Of the oldest, too, what is on record is told, before and after a restart.
          guard case .job(let detail) = try cluster.ask(.show(jobs[0])),
            case .logs(let logs) = try cluster.ask(.logs(LogsRequest(job: jobs[0]))),
            case .logs(let end) = try cluster.ask(
              .logs(LogsRequest(job: jobs[0], offset: logs.nextOffset))),
            case .files = try cluster.ask(.files(jobs[0])),
            case .digests = try cluster.ask(.digests(DigestsRequest(job: jobs[0])))
          else { throw LiveCluster.Unexpected() }
          #expect(detail.status.state == .cancelled)
          #expect(detail.specification.contains("segment"))
          #expect(logs.text.contains("Cancelled") && end.ended, "\(logs)")
          #expect(throws: Failure.alreadyOver(jobs[0], .cancelled)) { try cluster.cancel(jobs[0]) }
          #expect(throws: Failure.noSuchJob(JobID(99))) { try cluster.ask(.show(JobID(99))) }
          cluster.stopCoordinator()
          try cluster.startCoordinator()
        }
        #expect(try cluster.submit(TinyJobs.segment(steps: 2)) == JobID(25))
      }
    }

    private func page(
      of cluster: LiveCluster, after: UInt64, countMax: UInt32
    ) throws -> Jobs {
      guard
        case .jobs(let jobs) = try cluster.ask(.jobs(JobsRequest(after: after, countMax: countMax)))
      else { throw LiveCluster.Unexpected() }
      return jobs
    }
  }
}
