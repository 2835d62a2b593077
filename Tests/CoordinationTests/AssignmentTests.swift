import Coordination
import Messages
import Testing

@Suite struct AssignmentTests {
  private func candidates(_ threads: [Int], replicasMax: [Int]? = nil) -> [Candidate] {
    threads.enumerated().map { index, count in
      Candidate(
        worker: WorkerID(UInt32(index + 1)), threads: count,
        replicasMax: replicasMax?[index] ?? .max)
    }
  }

  private func counts(_ placement: Placement) -> [Int]? {
    guard case .placed(let assignments) = placement else { return nil }
    return assignments.map(\.replicas.count)
  }

  @Test func `gives who is slower fewer replicas`() {
    var workers = candidates([1, 1, 1])
    workers[1].cost = 3
    for index in [0, 2] { workers[index].cost = 1 }
    #expect(counts(assign(replicas: 7, workers: workers)) == [3, 1, 3])
    workers[1].threads = 3
    #expect(counts(assign(replicas: 6, workers: workers)) == [2, 2, 2])
  }

  @Test func `partitions the replicas whatever the workers`() {
    for replicas in 1...9 {
      for workers in 1...12 {
        for seed in 0..<4 {
          let threads = (0..<workers).map { 1 + ($0 * 7 + seed * 3) % 5 }
          guard
            case .placed(let assignments) = assign(
              replicas: replicas, workers: candidates(threads))
          else {
            Issue.record("\(replicas) replicas were not placed on \(workers) workers")
            continue
          }
          var next = 0
          for assignment in assignments {
            #expect(assignment.replicas.first == next)
            next = assignment.replicas.range.upperBound
          }
          #expect(next == replicas)
          #expect(assignments.count == min(replicas, workers))
          #expect(assignments.map(\.worker) == assignments.map(\.worker).sorted())
        }
      }
    }
  }

  @Test func `follows the threads`() {
    #expect(counts(assign(replicas: 8, workers: candidates([2, 2]))) == [4, 4])
    #expect(counts(assign(replicas: 8, workers: candidates([1, 3]))) == [2, 6])
    #expect(counts(assign(replicas: 3, workers: candidates([64, 1, 1]))) == [1, 1, 1])
  }

  @Test func `prefers many threads, then low numbers, when workers are too many`() {
    guard case .placed(let chosen) = assign(replicas: 2, workers: candidates([1, 2, 1, 2])) else {
      Issue.record("not placed")
      return
    }
    #expect(chosen.map(\.worker.number) == [2, 4])
  }

  @Test func `never places more than fit`() {
    #expect(
      counts(assign(replicas: 8, workers: candidates([8, 1], replicasMax: [3, 6]))) == [3, 5])
    #expect(
      assign(replicas: 8, workers: candidates([8, 1], replicasMax: [3, 4])) == .tooSmall(fits: 7))
    #expect(assign(replicas: 1, workers: []) == .tooSmall(fits: 0))
    // Two of three: the fast pair is too small, the slow one with memory is needed.
    #expect(
      counts(assign(replicas: 2, workers: candidates([4, 4, 1], replicasMax: [0, 0, 2]))) == [2])
  }

  @Test func `does not depend on the order of the workers`() {
    let workers = candidates([3, 1, 2, 2], replicasMax: [4, 9, 9, 1])
    #expect(
      assign(replicas: 9, workers: workers) == assign(replicas: 9, workers: workers.reversed()))
  }
}
