import Foundation

/// A new empty folder for the duration of `body`, removed afterwards.
public func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "martlet-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// The real data beside the package, by name ("camvid"); nil when this machine has none.
public func sharedData(_ name: String) -> String? {
  let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  let path = root.deletingLastPathComponent().appendingPathComponent("shared/data/\(name)").path
  return FileManager.default.fileExists(atPath: path) ? path : nil
}

/// Writes text, making the folders on the way.
public func write(_ text: String, to path: String) throws {
  try write(Array(text.utf8), to: path)
}

/// Writes bytes, making the folders on the way.
public func write(_ bytes: [UInt8], to path: String) throws {
  let file = URL(fileURLWithPath: path)
  try FileManager.default.createDirectory(
    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
  try Foundation.Data(bytes).write(to: file)
}
