import Collectives
import Data
import Losses
import Recipes
import TestSupport
import Tensors
import Testing

/// DTC's formulas at values that were worked out by hand.
@Suite struct DTCChecks {
  /// A cube of ones in the middle of a grid.
  private func cube(_ side: Int, in grid: Int, from start: Int) -> ByteTensor {
    ByteTensor(shape: [grid, grid, grid]) { out in
      for index in out.indices {
        let place = [index / (grid * grid), index / grid % grid, index % grid]
        out[index] = place.allSatisfy { (start..<start + side).contains($0) } ? 1 : 0
      }
    }
  }

  private func close(_ a: Double, _ b: Double, _ tolerance: Double = 1e-6) -> Bool {
    abs(a - b) <= tolerance
  }

  @Test func `the level set of a cube`() {
    let target = levelSet(of: cube(3, in: 5, from: 1)).elements
    func at(_ i: Int, _ j: Int, _ k: Int) -> Float { target[(i * 5 + j) * 5 + k] }
    #expect(at(0, 0, 0) == 1 && at(4, 4, 4) == 1)
    #expect(abs(at(0, 0, 2) - 0.816497) < 1e-6)
    #expect(abs(at(0, 2, 2) - 0.577350) < 1e-6)
    #expect(at(2, 2, 2) == -1)
    var shell = 0
    for i in 1...3 {
      for j in 1...3 {
        for k in 1...3 where [i, j, k] != [2, 2, 2] { shell += at(i, j, k) == 0 ? 1 : 0 }
      }
    }
    #expect(shell == 26)
    let larger = levelSet(of: cube(5, in: 7, from: 1)).elements
    #expect(abs(larger[(3 * 7 + 3) * 7 + 2] + 2.0 / 3) < 1e-6)
  }

  @Test func `level sets of what has no boundary`() {
    let none = ByteTensor(repeating: 0, shape: [3, 3, 3])
    #expect(levelSet(of: none).elements == Array(repeating: 1, count: 27))
    #expect(levelSet(of: none, empty: .zero).elements == Array(repeating: 0, count: 27))
    let full = levelSet(of: ByteTensor(repeating: 1, shape: [3, 3, 3])).elements
    #expect(full[13] == -1 && full.count { $0 == 0 } == 26)
    // One voxel thick: all of it is boundary.
    let sheet = ByteTensor((0..<27).map { $0 / 9 == 1 ? 1 : 0 }, shape: [3, 3, 3])
    #expect(levelSet(of: sheet).elements == (0..<27).map { $0 / 9 == 1 ? 0 : 1 })
  }

  @Test func `the transform to a mask and its slope`() throws {
    let z = Tensor([0, -0.001, 0.002])
    for (value, expected) in zip(
      softMask(z, steepness: 1500).elements, [0.5, 0.817574, 0.047426] as [Float])
    {
      #expect(abs(value - expected) < 1e-6)
    }
    let slope = try withTape {
      let zero = Tensor([0]).tracked()
      return try gradients(of: softMask(zero, steepness: 1500).sum(), over: [zero])[0].scalar
    }
    #expect(slope == -375)
  }

  @Test func `Dice of half on eight voxels`() throws {
    let loss = try withTape {
      try SquaredDice()(
        Tensor(repeating: 0.5, shape: [8]).tracked(), truth: Tensor([1, 1, 1, 1, 0, 0, 0, 0]),
        over: soloExchange()
      ).share.scalar
    }
    #expect(abs(loss - (1 - 4.00001 / 6.00001)) < 1e-6)
  }

  /// ∂L/∂pᵢ = −[2 yᵢ (Y + Z + ε) − (2 I + ε) 2 pᵢ] / (Y + Z + ε)².
  @Test func `Dice's gradient is its formula`() throws {
    let (p, y): ([Float], [Float]) = ([0.9, 0.2, 0.6, 0.1], [1, 0, 1, 1])
    let found = try withTape {
      let x = Tensor(p).tracked()
      let loss = try SquaredDice()(x, truth: Tensor(y), over: soloExchange())
      return try gradients(of: loss.share, over: [x])[0].elements
    }
    let (i, z) = (zip(p, y).reduce(0) { $0 + $1.0 * $1.1 }, p.reduce(0) { $0 + $1 * $1 })
    let sum = z + y.reduce(0, +) + 1e-5
    for index in p.indices {
      let expected = -(2 * y[index] * sum - (2 * i + 1e-5) * 2 * p[index]) / (sum * sum)
      #expect(abs(found[index] - expected) < 1e-6)
    }
  }

