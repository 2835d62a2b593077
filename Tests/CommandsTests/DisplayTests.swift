import Commands
import Messages
import Testing

@Suite struct DisplayTests {
  var view: TrainingView {
    var view = TrainingView()
    view.title = "segment"
    view.step = 120
    view.totalSteps = 625
    view.loss = 1.2345
    view.samplesPerSecond = 96.12
    view.learningRate = 2e-3
    view.remainingSeconds = 83
    return view
  }

  @Test func `shows a training as a bar and as a line of a log`() {
    expectSnapshot(
      [view.bar(columns: 120), view.bar(columns: 80), view.plain].joined(separator: "\n"),
      "training")
  }

  @Test(arguments: [1, 20, 40, 79, 100, 200]) func `keeps a bar within the columns`(columns: Int) {
    #expect(view.bar(columns: columns).count <= columns)
  }

  @Test func `shows a bar before anything is known`() {
    #expect(TrainingView().bar(columns: 60).contains("0/0  0%"))
  }

  @Test func `shows a cluster`() {
    expectSnapshot(statusText(exampleStatus), "status")
    expectSnapshot(statusText(exampleStatus, columns: 72), "status-72-columns")
    expectSnapshot(statusText(ClusterStatus()), "status-empty")
  }

  @Test func `shows a cluster as JSON`() throws {
    expectSnapshot(try jsonText(StatusJSON(exampleStatus)), "status-json")
  }

  @Test func `shows a job`() {
    expectSnapshot(
      jobPage(JobDetail(status: exampleStatus.jobs[0], specification: "{\"recipe\":\"segment\"}")),
      "job")
  }

  @Test func `cuts a table at the columns`() {
    var table = TextTable([("name", .left), ("value", .right)])
    table.add(["loss", "1.25"])
    table.add(["a long name", "3"])
    #expect(table.text() == "name         value\nloss          1.25\na long name      3")
    #expect(table.text(columns: 6).split(separator: "\n").allSatisfy { $0.count <= 6 })
  }

  @Test func `smooths rates and leaves pauses out`() throws {
    var rate = RateMeter()
    #expect(rate.samplesPerSecond == nil)
    for step in 0...40 { rate.add(samples: 8, at: Double(step) * 0.5) }
    rate.pause(until: 500)
    rate.add(samples: 8, at: 500.5)
    let speed = try #require(rate.samplesPerSecond)
    #expect(abs(speed - 16) < 0.01)
    #expect(abs(try #require(rate.secondsPerStep) - 0.5) < 0.001)
  }
}

/// Two workers at work on one job, one job that waits, and a worker that was lost.
let exampleStatus: ClusterStatus = {
  var status = ClusterStatus()
  status.address = "tcp://192.0.2.1:7070"
  status.build = "0.1.0"
  status.uptimeSeconds = 3723
  for number in 1...3 as ClosedRange<UInt32> {
    var worker = WorkerStatus(
      worker: WorkerID(number), name: "", host: "lab-\(number)", process: 4000 + number,
      state: number == 3 ? .dead : .running)
    worker.cores = 2
    worker.threads = 1
    worker.residentBytes = UInt64(180 + number) << 20
    worker.peakBytes = 240 << 20
    worker.memoryLimit = 8 << 30
    worker.heartbeatAgeSeconds = number == 3 ? 12.3 : 0.14
    if number == 3 {
      worker.reason = "silent for 1 s"
    } else {
      worker.job = JobID(7)
      worker.generation = Generation(4)
      worker.replicas = ReplicaRange(first: Int(number - 1) * 4, count: 4)
      worker.rates.samplesPerSecond = 48.25
      worker.rates.computeSeconds = 0.412
      worker.rates.exchangeSeconds = 0.0087
      worker.rates.inputSeconds = 0.0004
      worker.phase = "compute"
      worker.rates.computeSecondsPerReplica = number == 1 ? 0.1 : 0.2
      worker.relayed = [WorkerID(3 - number)]
      if number == 2 { worker.slowness = "compute 2.0 × the others'" }
    }
    status.workers.append(worker)
  }
  var job = JobStatus(job: JobID(7), name: "segment", state: .running, replicas: 8)
  job.workers = 2
  job.step = 120
  job.stepsTotal = 625
  job.loss = 1.2345
  job.samplesPerSecond = 96.5
  job.remainingSeconds = 251
  job.skippedSamples = 3
  job.scalars = [NamedNumber("learningRate", 0.002)]
  job.output = "j7"
  var waiting = JobStatus(job: JobID(8), name: "clip", state: .queued, replicas: 8)
  waiting.reason = "no idle worker"
  status.jobs = [job, waiting]
  return status
}()
