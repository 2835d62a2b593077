import Data
import Tensors

/// What makes a class of birds: two or three of five parts are not as usual. The order of cases is a
/// part of the world.
public struct BirdKind: Sendable, Equatable {
  enum BeakLength: Int, CaseIterable { case medium, short, long }
  enum BeakColor: Int, CaseIterable { case dark, yellow, red }
  enum EyeRing: Int, CaseIterable { case none, white, orange }
  enum WingBar: Int, CaseIterable { case none, white, yellow }
  enum TailTip: Int, CaseIterable { case none, white, black }

  /// From 1, as in `classes.txt`.
  let number: Int
  let beakLength: BeakLength
  let beakColor: BeakColor
  let eyeRing: EyeRing
  let wingBar: WingBar
  let tailTip: TailTip

  /// Choices of all five parts with two or three unusual ones: each unusual in one of two ways.
  private static let choices: [[Int]] = (0..<243).map { code in
    (0..<5).reduce(into: (digits: [Int](), rest: code)) { state, _ in
      state.digits.append(state.rest % 3)
      state.rest /= 3
    }.digits
  }.filter { (2...3).contains($0.count { $0 > 0 }) }

  /// How many classes there can be.
  public static var count: Int { choices.count }

  init(number: Int, seed: Int) {
    let order = KeyedPermutation(
      count: Self.count, key: RandomKey(seed: UInt64(seed)).derived("birds").derived("kinds"))
    let choice = Self.choices[order[number - 1]]
    self.number = number
    beakLength = BeakLength.allCases[choice[0]]
    beakColor = BeakColor.allCases[choice[1]]
    eyeRing = EyeRing.allCases[choice[2]]
    wingBar = WingBar.allCases[choice[3]]
    tailTip = TailTip.allCases[choice[4]]
  }

  /// "007.Long_beaked_White_ringed_Bird".
  var name: String {
    var words: [String] = []
    if beakLength != .medium { words.append("\(beakLength)_beaked") }
    if beakColor != .dark { words.append("\(beakColor)_billed") }
    if eyeRing != .none { words.append("\(eyeRing)_ringed") }
    if wingBar != .none { words.append("\(wingBar)_barred") }
    if tailTip != .none { words.append("\(tailTip)_tipped") }
    let digits = String(number)
    let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    return ([padded + "." + capitalised(words[0])] + words.dropFirst().map(capitalised) + ["Bird"])
      .joined(separator: "_")
  }

  private func capitalised(_ word: String) -> String {
    word.prefix(1).uppercased() + word.dropFirst()
  }
}
