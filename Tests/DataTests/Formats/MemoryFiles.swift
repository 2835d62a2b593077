import Data
import Synchronization

/// A data set in memory, which notes whether anybody wanted to read something outside of it.
final class MemoryFiles: FileTree {
  let root = "memory"
  let content: [String: [UInt8]]
  private let strays = Mutex<[String]>([])

  init(_ content: [String: [UInt8]]) { self.content = content }

  /// Names that lead outside and should have been read all the same.
  var strayNames: [String] { strays.withLock { $0 } }

  func kind(of name: String) -> FileKind? {
    guard !leadsOutside(name) else { return nil }
    if content[name] != nil { return .file }
    return name.isEmpty || content.keys.contains { $0.hasPrefix("\(name)/") } ? .folder : nil
  }

  func names(in folder: String) throws -> [String] {
    note(folder)
    let start = folder.isEmpty ? "" : "\(folder)/"
    let names = Set(
      content.keys.filter { $0.hasPrefix(start) }.compactMap {
        $0.dropFirst(start.count).split(separator: "/").first.map(String.init)
      })
    guard !names.isEmpty else {
      throw DataError(file: folder, problem: "cannot be listed", advice: "Check it")
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func byteCount(of file: String) throws -> Int { try bytes(file).count }

  func bytes(of file: String, in range: Range<Int>) throws -> [UInt8] {
    let bytes = try bytes(file)
    guard range.lowerBound >= 0, range.upperBound <= bytes.count else {
      throw DataError(file: file, problem: "has no bytes \(range)", advice: "Restore it")
    }
    return Array(bytes[range])
  }

  private func bytes(_ file: String) throws -> [UInt8] {
    note(file)
    guard let bytes = content[file] else {
      throw DataError(file: file, problem: "cannot be found", advice: "Restore it")
    }
    return bytes
  }

  private func note(_ name: String) {
    if leadsOutside(name) { strays.withLock { $0.append(name) } }
  }

  private func leadsOutside(_ name: String) -> Bool {
    name.hasPrefix("/") || name.split(separator: "/").contains("..")
  }
}
