import Collectives
import Data
import Messages

/// A job as small as can be: its plan, what each replica contributes, and the run of one worker
/// that all others must agree with.
final class SimulatedJob {
  let index: Int
  let replicas: Int
  let workersMax: Int?
  /// Collectives in a step.
  let calls: Int
  let checkpointEvery: Int
  let epochs: Int
  let plan: PermutationPlan
  let tree: CanonicalTree
  /// By step, collective and replica.
  let contributions: [[[Contribution]]]
  /// What one worker reaches after each step, the initial state first.
  let reference: [ModelState]
  /// Σ of the sample hashes of each step.
  let samples: [UInt64]

  var steps: Int { reference.count - 1 }

  init(index: Int, seed: UInt64, _ chance: inout Chance) {
    self.index = index
    replicas = 1 + chance.below(8)
    workersMax = chance.oneIn(4) ? 2 : nil
    calls = 1 + chance.below(3)
    checkpointEvery = 3 + chance.below(5)
    epochs = 1 + chance.below(3)
    let plan = PermutationPlan(count: 20 + chance.below(60), batch: 3 + chance.below(10))
    self.plan = plan
    let tree = CanonicalTree(leaves: replicas)
    self.tree = tree

    var contributions: [[[Contribution]]] = []
    var reference = [ModelState()]
    var samples: [UInt64] = []
    for step in 0..<epochs * plan.stepsPerEpoch {
      let epoch = step / plan.stepsPerEpoch
      let slots = plan.slots(
        at: PlanPosition(seed: seed, epoch: epoch, step: step % plan.stepsPerEpoch))
      let division = SlotDivision(batch: slots.count, replicas: replicas)
      let calls = (0..<calls).map { call in
        (0..<tree.leaves).map { replica in
          var sum = Contribution(value: 0, count: 0, samples: 0)
          for slot in slots[division.slots(of: replica)] {
            let hash = mixed(UInt64(epoch), UInt64(slot.sample))
            let noise = mixed(seed, hash, UInt64(call), UInt64(step))
            // Magnitudes over twelve powers of two, so that the order of additions shows.
            let value =
              Float(noise >> 40) * 0x1p-24 * Float(1 << (noise & 7)) - Float(noise >> 8 & 15)
            sum = .merged(sum, Contribution(value: value, count: 1, samples: hash))
          }
          return sum
        }
      }
      let sums = calls.map { values in
        tree.finish(
          tree.partials(of: values, over: 0..<tree.leaves, merge: Contribution.merged),
          merge: Contribution.merged)
      }
      contributions.append(calls)
      samples.append(slots.reduce(0) { $0 &+ mixed(UInt64(epoch), UInt64($1.sample)) })
      reference.append(reference[step].after(sums))
    }
    self.contributions = contributions
    self.reference = reference
    self.samples = samples
  }

  /// (epoch, sample) of every slot of a step, from the plan.
  func slots(seed: UInt64, step: Int) -> [SampleOfEpoch] {
    let epoch = step / plan.stepsPerEpoch
    return plan.slots(at: PlanPosition(seed: seed, epoch: epoch, step: step % plan.stepsPerEpoch))
      .map { SampleOfEpoch(epoch: epoch, sample: $0.sample) }
  }
}

struct SampleOfEpoch: Hashable {
  let epoch: Int
  let sample: Int
}
