import Training

/// Jobs of milliseconds a step that still have batch norm, dropout, augmentation and a batch that
/// does not divide the data.
enum TinyJobs {
  static func segment(
    steps: Int, checkpointEvery: Int = 0, _ changes: [String: JobValue] = [:]
  ) -> JobValue {
    .map(
      [
        "recipe": .text("segment"), "data": scenes, "batch": .integer(16), "replicas": .integer(8),
        "steps": .integer(steps), "seed": .integer(7),
        "checkpoint": .map(["everySteps": .integer(checkpointEvery), "keep": .integer(3)]),
        "options": .map([
          "width": .integer(8), "levels": .integer(2), "dropout": .number(0.1),
        ]),
      ].merging(changes) { $1 })
  }

  static func clip(steps: Int) -> JobValue {
    .map([
      "recipe": .text("clip"), "data": scenes, "batch": .integer(16), "replicas": .integer(8),
      "steps": .integer(steps), "seed": .integer(7),
      "options": .map([
        "width": .integer(16), "depth": .integer(1), "heads": .integer(2),
        "textWidth": .integer(16), "textDepth": .integer(1), "textHeads": .integer(2),
        "embedding": .integer(8), "merges": .integer(16), "dropout": .number(0.1),
        "cropMin": .number(0.5), "flip": .number(0.5),
      ]),
    ])
  }

  static let scenes: JobValue = .map([
    "world": .text("scenes"), "size": .integer(44), "imageSize": .integer(32),
    "validation": .integer(8), "test": .integer(8), "heldout": .integer(8),
  ])
}
