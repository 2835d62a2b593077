import Data

#if canImport(Glibc)
  import Glibc
#endif

/// A CSV file that only grows; every line is flushed.
final class CSVFile {
  private let handle: UnsafeMutablePointer<FILE>
  private let path: String

  /// `header`: The first line of a new file.
  ///
  /// Throws: `TrainingError.write`.
  init(path: String, header: String) throws {
    self.path = path
    let isNew = !Files.isFile(path)
    guard let handle = fopen(path, "ab") else {
      throw TrainingError.write(path: path, problem: String(cString: strerror(errno)))
    }
    self.handle = handle
    if isNew { try add(header + "\n") }
  }

  deinit { fclose(handle) }

  /// Throws: `TrainingError.write`.
  func add(_ text: String) throws {
    let bytes = Array(text.utf8)
    guard fwrite(bytes, 1, bytes.count, handle) == bytes.count, fflush(handle) == 0 else {
      throw TrainingError.write(path: path, problem: String(cString: strerror(errno)))
    }
  }
}
