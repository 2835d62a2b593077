import Tensors

/// Sentences about a scene's content.
struct SceneCaptions {
  let content: SceneContent
  /// Objects that can be seen well, back to front; the main one first.
  let objects: [SceneObject]

  /// Always four: a relation, the same or another seen from the other side, a list, the main object.
  func sentences(key: RandomKey) -> [String] {
    guard let main = objects.first else { return [ground, ground, ground, ground] }
    guard objects.count > 1 else {
      let alone = "\(full(main)) on \(ground)"
      return [alone, "one \(words(main)) on \(ground)", list, "a picture of \(brief(main))"]
    }
    let first = objects[1 + key.integer(0, below: objects.count - 1)]
    let second = objects[1 + key.integer(1, below: objects.count - 1)]
    return [
      "\(full(main)) \(relation(main, first)) \(full(first))",
      "\(full(second)) \(relation(second, main)) \(full(main))",
      list,
      "a picture of \(brief(main))",
    ]
  }

  private var ground: String {
    withArticle("\(content.tone.word) \(content.ground.word) background")
  }

  private var list: String {
    let names = objects.map { withArticle("\($0.color.word) \($0.shape.word)") }
    let most = names.dropLast().joined(separator: ", ")
    let all = names.count > 1 ? "\(most) and \(names[names.count - 1])" : names[0]
    return "a scene with \(all) on \(ground)"
  }

  private func words(_ object: SceneObject) -> String {
    [object.size.word, object.texture.word, object.color.word, object.shape.word]
      .compactMap { $0 }.joined(separator: " ")
  }

  private func full(_ object: SceneObject) -> String { withArticle(words(object)) }

  private func brief(_ object: SceneObject) -> String {
    let parts = [object.texture.word, object.color.word, object.shape.word]
    return withArticle(parts.compactMap { $0 }.joined(separator: " "))
  }

  private func relation(_ a: SceneObject, _ b: SceneObject) -> String {
    let (dx, dy) = (a.x - b.x, a.y - b.y)
    if abs(dx) >= abs(dy) { return dx < 0 ? "left of" : "right of" }
    return dy < 0 ? "above" : "below"
  }
}

/// "a red circle", "an orange ring".
func withArticle(_ words: String) -> String {
  let vowels: Set<Character> = ["a", "e", "i", "o", "u"]
  return (words.first.map { vowels.contains($0) } == true ? "an " : "a ") + words
}
