/// A recipe's evidence: the smallest honest experiments in which the paper's own claim shows, with
/// the method on and off. `martlet prove NAME` runs them and writes the page of results.
///
/// ```swift
/// extension CLIP {
///   package static var proof: Proof? {
///     let recall = Measure("meanR@1", on: "test")
///     return Proof(
///       "Negatives from the whole batch make better embeddings than a replica's own.",
///       [
///         Experiment(
///           "scenes", job: ["data": ["world": "scenes"], "batch": 64, "epochs": 12],
///           arms: [
///             Arm("global", "negatives of all replicas", ["options.negatives": "global"]),
///             Arm("local", "negatives of the own replica", ["options.negatives": "local"]),
///           ],
///           measures: [recall],
///           claims: [
///             Claim("Global negatives win", recall.of("global") - recall.of("local") >= 0.05)
///           ],
///           quick: ["epochs": 1])
///       ])
///   }
/// }
/// ```
public struct Proof: Sendable {
  /// What the paper claims and how that is shown here; a paragraph of Markdown.
  public let about: String
  public let experiments: [Experiment]

  /// Precondition: at least one experiment, no name twice.
  public init(_ about: String, _ experiments: [Experiment]) {
    precondition(!experiments.isEmpty, "Proof: no experiments")
    requireDistinct(experiments.map(\.name), of: "Proof", kind: "experiments")
    self.about = about
    self.experiments = experiments
  }
}

/// Names are folders, columns and what claims refer to.
func requireDistinct(_ names: [String], of owner: String, kind: String) {
  let twice = names.first { name in names.count { $0 == name } > 1 }
  precondition(twice == nil, "\(owner): two \(kind) are named \(twice ?? "")")
}
