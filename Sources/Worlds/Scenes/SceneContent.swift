import Tensors

/// One thing in a scene. Lengths are fractions of the picture's side.
struct SceneObject {
  var shape: SceneShape
  var color: SceneColor
  var texture: SceneTexture
  var size: SceneSize
  var x: Float
  var y: Float
  var radius: Float
  var direction: SIMD2<Float>  // unit vector: the rotation, without trigonometry
  var paint: SIMD3<Float>
}

/// What is in a scene, before it is drawn or described: a pure function of its key.
struct SceneContent {
  var ground: SceneGround
  var tone: SceneTone
  /// Back to front. The first is the main object, of a larger size class than all others.
  var objects: [SceneObject]

  /// With `heldOut` the main object is a held-out pair; otherwise none occurs.
  init(key: RandomKey, objectsMax: Int, heldOut: Bool) {
    let draws = key.derived("content")
    ground = draws.pick(0)
    tone = draws.pick(1)
    objects = []
    let wanted = 1 + draws.integer(2, below: objectsMax)
    let mainSize: SceneSize = heldOut || draws.uniform(3) < 0.6 ? .large : .medium
    for number in 0..<wanted {
      let own = key.derived("object").derived(number)
      let size = number == 0 ? mainSize : Self.smaller(than: mainSize, own)
      guard let object = Self.object(own, size, among: objects) else { continue }
      objects.append(object)
      Self.respectHeldOut(&objects[objects.count - 1], main: number == 0 && heldOut)
      objects[objects.count - 1].paint = Self.paint(objects[objects.count - 1].color, own)
    }
  }

  private static func smaller(than main: SceneSize, _ key: RandomKey) -> SceneSize {
    main == .large && key.uniform(0) < 0.5 ? .medium : .small
  }

  /// An object at a free place; nil when there is none.
  private static func object(
    _ key: RandomKey, _ size: SceneSize, among others: [SceneObject]
  ) -> SceneObject? {
    let radius = key.uniform(1, in: size.radius)
    for attempt in 0..<12 {
      let x = key.uniform(10 + 2 * attempt, in: 0.8 * radius...1 - 0.8 * radius)
      let y = key.uniform(11 + 2 * attempt, in: 0.8 * radius...1 - 0.8 * radius)
      // Neighbours may overlap by a third, so that masks have occlusions and nothing vanishes.
      let isFree = others.allSatisfy { other in
        let apart = 0.68 * (radius + other.radius)
        return (x - other.x) * (x - other.x) + (y - other.y) * (y - other.y) > apart * apart
      }
      guard isFree else { continue }
      return SceneObject(
        shape: key.pick(2), color: key.pick(3), texture: key.pick(4), size: size, x: x, y: y,
        radius: radius, direction: unitVector(key.derived("rotation")), paint: .zero)
    }
    return nil
  }

  private static func respectHeldOut(_ object: inout SceneObject, main: Bool) {
    if main {
      object.color = heldOutColor(of: object.shape)
    } else if isHeldOut(object.shape, object.color) {
      let next = (object.color.rawValue + 1) % SceneColor.allCases.count
      object.color = SceneColor.allCases[next]
    }
  }

  private static func paint(_ color: SceneColor, _ key: RandomKey) -> SIMD3<Float> {
    let shift = SIMD3(key.uniform(5), key.uniform(6), key.uniform(7)) - 0.5
    return color.paint + 36 * shift
  }
}

extension RandomKey {
  /// Draw `index`, one of the cases.
  func pick<Choice: CaseIterable>(_ index: Int) -> Choice where Choice.AllCases == [Choice] {
    Choice.allCases[integer(index, below: Choice.allCases.count)]
  }
}

/// A direction: a uniform point of the unit disc, pushed to the rim.
func unitVector(_ key: RandomKey) -> SIMD2<Float> {
  for attempt in 0..<16 {
    let words = key.words(attempt)
    let x = Float(words.0 >> 8) * 0x1p-23 - 1
    let y = Float(words.1 >> 8) * 0x1p-23 - 1
    let square = x * x + y * y
    guard square > 0.01 && square <= 1 else { continue }
    let length = square.squareRoot()
    return SIMD2(x / length, y / length)
  }
  return SIMD2(1, 0)
}
