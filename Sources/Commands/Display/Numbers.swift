import Foundation

/// Numbers as people read them; pure, and the same in every locale.
package enum Numbers {
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let whole = "\(Int64(scaled / scale))"
    guard digits > 0 else { return sign + whole }
    let rest = "\(Int64(scaled) % Int64(scale))"
    return "\(sign)\(whole).\(String(repeating: "0", count: digits - rest.count))\(rest)"
  }

  /// Four digits that count: 12.35, 0.0821, 3.10e-5.
  package static func compact(_ value: Double) -> String {
    let size = abs(value)
    if !value.isFinite || size == 0 { return fixed(value, 0) }
    if size >= 1e6 || size < 1e-3 {
      var exponent = Int(log10(size).rounded(.down))
      var mantissa = value / pow(10, Double(exponent))
      // The logarithm may round to the next power; so may the two digits.
      if abs(mantissa) >= 9.995 {
        exponent += 1
        mantissa /= 10
      }
      return "\(fixed(mantissa, 2))e\(exponent)"
    }
    return fixed(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4)
  }

  /// A fraction in percent.
  package static func percent(_ value: Double, _ digits: Int = 0) -> String {
    value.isFinite ? fixed(value * 100, digits) + "%" : "-"
  }

  /// 0:07, 12:34, 3:04:05, 2d 3h.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
    let whole = Int(seconds.rounded())
    let (days, hours, minutes) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if days > 0 { return "\(days)d \(hours)h" }
    if hours > 0 { return "\(hours):\(two(minutes)):\(two(whole % 60))" }
    return "\(minutes):\(two(whole % 60))"
  }

  package static func bytes(_ count: UInt64) -> String {
    let value = Double(count)
    if count < 1 << 10 { return "\(count) B" }
    if count < 1 << 20 { return "\(fixed(value / 1024, 0)) KiB" }
    if count < 1 << 30 { return "\(fixed(value / 1_048_576, 0)) MiB" }
    return "\(fixed(value / 1_073_741_824, 1)) GiB"
  }

  /// Seconds as milliseconds.
  package static func milliseconds(_ seconds: Double) -> String {
    let value = seconds * 1000
    return fixed(value, value < 10 ? 1 : 0)
  }
}