  @Test func `consistency and its gradients, which vanish where the mask saturates`() throws {
    let (loss, slopes) = try withTape {
      let (z, u) = (Tensor([-0.1, 0.1, 0.0002]).tracked(), Tensor([0, 0, 0]).tracked())
      let loss = try squaredError(
        softMask(z, steepness: 1500), sigmoid(u), over: soloExchange())
      return (loss.share.scalar, try gradients(of: loss.share, over: [z, u]).map(\.elements))
    }
    #expect(abs(loss - 0.168514) < 1e-6)
    #expect(slopes[0][0] == 0 && slopes[0][1] == 0)
    #expect(abs(slopes[0][2] - 18.1981) < 2e-3)
    #expect(abs(slopes[1][0] + 1.0 / 12) < 1e-6 && abs(slopes[1][1] - 1.0 / 12) < 1e-6)
    #expect(abs(slopes[1][2] - 0.012407) < 1e-6)
  }

  @Test func `the consistency's weight rises in forty steps of a hundred and fifty`() {
    let options = DTCOptions()
    let expected: [Float] = [0.006738, 0.060055, 0.286505, 0.731616, 1]
    for (t, value) in zip([0, 10, 20, 30, 40], expected) {
      #expect(abs(options.ramp(at: 150 * t) - value) < 1e-6)
      #expect(options.ramp(at: 150 * t + 149) == options.ramp(at: 150 * t))
    }
    #expect(options.ramp(at: 1_000_000) == 1)
  }

  @Test func `scores of cubes, which have a direction`() {
    let one = cube(4, in: 8, from: 2)
    let moved = VolumeTransform(
      source: [8, 8, 8], size: [8, 8, 8], axes: [0, 1, 2], flipped: [false, false, false],
      offset: [1, 0, 0])(one)
    let scores = VolumeScores(prediction: moved, truth: one)
    #expect(scores.dice == 0.75 && close(scores.jaccard, 0.6))
    #expect(scores.hausdorff95 == 1 && close(scores.surfaceDistance, 0.357143))
    let cut = ByteTensor(
      one.elements.enumerated().map { $0 / 64 == 2 ? 0 : $1 }, shape: [8, 8, 8])
    let there = VolumeScores(prediction: cut, truth: one)
    let back = VolumeScores(prediction: one, truth: cut)
    #expect(close(there.dice, 0.857143) && close(there.surfaceDistance, 0.090909))
    #expect(close(back.dice, 0.857143) && close(back.surfaceDistance, 0.285714))
    #expect(there.hausdorff95 == back.hausdorff95)
    let same = VolumeScores(prediction: one, truth: one)
    #expect(same.dice == 1 && same.hausdorff95 == 0 && same.surfaceDistance == 0)
    let none = VolumeScores(prediction: ByteTensor(repeating: 0, shape: [8, 8, 8]), truth: one)
    #expect(none.isEmpty && none.dice == 0 && none.hausdorff95 == 0)
  }

  @Test func `percentiles lie between ranks as NumPy's`() {
    #expect(VolumeScores.percentile(95, of: [3, 1, 2]) == 2.9)
    #expect(VolumeScores.percentile(50, of: [4, 1, 2, 3]) == 2.5)
    #expect(VolumeScores.percentile(95, of: [7]) == 7)
  }

  @Test func `tallies of replicas add up`() throws {
    let one = cube(4, in: 8, from: 2)
    let none = ByteTensor(repeating: 0, shape: [8, 8, 8])
    let parts = try TestCluster(replicas: 3, borders: [1]).run { exchange in
      var tally = VolumeTally()
      if exchange.replica > 0 {
        tally.add(VolumeScores(prediction: exchange.replica == 1 ? one : none, truth: one))
      }
      return try tally.summed(over: exchange)
    }
    for part in parts { #expect(part.dice == 0.5 && part.emptyPredictions == 1) }
  }

  @Test func `windows cover the volume and their overlaps are averaged`() {
    let window = SlidingWindow(patch: [112, 112, 80], stride: [18, 18, 4])
    #expect(window.starts([183, 140, 88]).map(\.count) == [5, 3, 3])
    #expect(window.starts([183, 140, 88])[0] == [0, 18, 36, 54, 71])
    #expect(window.starts([112, 100, 80]) == [[0], [-6], [0]])

    let small = SlidingWindow(patch: [4, 4, 4], stride: [3, 2, 4])
    let volume = Tensor.normal([9, 3, 4], key: RandomKey(seed: 1))
    let same = small(volume) { $0 * 2 }
    expectClose(same, volume * 2)
    // Each window gives its number: voxels that two see have the mean.
    var number: Float = 0
    let numbers = small(Tensor.zeros([7, 4, 4])) { patch in
      number += 1
      return Tensor(repeating: number, shape: patch.shape)
    }
    #expect((0..<7).map { numbers.elements[$0 * 16] } == [1, 1, 1, 1.5, 2, 2, 2])
  }
}
