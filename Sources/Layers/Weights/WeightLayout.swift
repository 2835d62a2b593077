/// How another library names the tensors of a model of ours and lays them out in files: one table,
/// read from left to right to import and from right to left to export.
public struct WeightLayout: Sendable {
  /// As people ask for it.
  public let name: String
  /// Which classes of which library.
  public let summary: String
  let rules: [WeightRule]
  /// Tensors, of which each of their files has at least one.
  let anchors: [String]
  /// What may stand before every name, besides nothing: of a class around the model, of a wrapper.
  let prefixes: [String]
  /// What their files say besides tensors.
  public let metadata: [String: String]
  /// Names of theirs that Martlet has no use for: heads of their pre-training, tables of constants.
  let unused: [NamePattern]
  /// Endings of names in files of old versions, and today's.
  let olderEndings: [(old: String, new: String)]
  /// Where an image's size is in the model.
  let positions: PositionTable?
  /// Declares the model that has these shapes, and says its sizes.
  let declare: @Sendable (WeightShapes, inout Scope) throws -> [ModelSize]

  /// Our names of the position embedding of an image's patches, of their convolution and of the
  /// class token, which has the first row if there is one.
  struct PositionTable: Sendable {
    let table: String
    let patches: String
    let classToken: String
  }

  /// A size that follows from the tensors' shapes.
  public struct ModelSize: Sendable, Equatable {
    public let name: String
    public let value: Int

    init(_ name: String, _ value: Int) {
      self.name = name
      self.value = value
    }
  }

  init(
    name: String, summary: String, rules: [WeightRule], anchors: [String], prefixes: [String] = [],
    metadata: [String: String] = [:], unused: [String] = [],
    olderEndings: [(old: String, new: String)] = [],
    positions: PositionTable? = nil,
    declare: @escaping @Sendable (WeightShapes, inout Scope) throws -> [ModelSize]
  ) {
    self.name = name
    self.summary = summary
    self.rules = rules
    self.anchors = anchors
    self.prefixes = prefixes + ["module.", "model.", "backbone."]
    self.metadata = metadata
    self.unused = unused.map { NamePattern($0) }
    self.olderEndings = olderEndings
    self.positions = positions
    self.declare = declare
  }

  /// All that Martlet knows.
  public static let all = [clip, bert, roberta, timmViT, timmResNet, torchvisionResNet]
}
