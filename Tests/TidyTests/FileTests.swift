import Foundation
import Testing

@Suite struct FileTests {
  static let linesMax = 400

  @Test func `no source file has grown into two ideas`() {
    let files = [".swift", ".c", ".h"].flatMap { Repository.files(below: "Sources", ending: $0) }
    #expect(files.count > 100)
    for file in files where !file.path.contains("pb-c") {
      #expect(file.lines.count <= Self.linesMax, "\(file.path)")
    }
  }

  @Test func `nothing is left for later without an issue`() {
    for folder in ["Sources", "Tests"] {
      for file in Repository.files(below: folder) where !file.path.hasPrefix("Tests/TidyTests") {
        for word in ["TODO", "FIXME"] {
          #expect(!file.text.contains(word), "\(file.path) says \(word)")
        }
      }
    }
  }

  @Test func `tests do not sleep and import nothing in secret`() {
    for file in Repository.files(below: "Tests") where !file.path.hasPrefix("Tests/TidyTests") {
      #expect(!file.text.contains("@testable"), "\(file.path)")
      #expect(!file.text.contains(/\b(u?sleep|nanosleep)\(/), "\(file.path)")
    }
  }

  @Test func `names in backticks of the house walk exist`() throws {
    let page = try Repository.text("docs/house.md")
    let sources = Repository.files(below: "Sources")
    let text = sources.map(\.text).joined()
    var checked = 0
    for match in page.matches(of: /`([^`\n]+)`/) {
      let name = String(match.1)
      if name.wholeMatch(of: /[\w+]+(\/[\w+.]+)+\/?/) != nil {
        let isThere = ["", "Sources/"].contains {
          FileManager.default.fileExists(atPath: Repository.root.appending(path: $0 + name).path)
            || FileManager.default.fileExists(
              atPath: Repository.root.appending(path: $0 + name + ".swift").path)
        }
        #expect(isThere, "docs/house.md names the file \(name)")
        checked += 1
      } else if name.wholeMatch(of: /[A-Z]\w+/) != nil {
        let declaration = try Regex(
          "\\b(struct|class|enum|protocol|typealias|actor) \(name)\\b|\"\(name)\"")
        #expect(text.contains(declaration), "docs/house.md names \(name)")
        checked += 1
      }
    }
    #expect(checked >= 20)
  }

  @Test func `every world has its picture in docs`() throws {
    let page = try Repository.text("docs/worlds.md")
    let worlds = Repository.files(below: "Sources/Worlds").compactMap {
      $0.text.firstMatch(of: /static let name = "([\w-]+)"/).map { String($0.1) }
    }
    #expect(worlds.count >= 7)
    for world in worlds {
      #expect(page.contains("\n## \(world)\n"), "\(world)")
      #expect(page.contains("(worlds/\(world).png)"), "\(world)")
    }
  }

  @Test func `links between pages lead somewhere`() throws {
    let pages =
      Repository.files(below: "docs", ending: ".md")
      + [Repository.File(path: "README.md", text: try Repository.text("README.md"))]
    for page in pages {
      let folder = Repository.root.appending(path: page.path).deletingLastPathComponent()
      for match in page.text.matches(of: /\]\(([^)#:\s]+)(#[^)]*)?\)/) {
        let target = folder.appending(path: String(match.1)).standardizedFileURL.path
        #expect(FileManager.default.fileExists(atPath: target), "\(page.path) links \(match.1)")
      }
    }
  }
}
