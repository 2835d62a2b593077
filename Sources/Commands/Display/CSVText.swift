/// A record of comma-separated values by RFC 4180, without its line end.
package func csvLine(_ fields: [String]) -> String {
  fields.map { field in
    guard field.utf8.contains(where: { [34, 44, 10, 13].contains($0) }) else { return field }
    // By scalars: a quote with an accent is no other character here.
    let parts = field.unicodeScalars.split(separator: "\"", omittingEmptySubsequences: false)
    return "\"" + parts.map { String($0) }.joined(separator: "\"\"") + "\""
  }.joined(separator: ",")
}
