import Data

/// What scenes are made of and the words for it. The order of cases is part of the world: indices,
/// draws and held-out pairs depend on it.
enum SceneShape: Int, CaseIterable {
  case circle, square, triangle, star, ring, cross, crescent

  var word: String { "\(self)" }

  /// Mask value: 0 is background.
  var classIndex: UInt8 { UInt8(rawValue + 1) }
}

enum SceneColor: Int, CaseIterable {
  case red, orange, yellow, green, cyan, blue, purple, pink

  var word: String { "\(self)" }

  var paint: SIMD3<Float> {
    switch self {
    case .red: [200, 45, 45]
    case .orange: [228, 128, 30]
    case .yellow: [222, 204, 50]
    case .green: [60, 158, 62]
    case .cyan: [62, 188, 200]
    case .blue: [52, 82, 200]
    case .purple: [128, 60, 170]
    case .pink: [232, 140, 184]
    }
  }
}

enum SceneTexture: Int, CaseIterable {
  case plain, striped, dotted, checkered

  /// Plain goes without saying.
  var word: String? { self == .plain ? nil : "\(self)" }
}

enum SceneSize: Int, CaseIterable {
  case small, medium, large

  var word: String { "\(self)" }

  /// Of the radius, as a fraction of the picture's side.
  var radius: ClosedRange<Float> {
    switch self {
    case .small: 0.09...0.12
    case .medium: 0.135...0.175
    case .large: 0.21...0.27
    }
  }
}

enum SceneGround: Int, CaseIterable {
  case smooth, cloudy, striped, mottled

  var word: String { "\(self)" }
}

enum SceneTone: Int, CaseIterable {
  case dark, gray, pale, sandy

  var word: String { "\(self)" }

  var paint: SIMD3<Float> {
    switch self {
    case .dark: [62, 66, 74]
    case .gray: [124, 124, 122]
    case .pale: [192, 196, 202]
    case .sandy: [172, 146, 108]
    }
  }
}

/// The pairs of shape and colour that no training scene shows: one colour of each shape.
func isHeldOut(_ shape: SceneShape, _ color: SceneColor) -> Bool {
  color == heldOutColor(of: shape)
}

func heldOutColor(of shape: SceneShape) -> SceneColor {
  // 3 and 8 share no factor, so the seven shapes hold out seven different colours.
  SceneColor.allCases[(3 * shape.rawValue + 1) % SceneColor.allCases.count]
}
