import ArgumentParser
import Data
import Layers
import Training

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a model's weights under the names of a Python library.",
    discussion: """
      The inverse of import. Tensors that the layout has no place for are listed, and nothing is \
      written. Layouts:

      \(weightLayoutList())
      """)

  @Argument(help: "A run's folder, a checkpoint's, or a safetensors file of Martlet's.")
  var model: String
  @OptionGroup var layout: LayoutArguments
  @Option(help: "The file to write.") var out: String
  @Option(
    help: ArgumentHelp(
      "Which part of the model, such as backbone; all of it by default.", valueName: "name"))
  var below = ScopeName()
  @Option(
    help: ArgumentHelp(
      "Put this before every name, such as bert. for a class around the model.",
      valueName: "text"))
  var prefix = ""

  func run() throws {
    let file = try Self.file(of: model)
    let conversion = try layout.layout.exported(
      WeightFiles(path: file), from: below.name, prefix: prefix, leavingOut: layout.leaveOut)
    try Safetensors.write(conversion.items, metadata: layout.layout.metadata, to: out)
    Terminal.output.line(weightConversionText(conversion, layout.layout, from: file, to: out))
  }

  /// The final weights of a run, or those of its newest checkpoint.
  ///
  /// Throws: `TrainingError.checkpoint`.
  private static func file(of model: String) throws -> String {
    guard Files.isFolder(model) else { return model }
    let name = Training.Checkpoint.modelFile
    if Files.isFile("\(model)/\(name)") { return "\(model)/\(name)" }
    let point = try ResumePoint(model)
    for problem in point.problems { Terminal.error.line("martlet: passed over: \(problem)") }
    return "\(point.checkpoint.path)/\(name)"
  }
}
