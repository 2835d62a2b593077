import Foundation

/// JSON for people and programs alike: indented, keys sorted.
package func jsonText(_ value: some Encodable) throws -> String {
  try encoded(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
}

/// JSON on one line.
package func jsonLine(_ value: some Encodable) throws -> String {
  try encoded(value, [.sortedKeys, .withoutEscapingSlashes])
}

private func encoded(
  _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = formatting
  // A loss that is not finite has no number in JSON; this says which it was.
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
