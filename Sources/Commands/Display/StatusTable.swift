import Messages

/// The whole cluster as `martlet status` shows it.
package func statusText(_ status: ClusterStatus, columns: Int = .max) -> String {
  let head =
    "coordinator \(status.address)  build \(status.build)  "
    + "up \(Numbers.duration(status.uptimeSeconds))"
  return [
    cut(head, to: columns),
    status.workers.isEmpty ? "no workers" : workerTable(status.workers).text(columns: columns),
    status.jobs.isEmpty ? "no jobs" : jobTable(status.jobs).text(columns: columns),
  ].joined(separator: "\n\n")
    + (status.earlierJobs == 0 ? "" : "\n… and \(status.earlierJobs) more: martlet jobs")
}

/// Milliseconds are of one step: computing, exchanging with other workers, waiting for input.
package func workerTable(_ workers: [WorkerStatus]) -> TextTable {
  var table = TextTable([
    ("worker", .left), ("host", .left), ("state", .left), ("job", .left), ("replicas", .left),
    ("samples/s", .right), ("compute ms", .right), ("exchange ms", .right), ("input ms", .right),
    ("cache hits", .right), ("memory", .right), ("heard", .right), ("", .left),
  ])
  for worker in workers.sorted(by: { $0.worker < $1.worker }) {
    let rates = worker.rates
    let isRunning = worker.state == .running
    func running(_ text: String) -> String { isRunning ? text : "-" }
    table.add([
      worker.name.isEmpty ? "\(worker.worker)" : worker.name, worker.host, worker.state.rawValue,
      worker.job.map { "\($0)" } ?? "-", worker.replicas.map { "\($0)" } ?? "-",
      running(Numbers.compact(rates.samplesPerSecond)),
      running(Numbers.milliseconds(rates.computeSeconds)),
      running(Numbers.milliseconds(rates.exchangeSeconds)),
      running(inputText(rates)), running(cacheText(worker.data)),
      Numbers.bytes(worker.residentBytes),
      Numbers.fixed(worker.heartbeatAgeSeconds, 1) + " s",
      remarks(on: worker),
    ])
  }
  return table
}

/// With the share of a step that is waited for data.
private func inputText(_ rates: StepRates) -> String {
  let all = rates.inputSeconds + rates.computeSeconds + rates.exchangeSeconds
  let share = all > 0 ? " (\(Numbers.fixed(100 * rates.inputSeconds / all, 0)) %)" : ""
  return Numbers.milliseconds(rates.inputSeconds) + share
}

/// How many of the blocks of served data were at hand.
private func cacheText(_ data: DataAccess?) -> String {
  guard let data, data.cacheHits &+ data.cacheMisses > 0 else { return "-" }
  let all = Double(data.cacheHits) + Double(data.cacheMisses)
  return Numbers.fixed(100 * Double(data.cacheHits) / all, 0) + " %"
}

/// What the last column says: why it is as it is, what is slow, who is reached by a detour.
private func remarks(on worker: WorkerStatus) -> String {
  var remarks = [worker.reason]
  if !worker.slowness.isEmpty { remarks.append("slow: \(worker.slowness)") }
  if !worker.relayed.isEmpty {
    let peers = worker.relayed.map { "\($0)" }.joined(separator: ", ")
    remarks.append("reaches \(peers) through the coordinator")
  }
  if let way = worker.data?.way, way.hasPrefix(DataAccess.throughCoordinator) {
    remarks.append("reads \(way)")
  }
  return remarks.filter { !$0.isEmpty }.joined(separator: "; ")
}

package func jobTable(_ jobs: [JobStatus]) -> TextTable {
  var table = TextTable([
    ("job", .left), ("name", .left), ("state", .left), ("step", .right), ("loss", .right),
    ("samples/s", .right), ("workers", .right), ("eta", .right), ("", .left),
  ])
  for job in jobs.sorted(by: { $0.job < $1.job }) {
    let skipped = job.skippedSamples > 0 ? "\(job.skippedSamples) samples skipped" : ""
    let isRunning = job.state == .running
    table.add([
      "\(job.job)", job.name, job.state.rawValue,
      job.stepsTotal > 0 ? "\(job.step)/\(job.stepsTotal)" : "-",
      job.loss.map(Numbers.compact) ?? "-",
      isRunning ? Numbers.compact(job.samplesPerSecond) : "-", "\(job.workers)",
      isRunning ? job.remainingSeconds.map(Numbers.duration) ?? "-" : "-",
      [job.reason, skipped].filter { !$0.isEmpty }.joined(separator: "; "),
    ])
  }
  return table
}

/// Everything about one job: `martlet show`.
package func jobPage(_ detail: JobDetail) -> String {
  let job = detail.status
  var lines = TextTable([("", .left), ("", .left)])
  lines.add(["job", "\(job.job)  \(job.name)"])
  lines.add([
    "state", [job.state.rawValue, job.reason].filter { !$0.isEmpty }.joined(separator: ": "),
  ])
  lines.add(["step", "\(job.step)/\(job.stepsTotal)"])
  lines.add(["replicas", "\(job.replicas) on \(job.workers) workers"])
  for scalar in job.scalars { lines.add([scalar.name, Numbers.compact(scalar.value)]) }
  for score in job.scores { lines.add([score.name, Numbers.compact(score.value)]) }
  if job.skippedSamples > 0 { lines.add(["skipped samples", "\(job.skippedSamples)"]) }
  if let checkpoint = job.checkpoint { lines.add(["checkpoint", checkpoint.name]) }
  lines.add(["output", job.output])
  for artifact in job.artifacts {
    lines.add(["file", "\(artifact.name)  \(Numbers.bytes(artifact.size))  \(artifact.sha256)"])
  }
  return lines.text() + "\n\n" + detail.specification
}

extension TrainingView {
  /// A job of a cluster on the same line as a local one.
  package init(_ job: JobStatus) {
    self.init()
    title = job.name
    step = Int(clamping: job.step)
    totalSteps = Int(clamping: job.stepsTotal)
    loss = job.loss
    if job.state == .running {
      samplesPerSecond = job.samplesPerSecond
      remainingSeconds = job.remainingSeconds
    }
    learningRate = job.scalars.first { $0.name == "learningRate" }?.value
    let workers = job.workers == 1 ? "1 worker" : "\(job.workers) workers"
    note =
      job.state == .running
      ? workers
      : [job.state.rawValue, job.reason].filter { !$0.isEmpty }.joined(separator: ": ")
  }
}
