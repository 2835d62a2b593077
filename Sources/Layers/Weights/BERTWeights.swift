extension WeightLayout {
  /// Hugging Face's BERT; ours has the same names.
  static let bert = encoder(
    name: "bert", prefix: "bert.", summary: "Hugging Face BertModel, alone or in another class",
    unused: ["cls.*", "classifier.*", "qa_outputs.*"])

  /// Hugging Face's RoBERTa; ours has the same names.
  static let roberta = encoder(
    name: "roberta", prefix: "roberta.",
    summary: "Hugging Face RobertaModel, alone or in another class",
    unused: ["lm_head.*", "classifier.*", "qa_outputs.*"])

  private static func encoder(
    name: String, prefix: String, summary: String, unused: [String]
  ) -> WeightLayout {
    WeightLayout(
      name: name, summary: summary, rules: [WeightRule("*", "*")],
      anchors: ["embeddings.word_embeddings.weight"], prefixes: [prefix],
      metadata: huggingFace,
      unused: unused + ["embeddings.position_ids", "embeddings.token_type_ids"],
      olderEndings: [
        ("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"),
      ],
      declare: { shapes, scope in
        let words = "embeddings.word_embeddings.weight"
        let vocabulary = try shapes.axis(0, of: words, rank: 2)
        let width = try shapes.axis(1, of: words, rank: 2)
        let positions = try shapes.axis(
          0, of: "embeddings.position_embeddings.weight", rank: 2)
        let types = try shapes.axis(0, of: "embeddings.token_type_embeddings.weight", rank: 2)
        let depth = shapes.count(below: "encoder.layer")
        let hidden = try shapes.axis(
          0, of: "encoder.layer.0.intermediate.dense.weight", rank: 2)
        _ = BERT(
          vocabulary: vocabulary, positions: positions, types: types, width: width, depth: depth,
          heads: 1, hidden: hidden, hasPooler: shapes.hasAny(below: "pooler"), in: &scope)
        return [
          ModelSize("vocabulary", vocabulary), ModelSize("positions", positions),
          ModelSize("types", types), ModelSize("width", width), ModelSize("blocks", depth),
          ModelSize("hidden", hidden),
        ]
      })
  }
}
