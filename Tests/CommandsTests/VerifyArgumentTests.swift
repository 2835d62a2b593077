import Commands
import Foundation
import Testing

@Suite struct VerifyArgumentTests {
  @Test func `reads a range of steps`() {
    #expect(StepRange(argument: "120..160") == StepRange(120, 160))
    #expect(StepRange(argument: "7") == StepRange(7, 7))
    #expect(StepRange(120, 160).description == "120..160")
  }

  @Test(arguments: ["", "0..3", "5..4", "a..b", "1..2..3", "..4", "4..", "-1", "1-4"])
  func `refuses what is no range`(text: String) {
    #expect(StepRange(argument: text) == nil)
  }

  @Test func `an interval of ratios is Student's`() {
    let equal = RatioInterval([1.25, 1.25, 1.25])
    #expect(abs(equal.ratio - 1.25) < 1e-12 && abs(equal.high - equal.low) < 1e-12)
    // The logarithms 1 and -1 have mean 0 and standard error 1; t is 12.706 with one degree.
    let wide = RatioInterval([exp(1), exp(-1)])
    #expect(abs(wide.ratio - 1) < 1e-12)
    #expect(abs(log(wide.high) - 12.706) < 1e-9 && abs(log(wide.low) + 12.706) < 1e-9)
  }
}
