// Which worker holds the others up, and why: arithmetic alone.

import Messages

/// Where a worker's seconds went, over its recent steps.
package struct Pace: Hashable, Sendable {
  /// Seconds of one hosted replica, without its waits for others.
  package var computePerReplica = 0.0
  /// Seconds of a step, as the worker's rates say.
  package var compute = 0.0
  package var exchange = 0.0
  package var input = 0.0
  /// The share of the others' recent heartbeats that waited for this worker and few others.
  package var awaited = 0.0
  /// How many steps these numbers are made of.
  package var steps = 0

  package init() {}

  package var total: Double { compute + exchange + input }

  /// Slow enough to calm the numbers, quick enough to notice a change within ten steps or so.
  package mutating func add(_ rates: StepRates) {
    let weight = steps == 0 ? 1 : 0.2
    func blend(_ old: inout Double, _ new: Double) { old += weight * (new - old) }
    blend(&computePerReplica, rates.computeSecondsPerReplica)
    blend(&compute, rates.computeSeconds)
    blend(&exchange, rates.exchangeSeconds)
    blend(&input, rates.inputSeconds)
    steps += 1
  }
}

/// Why a worker holds the others up.
package struct Slowness: Hashable, Sendable, CustomStringConvertible {
  package enum Cause: String, Sendable { case compute, input, network }

  package var cause: Cause
  /// How many times the others' median; infinite where that is 0.
  package var factor: Double

  package var description: String {
    switch cause {
    case .compute: "compute \(text) × the others'"
    case .input: "input \(text) × the others'"
    case .network: "network: the others wait for what it sends"
    }
  }

  private var text: String {
    let tenths = Int((min(factor, 100) * 10).rounded())
    return (factor > 100 ? "more than " : "") + "\(tenths / 10).\(tenths % 10)"
  }
}

/// The workers whose seconds exceed 1.5 times the median of the others', with the cause that costs
/// most. Waiting for input counts if it is a tenth of a step or more.
package func slowness(of paces: [WorkerID: Pace]) -> [WorkerID: Slowness] {
  let limit = 1.5
  let known = paces.filter { $0.value.steps >= 5 }
  guard known.count > 1 else { return [:] }
  let compute = known.values.map(\.computePerReplica).sorted()
  let input = known.values.map(\.input).sorted()
  let awaited = known.values.map(\.awaited).sorted()
  var result: [WorkerID: Slowness] = [:]
  for (worker, pace) in known {
    let computing = medianOfOthers(compute, than: pace.computePerReplica)
    let reading = medianOfOthers(input, than: pace.input)
    let waiting = medianOfOthers(awaited, than: pace.awaited)
    let isSlowToCompute = pace.computePerReplica > limit * computing
    let isSlowToRead = pace.input > limit * reading && pace.input >= 0.1 * pace.total
    // The excess of one replica, as a share of the step it belongs to.
    let excess =
      pace.computePerReplica > 0
      ? pace.compute * (1 - computing / pace.computePerReplica) : 0
    if isSlowToRead, !isSlowToCompute || pace.input - reading > excess {
      result[worker] = Slowness(cause: .input, factor: pace.input / reading)
    } else if isSlowToCompute {
      result[worker] = Slowness(cause: .compute, factor: pace.computePerReplica / computing)
    } else if pace.awaited >= 0.5, pace.awaited > limit * waiting,
      pace.exchange >= 0.1 * pace.total
    {
      result[worker] = Slowness(cause: .network, factor: pace.awaited / waiting)
    }
  }
  return result
}

/// The median of `sorted` without one element of value `own`.
private func medianOfOthers(_ sorted: [Double], than own: Double) -> Double {
  let middle = (sorted.count - 2) / 2
  return sorted[middle] < own ? sorted[middle] : sorted[middle + 1]
}
