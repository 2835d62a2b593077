import Foundation
import Testing

/// Every line is in the room where it belongs.
@Suite struct RoomTests {
  /// Modules in the order of `Package.swift`: each may import only those above it.
  static let rooms: [String] = {
    guard let package = try? Repository.text("Package.swift") else { return [] }
    return package.matches(of: /\.(?:target|systemLibrary|executableTarget)\(\s*name: "(\w+)"/)
      .map { String($0.1) }.filter { !["TestSupport", "FuzzEntries", "fuzzer"].contains($0) }
  }()

  /// Modules from outside and who may use them.
  static let guests: [String: Set<String>] = [
    "ArgumentParser": ["Commands"], "Yams": ["Commands"], "GRDB": ["Cluster"],
    "Logging": ["Cluster", "Commands"],
  ]

  /// A word of another room in a line means that the line is in the wrong one.
  static let foreignWords: [(room: String, words: [String])] = [
    ("CKernels", ["token", "worker", "socket"]),
    ("Tensors", ["worker", "socket", "optimizer", "job"]),
    ("Layers", ["worker", "socket"]),
    ("Losses", ["worker", "socket", "hosted"]),
    ("Recipes", ["worker", "workers", "generation", "socket"]),
    ("Coordination", ["Tensor", "URL", "Date()", ".now"]),
  ]

  @Test func `knows the rooms of the package`() {
    #expect(Self.rooms.first == "CKernels")
    #expect(Self.rooms.last == "martlet")
    #expect(Self.rooms.count >= 15)
  }

  @Test func `each room imports only rooms above it`() {
    for (index, room) in Self.rooms.enumerated() {
      for (file, imported) in imports(of: room) {
        if let other = Self.rooms.firstIndex(of: imported) {
          #expect(other < index, "\(file.path) imports \(imported), which stands below \(room)")
        } else if let allowed = Self.guests[imported] {
          #expect(allowed.contains(room), "\(file.path): \(imported) is not for \(room)")
        }
      }
    }
  }

  @Test func `recipes never see the cluster`() {
    let cluster: Set = ["Cluster", "Coordination", "Messages", "Transport", "Commands"]
    for (file, imported) in imports(of: "Recipes") {
      #expect(!cluster.contains(imported), "\(file.path) imports \(imported)")
    }
  }

  @Test func `no room uses another room's words`() {
    for (room, words) in Self.foreignWords {
      for file in files(of: room) {
        for (number, line) in file.lines.enumerated() {
          // Prose may name what the code must not know, to say why it does not.
          let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
          for word in words where contains(word, in: code) {
            Issue.record("\(file.path):\(number + 1) says '\(word)', a word of another room")
          }
        }
      }
    }
  }

  @Test func `methods, decisions and commands hold no raw pointers`() {
    for room in ["Worlds", "Recipes", "Coordination", "Commands"] {
      for file in files(of: room) {
        for (number, line) in file.lines.enumerated()
        where line.contains(/\bUnsafe(Mutable)?(Raw)?(Buffer)?Pointer\b/) {
          Issue.record("\(file.path):\(number + 1) holds a raw pointer")
        }
      }
    }
  }

  private func imports(of room: String) -> [(Repository.File, String)] {
    files(of: room).filter { $0.path.hasSuffix(".swift") }.flatMap { file in
      file.lines.compactMap { line in
        (try? /^\s*(?:\w+ )?import (?:\w+ )?(\w+)/.firstMatch(in: line)).map {
          (file, String($0.1))
        }
      }
    }
  }

  private func files(of room: String) -> [Repository.File] {
    [".swift", ".c", ".h"].flatMap { Repository.files(below: "Sources/\(room)", ending: $0) }
      .filter { !$0.path.contains("pb-c") }
  }

  /// Whether `word` stands in the line on its own, or as a part of a name's humps.
  private func contains(_ word: String, in line: Substring) -> Bool {
    guard word.allSatisfy(\.isLetter) else { return line.contains(word) }
    return line.matches(of: /[A-Za-z]+/).contains { $0.output == word }
  }
}
