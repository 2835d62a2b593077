import Messages

/// `martlet status --json`: flat, with units in the names; keys are only ever added.
package struct StatusJSON: Encodable, Equatable {
  let coordinator: String
  let build: String
  let uptimeSeconds: Double
  let workers: [Worker]
  let jobs: [Job]
  let earlierJobs: UInt64

  struct Worker: Encodable, Equatable {
    let id: String
    let name: String
    let host: String
    let process: UInt32
    let state: String
    let reason: String
    let job: String?
    let generation: UInt64?
    let replicas: [Int]
    let cores: UInt32
    let threads: UInt32
    let samplesPerSecond: Double
    let computeSecondsPerStep: Double
    let exchangeSecondsPerStep: Double
    let inputSecondsPerStep: Double
    let residentBytes: UInt64
    let peakBytes: UInt64
    let memoryLimitBytes: UInt64
    let heartbeatAgeSeconds: Double
    let phase: String
    let computeSecondsPerReplica: Double
    let slowness: String
    let relayedPeers: [String]
    let dataAccess: String?
    let cacheHits: UInt64
    let cacheMisses: UInt64
  }

  struct Job: Encodable, Equatable {
    let id: String
    let name: String
    let state: String
    let reason: String
    let replicas: Int
    let workers: Int
    let step: UInt64
    let stepsTotal: UInt64
    let loss: Double?
    let samplesPerSecond: Double
    let remainingSeconds: Double?
    let samples: UInt64
    let skippedSamples: UInt64
    let scalars: [String: Double]
    let scores: [String: Double]
    let checkpoint: String?
    let output: String
  }

  package init(_ status: ClusterStatus) {
    coordinator = status.address
    build = status.build
    uptimeSeconds = status.uptimeSeconds
    workers = status.workers.sorted { $0.worker < $1.worker }.map(Worker.init)
    jobs = status.jobs.sorted { $0.job < $1.job }.map(Job.init)
    earlierJobs = status.earlierJobs
  }
}

extension StatusJSON.Worker {
  init(_ worker: WorkerStatus) {
    id = "\(worker.worker)"
    name = worker.name
    host = worker.host
    process = worker.process
    state = worker.state.rawValue
    reason = worker.reason
    job = worker.job.map { "\($0)" }
    generation = worker.generation?.number
    replicas = worker.replicas.map { Array($0.range) } ?? []
    cores = worker.cores
    threads = worker.threads
    samplesPerSecond = worker.rates.samplesPerSecond
    computeSecondsPerStep = worker.rates.computeSeconds
    exchangeSecondsPerStep = worker.rates.exchangeSeconds
    inputSecondsPerStep = worker.rates.inputSeconds
    residentBytes = worker.residentBytes
    peakBytes = worker.peakBytes
    memoryLimitBytes = worker.memoryLimit
    heartbeatAgeSeconds = worker.heartbeatAgeSeconds
    phase = worker.phase
    computeSecondsPerReplica = worker.rates.computeSecondsPerReplica
    slowness = worker.slowness
    relayedPeers = worker.relayed.map(\.description)
    dataAccess = worker.data?.way
    cacheHits = worker.data?.cacheHits ?? 0
    cacheMisses = worker.data?.cacheMisses ?? 0
  }
}

extension StatusJSON.Job {
  package init(_ job: JobStatus) {
    id = "\(job.job)"
    name = job.name
    state = job.state.rawValue
    reason = job.reason
    replicas = job.replicas
    workers = job.workers
    step = job.step
    stepsTotal = job.stepsTotal
    loss = job.loss
    samplesPerSecond = job.samplesPerSecond
    remainingSeconds = job.remainingSeconds
    samples = job.samples
    skippedSamples = job.skippedSamples
    func byName(_ numbers: [NamedNumber]) -> [String: Double] {
      Dictionary(numbers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
    scalars = byName(job.scalars)
    scores = byName(job.scores)
    checkpoint = job.checkpoint?.name
    output = job.output
  }
}
