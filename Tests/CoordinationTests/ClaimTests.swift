import Coordination
import Messages
import Testing

/// What workers claim is bounded by what the coordinator knows of them.
@Suite struct ClaimTests {
  private static let (first, stranger) = (Incarnation(1), Incarnation(2))

  /// A job that `first` runs in its first generation, and another worker that has no part in it.
  private func running(memory: UInt64 = 0) -> (CoordinatorMachine, JobID) {
    var machine = CoordinatorMachine()
    let request = JobRequest(name: "demo", specification: "{}", replicas: 4, workersMax: 1)
    _ = machine.handle(.submit(request, RequestID(1)), at: Moment())
    _ = machine.handle(.worker(Self.first, .hello(hello("a", memory: memory))), at: Moment())
    let later = Moment() + .milliseconds(200)
    _ = machine.handle(.tick, at: later)
    let ready = Ready(job: JobID(1), generation: Generation(1))
    _ = machine.handle(.worker(Self.first, .ready(ready)), at: later)
    _ = machine.handle(.worker(Self.stranger, .hello(hello("b"))), at: later)
    return (machine, JobID(1))
  }

  private func report(
    _ job: JobID, position: UInt64, step: UInt64 = 1, of total: UInt64 = 10
  ) -> WorkerMessage {
    let report = StepReport(
      position: Position(step: position), step: step, stepsTotal: total, loss: 0.5)
    return .stepReports(StepReports(job: job, generation: Generation(1), reports: [report]))
  }

  private func told(
    _ machine: inout CoordinatorMachine, _ message: WorkerMessage, by sender: Incarnation
  ) -> UInt64? {
    _ = machine.handle(.worker(sender, message), at: Moment() + .milliseconds(250))
    return machine.status(of: JobID(1))?.step
  }

  @Test func `steps of a job count only from its members`() {
    var (machine, job) = running()
    #expect(told(&machine, report(job, position: 16 * 5, step: 5), by: Self.stranger) == 0)
    #expect(told(&machine, report(job, position: 16), by: Self.first) == 1)
  }

  @Test(arguments: [
    (UInt64.max, UInt64(1), UInt64(10)), (16 * 11, 1, 10), (16, 11, 10), (16, 1, .max),
    (16 * 50, 50, 100),
  ])
  func `a step that the job does not have silences nobody`(
    position: UInt64, step: UInt64, total: UInt64
  ) {
    var (machine, job) = running()
    #expect(told(&machine, report(job, position: 16), by: Self.first) == 1)
    let impossible = report(job, position: position, step: step, of: total)
    #expect(told(&machine, impossible, by: Self.first) == 1)
    #expect(told(&machine, report(job, position: 16 * 2, step: 2), by: Self.first) == 2)
    #expect(told(&machine, report(job, position: 16 * 10 + 3, step: 10), by: Self.first) == 10)
  }

  @Test func `nobody needs more memory than it has`() throws {
    var (machine, job) = running(memory: 100)
    var beat = Heartbeat()
    (beat.job, beat.generation) = (job, Generation(1))
    for (claimed, believed) in [(UInt64.max, UInt64(0)), (101, 0), (40, 40)] {
      beat.peakBytesPerReplica = claimed
      _ = machine.handle(.worker(Self.first, .heartbeat(beat)), at: Moment() + .milliseconds(250))
      #expect(machine.record(of: job)?.peakBytesPerReplica == believed)
    }
    beat.fixedBytes = .max
    _ = machine.handle(.worker(Self.first, .heartbeat(beat)), at: Moment() + .milliseconds(250))
    #expect(machine.record(of: job)?.fixedBytes == 0)
  }
}
