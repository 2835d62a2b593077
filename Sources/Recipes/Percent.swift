/// A fraction in percent with one digit, for people; what is no number, as it is.
func percent(_ fraction: Double) -> String {
  // Also of weights that were read from elsewhere, and may give anything.
  guard abs(fraction) < 1e6 else { return "\(fraction)" }
  let tenths = Int((1_000 * fraction).rounded())
  return "\(tenths / 10).\(abs(tenths % 10)) %"
}
