import Commands
import Testing

@Suite struct NumbersTests {
  @Test(arguments: [
    (0.0, "0"), (1234.56, "1235"), (123.456, "123.5"), (12.345, "12.35"), (1.2344, "1.234"),
    (0.0821, "0.0821"), (3.1e-5, "3.10e-5"), (9.999e-4, "1.00e-3"), (-2.5, "-2.500"),
    (2.5e7, "2.50e7"), (.nan, "nan"), (-.infinity, "-inf"),
  ])
  func `shows four digits that count`(value: Double, text: String) {
    #expect(Numbers.compact(value) == text)
  }

  @Test(arguments: [
    (0.4, "0:00"), (7, "0:07"), (754, "12:34"), (11045, "3:04:05"), (183_600, "2d 3h"),
    (-1, "-"), (.infinity, "-"),
  ])
  func `shows durations`(seconds: Double, text: String) {
    #expect(Numbers.duration(seconds) == text)
  }

  @Test(arguments: [
    (12 as UInt64, "12 B"), (2048, "2 KiB"), (230 << 20, "230 MiB"), (3 << 30, "3.0 GiB"),
  ])
  func `shows bytes`(count: UInt64, text: String) { #expect(Numbers.bytes(count) == text) }

  @Test func `never shows minus zero`() { #expect(Numbers.fixed(-0.001, 1) == "0.0") }
}

@Suite struct CSVTextTests {
  @Test func `fields are quoted where they must be`() {
    #expect(csvLine(["1", "real", "0.9731"]) == "1,real,0.9731")
    #expect(csvLine(["a,b", "say \"x\"", "c\nd", ""]) == "\"a,b\",\"say \"\"x\"\"\",\"c\nd\",")
    #expect(csvLine(["\"\u{301}"]) == "\"\"\"\u{301}\"")
  }
}
