import Layers

/// The layouts that `martlet import` and `export` know, one a line.
package func weightLayoutList() -> String {
  var table = TextTable([("", .left), ("", .left)])
  for layout in WeightLayout.all { table.add([layout.name, layout.summary]) }
  return table.text()
}

/// What an import or export did, for a person.
package func weightConversionText(
  _ conversion: WeightConversion, _ layout: WeightLayout, from file: String, to out: String
) -> String {
  var lines = [
    "\(file) as \(layout.name): \(conversion.items.count) tensors in \(out)",
    "  " + conversion.sizes.map { "\($0.name) \($0.value)" }.joined(separator: ", "),
  ]
  if !conversion.prefix.isEmpty { lines.append("  before every name: \(conversion.prefix)") }
  for (type, count) in conversion.widened.sorted(by: { $0.key < $1.key }) {
    lines.append("  from \(type) to F32: \(count) tensors")
  }
  if let (from, to) = conversion.resampled {
    lines.append("  positions resampled: \(from[0])×\(from[1]) to \(to[0])×\(to[1]) patches")
  }
  if !conversion.leftOut.isEmpty {
    lines.append("  left out (\(conversion.leftOut.count)):")
    lines += conversion.leftOut.map { "    \($0.name) \($0.shape)" }
  }
  return lines.joined(separator: "\n")
}
