import ArgumentParser
import Data
import Layers

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Bring weights of a Python library under Martlet's names, for a job's init.",
    discussion: """
      FILE is a safetensors file, an index of shards (model.safetensors.index.json), or a folder \
      with either. Half precision becomes float32. Tensors that are missing, have another shape or \
      are unknown are listed, and nothing is written. Layouts:

      \(weightLayoutList())
      """)

  @Argument(help: "The library's weights.") var file: String
  @OptionGroup var layout: LayoutArguments
  @Option(help: "The file to write.") var out: String
  @Option(
    help: ArgumentHelp(
      "Where the model stands in the recipe's, such as backbone; the top by default.",
      valueName: "name"))
  var below = ScopeName()
  @Option(
    help: ArgumentHelp(
      "Bring an image model's positions to images of this many pixels: 448, or 448x640 (height x width).",
      valueName: "pixels"))
  var imageSize: PixelSize?
  @Option(
    help: ArgumentHelp(
      "Also write what this file of Martlet's has, such as an earlier import below another name.",
      valueName: "file"))
  var with: String?

  func run() throws {
    let conversion = try layout.layout.imported(
      WeightFiles(path: file), into: below.name, imageSize: imageSize.map { ($0.height, $0.width) },
      leavingOut: layout.leaveOut)
    var items = conversion.items
    if let with { items += try others(with, besides: Set(items.map(\.name))) }
    try Safetensors.write(items, to: out)
    Terminal.output.line(weightConversionText(conversion, layout.layout, from: file, to: out))
  }

  private func others(_ path: String, besides names: Set<String>) throws -> [Safetensors.Item] {
    let file = try SafetensorsFile(path: path)
    return try file.entries.map { entry in
      guard !names.contains(entry.name) else {
        throw WeightsError(
          file: path, problem: "has \(entry.name) too", advice: "Import below another name")
      }
      return Safetensors.Item(
        entry.name, try file.tensor(named: entry.name), as: entry.type == "I64" ? .int64 : .float32)
    }
  }
}

/// Which layout, and what of it is not wanted.
struct LayoutArguments: ParsableArguments {
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "The library's layout: \(WeightLayout.all.map(\.name).joined(separator: ", ")).",
      valueName: "layout"))
  var name: String
  @Option(
    help: ArgumentHelp(
      "Do without tensors whose names in the file begin so. Repeatable.", valueName: "name"))
  var leaveOut: [String] = []

  var layout: WeightLayout { WeightLayout.all.first { $0.name == name } ?? .all[0] }

  func validate() throws {
    guard WeightLayout.all.contains(where: { $0.name == name }) else {
      let known = WeightLayout.all.map(\.name)
      throw ValidationError("--as: '\(name)' is none of \(known.joined(separator: ", ")).")
    }
  }
}

/// The name of a part of a model: "backbone", or "text.encoder".
package struct ScopeName: ExpressibleByArgument, CustomStringConvertible, Equatable {
  package let name: String

  package var description: String { name }

  /// The whole model.
  package init() { name = "" }

  package init?(argument: String) {
    let parts = argument.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    name = argument
  }
}

/// A size as people write it: "448", or "448x640", height first.
package struct PixelSize: ExpressibleByArgument, Equatable {
  package let height: Int
  package let width: Int

  package init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let height = parts[0], let width = parts[parts.count - 1],
      (1...65_536).contains(height), (1...65_536).contains(width)
    else { return nil }
    self.height = height
    self.width = width
  }
}
