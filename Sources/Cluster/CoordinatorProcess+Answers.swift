import Coordination
import Foundation
import Messages
import Synchronization
import Training
import Transport

// What the command line asks.

extension CoordinatorProcess {
  func answer(
    _ request: OperatorRequest, from peer: ControlPeer, _ number: RequestID
  ) throws {
    func reply(_ reply: OperatorReply) { control.send(reply, to: peer, request: number) }
    do throws(Admission.Refusal) {
      try keys.admission.check(request, from: peer.incarnation)
    } catch {
      try tell(of: error.event)
      return reply(.failure(Failure(reason: error.reason, field: Failure.keyField)))
    }
    asked += 1
    let question = RequestID(asked)
    switch request {
    case .submit(let submit):
      do {
        let request = try admitted(submit)
        questions[question] = (peer, number)
        try decide(.submit(request, question))
      } catch let failure as Failure { reply(.failure(failure)) }
    case .cancel(let cancel):
      if machine.record(of: cancel.job) == nil, let old = try store.job(cancel.job) {
        return reply(.failure(.alreadyOver(cancel.job, old.state)))
      }
      questions[question] = (peer, number)
      try decide(.cancel(cancel.job, reason: cancel.reason, question))
    case .drain(let drain):
      questions[question] = (peer, number)
      try decide(.drain(worker: drain.worker, reason: drain.reason, question))
    case .status:
      var status = machine.status(at: now)
      status.address = join.control
      status.build = Fingerprint.build
      status.uptimeSeconds = now.sinceStart.inSeconds
      reply(.status(status))
    case .show(let job):
      guard let record = try record(of: job), let status = try status(of: job) else {
        return reply(.failure(Failure.noSuchJob(job)))
      }
      reply(.job(JobDetail(status: status, specification: record.request.specification)))
    case .jobs(let jobs):
      let count = min(Int(jobs.countMax), JobsRequest.pageMax)
      let page = try store.jobs(after: jobs.after, countMax: count)
      reply(
        .jobs(
          Jobs(
            jobs: page.map {
              (machine.status(of: $0.job) ?? CoordinatorMachine.status(of: $0)).brief
            }, isComplete: page.count < count || count == 0)))
    case .logs(let logs):
      guard let status = try status(of: logs.job), let folder = files.folder(of: logs.job)
      else { return reply(.failure(Failure.noSuchJob(logs.job))) }
      reply(.logs(JobRecorder.logs(in: folder, logs, isOver: status.state.isOver)))
    case .files(let job):
      do throws(Failure) {
        reply(.files(Messages.Files(job: job, files: try files.list(job))))
      } catch { reply(.failure(error)) }
    case .digests(let digests):
      guard let record = try record(of: digests.job) else {
        return reply(.failure(Failure.noSuchJob(digests.job)))
      }
      let (commits, isComplete) = try store.digests(
        after: digests.after, job: digests.job, countMax: Int(digests.countMax))
      reply(
        .digests(
          Digests(commits: commits, fingerprint: record.fingerprint, isComplete: isComplete)))
    case .events(let events):
      reply(
        .events(
          try store.events(
            after: events.after, job: events.job, countMax: Int(min(events.countMax, 10_000)))))
    case .issue, .keys, .revoke:
      let (answer, event) = keys.answer(request)
      if let event { try carryOut(.announce(event)) }
      reply(answer)
    }
  }

  /// Also of jobs that ended long ago.
  private func record(of job: JobID) throws -> JobRecord? {
    try machine.record(of: job) ?? store.job(job)
  }

  private func status(of job: JobID) throws -> JobStatus? {
    try machine.status(of: job) ?? store.job(job).map { CoordinatorMachine.status(of: $0) }
  }

  /// Checks a submitted job as a worker would read it, and finds what it goes on from.
  private func admitted(_ submit: Submit) throws(Failure) -> JobRequest {
    let job: Job
    do {
      job = try Job(
        JSONDecoder().decode(JobValue.self, from: Foundation.Data(submit.specification.utf8)),
        catalog: catalog)
    } catch let error as JobError {
      throw Failure(reason: error.problem, advice: "correct the job file", field: error.key)
    } catch { throw Failure(reason: "the job cannot be read: \(error)") }
    var request = JobRequest(
      name: submit.name.isEmpty ? job.recipe : submit.name,
      specification: submit.specification, replicas: job.replicas,
      workersMax: job.workersMax == 0 ? nil : job.workersMax, output: job.output ?? "",
      submittedAt: Int64(Date().timeIntervalSince1970))
    request.rebalances = job.rebalances ? true : nil
    request.checkpointsKept = job.checkpoint.keep
    if !submit.resume.isEmpty {
      (request.checkpoint, request.checkpointFolder) = try checkpoint(submit.resume)
    }
    try JobData.check(submit.specification)
    if let output = job.output { try check(output, isResumed: !submit.resume.isEmpty) }
    return request
  }

  /// Whether a folder outside the store can take a job's results.
  private func check(_ output: String, isResumed: Bool) throws(Failure) {
    let folder = store.folder(of: output)
    if let other = machine.status(at: now).jobs.first(where: {
      !$0.state.isOver && store.folder(of: $0.output) == folder
    }) {
      throw Failure(
        reason: "\(output) is where \(other.job) writes its results",
        advice: "choose another folder", field: "output")
    }
    if !isResumed, FileManager.default.fileExists(atPath: "\(folder)/scalars.csv") {
      throw Failure(
        reason: "\(output) holds the results of another run",
        advice: "choose another folder, or go on from it with --resume", field: "output")
    }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      let probe = "\(folder)/.probe"
      try Foundation.Data().write(to: URL(fileURLWithPath: probe))
      try FileManager.default.removeItem(atPath: probe)
    } catch {
      throw Failure(
        reason: "the coordinator cannot write to \(folder): \(error.localizedDescription)",
        advice: "choose another folder or change its rights", field: "output")
    }
  }

  /// The checkpoint that `--resume` means: a job of this store, or a folder that the coordinator sees.
  private func checkpoint(
    _ resume: String
  ) throws(Failure) -> (Messages.Checkpoint, folder: String) {
    let folder: String
    if let job = JobID(resume) {
      guard let known = files.folder(of: job) else { throw Failure.noSuchJob(job) }
      let (newest, problems) = CheckpointShelf(folder: "\(known)/checkpoints", keep: 1)
        .newestValid()
      guard let newest else {
        throw Failure(
          reason: "\(job) has no usable checkpoint"
            + (problems.isEmpty ? "" : ": " + problems.joined(separator: "; ")),
          advice: "submit the job without --resume")
      }
      folder = newest.path
    } else {
      folder = resume
    }
    do {
      return (try Messages.Checkpoint(Training.Checkpoint.open(folder)), folder)
    } catch { throw Failure(reason: "\(error)", advice: "name a job or a checkpoint's folder") }
  }
}
