import Foundation
import TestSupport
import Testing

/// A training on a laboratory's hosts while a plan is carried out.
struct ChaosRun {
  struct Mark {
    let event: ChaosPlan.Event
    /// Seconds since 1970, when it was done.
    let at: Double
  }

  let marks: [Mark]
  /// Of the job's log.
  let lines: [ChaosLog.Line]
  let diary: ChaosDiary
  let digest: String
  /// What the names of a host's workers begin with.
  let hostName: String

  /// Trains `job` on `workers` hosts under a plan until it is finished.
  ///
  /// `folder`: Where the timeline and the processes' own words are kept, if anywhere.
  ///
  /// Throws: `TookTooLong` with the log if it is not within `seconds`.
  init(
    job: String, workers: Int, plan: ChaosPlan, seconds: Double, keepingIn folder: String? = nil
  ) throws {
    var marks: [Mark] = []
    var lines: [ChaosLog.Line] = []
    var result: (ChaosDiary, String, String)?
    try LabCluster.with(workers: workers) { cluster in
      let log = ChaosLog("\(cluster.folder)/store/jobs/j1/log.txt")
      defer {
        log.close()
        if let folder { Self.keep(marks, log.all, of: cluster, in: folder) }
      }
      try cluster.operate("submit", try write(job: job, in: cluster.folder))
      let submitted = Self.now
      var began: Double?
      var due = plan.events[...]
      while !log.contains("jobFinished") {
        let now = Self.now
        guard !log.contains("jobFailed"), now < submitted + seconds else {
          throw TookTooLong(what: log.all.suffix(40).map(\.text).joined(separator: "\n"))
        }
        if began == nil, log.contains("generationOpened") { began = now }
        if let began, let next = due.first, now >= began + next.at {
          due = due.dropFirst()
          marks.append(Mark(event: next, at: now))
          try Self.carryOut(next.action, on: cluster)
        }
        poll(nil, 0, 4)  // milliseconds between two looks
      }
      // Killed in the moment in which it ended the job.
      if case .killCoordinator = marks.last?.event.action { try cluster.startCoordinatorAgain() }
      lines = log.all
      result = (
        try ChaosDiary(store: "\(cluster.folder)/store"), try cluster.digest(), cluster.lab.name
      )
    }
    (diary, digest, hostName) = try #require(result)
    (self.marks, self.lines) = (marks, lines)
  }

  private static var now: Double { Date().timeIntervalSince1970 }

  /// What was done and what the job's log said, in order of time; and each process's output.
  private static func keep(
    _ marks: [Mark], _ lines: [ChaosLog.Line], of cluster: LabCluster, in folder: String
  ) {
    let all =
      lines.map { ($0.seenAt, $0.text) } + marks.map { ($0.at, "------ \($0.event.action)") }
    let start = lines.first { $0.text.contains("generationOpened") }?.seenAt ?? 0
    let text = all.sorted { $0.0 < $1.0 }
      .map { String(format: "%9.3f  ", $0.0 - start) + $0.1 + "\n" }.joined()
    #expect(throws: Never.self) {
      let files = FileManager.default
      try write(text, to: "\(folder)/timeline.txt")
      for name in try files.contentsOfDirectory(atPath: cluster.folder)
      where name.hasPrefix("output-") {
        try? files.removeItem(atPath: "\(folder)/\(name)")
        try files.copyItem(atPath: "\(cluster.folder)/\(name)", toPath: "\(folder)/\(name)")
      }
    }
  }

  private static func carryOut(_ action: ChaosPlan.Action, on cluster: LabCluster) throws {
    let lab = cluster.lab
    switch action {
    case .kill(let host): try cluster.killWorker(on: host)
    case .start(let host): try cluster.startWorker(on: host)
    case .pause(let host): try cluster.signalWorker(on: host, SIGSTOP)
    case .resume(let host): try cluster.signalWorker(on: host, SIGCONT)
    case .hang(let host): try cluster.hangWorker(on: host)
    case .replace(let host):
      try cluster.killWorker(on: host)
      try cluster.startWorker(on: host)
    case .leave(let host):
      try cluster.signalWorker(on: host, SIGTERM)
      try cluster.waitForEndOfWorker(on: host)
    case .isolate(let host):
      for other in lab.hosts where other != host { try lab.command("cut", "\(host)", "\(other)") }
    case .rejoin(let host):
      for other in lab.hosts where other != host { try lab.command("mend", "\(host)", "\(other)") }
    case .cut(let host, let other): try lab.command("cut", "\(host)", "\(other)")
    case .mend(let host, let other): try lab.command("mend", "\(host)", "\(other)")
    case .killCoordinator: try cluster.killCoordinator()
    case .startCoordinator: try cluster.startCoordinatorAgain()
    }
  }
}

extension ChaosPlan.Action: CustomStringConvertible {
  var description: String {
    switch self {
    case .kill(let host): "SIGKILL of the worker on host \(host)"
    case .start(let host): "a worker starts on host \(host)"
    case .pause(let host): "SIGSTOP of the worker on host \(host)"
    case .hang(let host): "a computing thread of host \(host) hangs"
    case .replace(let host): "the worker of host \(host) is started anew"
    case .resume(let host): "SIGCONT of the worker on host \(host)"
    case .leave(let host): "SIGTERM of the worker on host \(host)"
    case .isolate(let host): "host \(host) is cut from all others"
    case .rejoin(let host): "host \(host) is reached again"
    case .cut(let host, let other): "hosts \(host) and \(other) are cut from each other"
    case .mend(let host, let other): "hosts \(host) and \(other) reach each other again"
    case .killCoordinator: "SIGKILL of the coordinator"
    case .startCoordinator: "the coordinator starts again"
    }
  }

  /// The hosts whose worker may be found dead by it.
  var hosts: [Int] {
    switch self {
    case .kill(let host), .pause(let host), .hang(let host), .isolate(let host), .leave(let host):
      [host]
    case .cut(let host, let other): [host, other]
    case .start(let host): [host]
    default: []
    }
  }
}
