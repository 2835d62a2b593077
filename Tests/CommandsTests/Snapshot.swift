import Foundation
import Testing

/// Compares with `Tests/Snapshots/Commands/NAME.txt`; `RECORD=1` rewrites the file and fails, so that
/// recording cannot slip in.
func expectSnapshot(_ text: String, _ name: String, _ location: SourceLocation = #_sourceLocation) {
  let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Snapshots/Commands/\(name).txt")
  if ProcessInfo.processInfo.environment["RECORD"] == "1" {
    try? FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    #expect(throws: Never.self) { try Data((text + "\n").utf8).write(to: file) }
    Issue.record("recorded \(name); run again without RECORD", sourceLocation: location)
    return
  }
  let known = (try? String(contentsOf: file, encoding: .utf8)) ?? "nothing: record it with RECORD=1"
  #expect(text + "\n" == known, sourceLocation: location)
}
