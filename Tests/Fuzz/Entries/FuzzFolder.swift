import Glibc

/// A folder of this process for targets that read files, removed when it ends.
enum FuzzFolder {
  static let path: String = {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/martlet-fuzz-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no folder can be made in \(parent)") }
    atexit { FuzzFolder.empty(FuzzFolder.path, isLast: true) }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }()

  /// Writes a file, making its folders.
  static func write(_ bytes: [UInt8], to name: String) -> String {
    let file = "\(path)/\(name)"
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/\(part)"
      mkdir(folder, 0o700)
    }
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
    precondition(written == bytes.count, "FuzzFolder: \(file) cannot be written")
    return file
  }

  /// Removes what is in a folder, and the folder itself if `isLast`.
  static func empty(_ folder: String, isLast: Bool) {
    guard let stream = opendir(folder) else { return }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      if unlink("\(folder)/\(name)") != 0 { empty("\(folder)/\(name)", isLast: true) }
    }
    closedir(stream)
    if isLast { rmdir(folder) }
  }
}
