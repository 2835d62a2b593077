import Data
import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#endif

/// Writes scalars as long-form CSV: `step,name,value`, one line a number, appended.
package final class ScalarTable {
  private let handle: UnsafeMutablePointer<FILE>
  private let path: String

  /// Throws: `TrainingError.write`.
  package init(path: String) throws {
    self.path = path
    let isNew = !Files.isFile(path)
    guard let handle = fopen(path, "ab") else {
      throw TrainingError.write(path: path, problem: String(cString: strerror(errno)))
    }
    self.handle = handle
    if isNew { try write("step,name,value\n") }
  }

  deinit { fclose(handle) }

  package func add(_ scalars: [(tag: String, value: Double)], step: Int) throws {
    try write(scalars.map { "\(step),\($0.tag),\($0.value)\n" }.joined())
  }

  private func write(_ text: String) throws {
    let bytes = Array(text.utf8)
    guard fwrite(bytes, 1, bytes.count, handle) == bytes.count, fflush(handle) == 0 else {
      throw TrainingError.write(path: path, problem: String(cString: strerror(errno)))
    }
  }
}
