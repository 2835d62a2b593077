import Data

/// What a split holds, for people.
package func dataSummary(_ report: SplitReport) -> String {
  let summary = report.summary
  var table = TextTable([("", .left), ("", .left)])
  func add(_ name: String, _ value: String?) { if let value { table.add([name, value]) } }
  add("samples", "\(summary.samples) of \(report.sampleCount) can be read")
  add("problems", "\(report.problemCount)")
  add("bytes", summary.bytes.map(range))
  add("depth", summary.depth.map(range))
  add("height", summary.height.map(range))
  add("width", summary.width.map(range))
  if !summary.mean.isEmpty {
    add("mean", summary.mean.map { Numbers.compact($0) }.joined(separator: ", "))
    add("deviation", summary.standardDeviation.map { Numbers.compact($0) }.joined(separator: ", "))
  }
  for (shape, count) in summary.featureShapes.sorted(by: { $0.key < $1.key }) {
    add("features", "\(count) of shape \(shape)")
  }
  add("letters", summary.textLength.map(range))
  if summary.captions > 0 { add("captions", "\(summary.captions)") }
  if summary.objects > 0 { add("objects", "\(summary.objects), \(summary.crowds) of them crowds") }
  let parts = [table.text(), classes(of: summary), labels(of: summary)].filter { !$0.isEmpty }
  return "\(report.split)\n" + parts.joined(separator: "\n") + "\n"
}

private func range(_ values: Distribution) -> String {
  values.min == values.max
    ? "\(values.min)" : "\(values.min) … \(values.max), median \(values.median)"
}

private func classes(of summary: SplitReport.Summary) -> String {
  guard !summary.classes.isEmpty else { return "" }
  let pixels = summary.classes.reduce(0) { $0 + $1.pixels } + summary.ignoredPixels
  var table = TextTable([
    ("class", .right), ("name", .left), ("samples", .right),
    (pixels > 0 ? "pixels" : "objects", .right),
  ])
  func share(_ count: Int) -> String { Numbers.percent(Double(count) / Double(max(1, pixels)), 2) }
  for row in summary.classes {
    table.add([
      "\(row.index)", row.name, "\(row.samples)",
      pixels > 0 ? share(row.pixels) : "\(row.objects)",
    ])
  }
  if pixels > 0 { table.add(["", "unknown", "", share(summary.ignoredPixels)]) }
  return table.text()
}

private func labels(of summary: SplitReport.Summary) -> String {
  guard !summary.labels.isEmpty else { return "" }
  var table = TextTable([("label", .right), ("name", .left), ("samples", .right)])
  for row in summary.labels { table.add(["\(row.index)", row.name, "\(row.samples)"]) }
  return table.text()
}
