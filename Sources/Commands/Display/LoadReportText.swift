import Layers

/// What loading weights did not do, for a person; empty if all fitted.
package func loadReportText(_ report: LoadReport, namesMax: Int = 8) -> String {
  if report.isComplete { return "" }
  func list(_ title: String, _ names: [String]) -> [String] {
    if names.isEmpty { return [] }
    let rest = names.count > namesMax ? ["… and \(names.count - namesMax) more"] : []
    return [
      "  \(title) (\(names.count)): "
        + (names.prefix(namesMax) + rest).joined(separator: ", ")
    ]
  }
  let mismatches = report.mismatchedShape.map {
    "\($0.name) is \($0.found) in the file, \($0.expected) in the model"
  }
  let grown = report.grown.map {
    "\($0.name) has \($0.found[0]) rows in the file, \($0.expected[0]) in the model"
  }
  return
    (["weights: \(report.loaded.count) loaded"]
    + list("missing in the file, left as initialised", report.missing)
    + list("unexpected in the file, ignored", report.unexpected)
    + list("of another shape, left as initialised", mismatches)
    + list("grown, rows of added symbols left as initialised", grown)).joined(separator: "\n")
}
