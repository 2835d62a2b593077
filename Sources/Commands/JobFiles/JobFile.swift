import Data
import Foundation
import Training

/// A job file with its bases and overrides, read into one value.
///
/// `base: other.yaml` is looked for beside the file that names it; keys of the file win, maps are
/// merged. Overrides come last. Paths inside (`data.path`, `init`, `output`) are relative to the
/// current directory whichever file they stand in, and are made absolute.
package struct JobFile {
  package let path: String
  /// Where relative paths begin.
  package let directory: String
  static let bytesMax = 1 << 20

  package init(_ path: String, directory: String = FileManager.default.currentDirectoryPath) {
    self.path = path
    self.directory = directory
  }

  /// A short name for folders: the file's, without folder and extension.
  package static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? "job"
    return String(name.prefix { $0 != "." })
  }

  /// The whole job; `overrides` are `key=value` each, the value in YAML.
  ///
  /// Throws: `JobError`.
  package func value(overrides: [String] = []) throws -> JobValue {
    let file = try Self.read(absolute(path), above: [])
    return absolutePaths(try Self.apply(overrides, to: file))
  }

  /// Throws: `JobError`.
  package static func apply(
    _ overrides: [String], to value: JobValue
  ) throws(JobError) -> JobValue {
    var value = value
    for text in overrides {
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw JobError("", "--set \(text): write key=value, like --set optimizer.learningRate=1e-3")
      }
      let given = try YAMLReader.value(
        of: String(text[text.index(after: equals)...]), name: "--set \(text)")
      value = value.with(String(text[..<equals]), given)
    }
    return value
  }

  /// The value with its paths absolute.
  package func absolutePaths(_ value: JobValue) -> JobValue {
    var value = value
    for key in ["data.path", "init", "output"] {
      guard case .text(let path)? = value[path: key] else { continue }
      value.set(key.split(separator: ".").map(String.init), to: .text(absolute(path)))
    }
    return value
  }

  package func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    if path == "~" || path.hasPrefix("~/") { return NSHomeDirectory() + path.dropFirst() }
    // The current directory has no links in it, so its own parents are safe to cut off; a ".."
    // further inside may stand behind a link and is left to the system.
    var folder = directory.split(separator: "/")
    var parts = path.split(separator: "/")[...]
    while let first = parts.first, first == "." || first == ".." {
      parts = parts.dropFirst()
      if first == ".." { _ = folder.popLast() }
    }
    return "/" + (folder + parts).joined(separator: "/")
  }

  private static func read(_ path: String, above: [String]) throws -> JobValue {
    if above.contains(path) {
      throw JobError("base", (above + [path]).joined(separator: " → ") + " goes in a circle")
    }
    let text: String
    do {
      let size = try Files.byteCount(of: path)
      guard size <= bytesMax else {
        throw JobError("", "\(path) has \(size) bytes; a job file has at most \(bytesMax)")
      }
      text = try Files.text(of: path)
    } catch let error as DataError {
      // A missing job file is wrong usage; bad training data has an exit code of its own.
      let key = above.isEmpty ? "" : "base"
      throw JobError(key, "\(error.file) \(error.problem). \(error.advice)")
    }
    let value = try YAMLReader.value(of: text, name: path)
    guard case .map(var map) = value else {
      throw JobError("", "\(path): found \(value.shown), expected keys like recipe: segment")
    }
    guard let base = map.removeValue(forKey: "base"), base != .null else { return .map(map) }
    guard case .text(let name) = base else {
      throw JobError("base", "\(path): found \(base.shown), expected a file's name")
    }
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    let below = try read(
      JobFile(name, directory: "/" + folder).absolute(name), above: above + [path])
    let replaced = ["epochs", "steps"].filter { map[$0] != nil }
      .reduce(below) { $0.lengthReplaced(by: $1) }
    return JobValue.map(map).merged(over: replaced)
  }
}
