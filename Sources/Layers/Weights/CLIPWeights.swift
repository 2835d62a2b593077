extension WeightLayout {
  /// Hugging Face's CLIP; ours has OpenCLIP's names.
  static let clip = WeightLayout(
    name: "clip",
    summary: "Hugging Face CLIPModel, or one tower: CLIPTextModelWithProjection, "
      + "CLIPVisionModelWithProjection",
    rules: [
      WeightRule("logit_scale", "logit_scale"),
      WeightRule("text_model.embeddings.token_embedding.weight", "token_embedding.weight"),
      WeightRule("text_model.embeddings.position_embedding.weight", "positional_embedding"),
      WeightRule("text_model.final_layer_norm.*", "ln_final.*"),
      WeightRule("text_projection.weight", "text_projection", .transposed),
      WeightRule("vision_model.embeddings.class_embedding", "visual.class_embedding"),
      WeightRule("vision_model.embeddings.patch_embedding.*", "visual.conv1.*"),
      WeightRule(
        "vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
      WeightRule("vision_model.pre_layrnorm.*", "visual.ln_pre.*"),  // their spelling
      WeightRule("vision_model.post_layernorm.*", "visual.ln_post.*"),
      WeightRule("visual_projection.weight", "visual.proj", .transposed),
    ] + blocks("text_model.encoder.layers.#", "transformer.resblocks.#")
      + blocks("vision_model.encoder.layers.#", "visual.transformer.resblocks.#"),
    anchors: [
      "text_model.embeddings.token_embedding.weight", "vision_model.embeddings.class_embedding",
    ],
    metadata: huggingFace,
    unused: ["text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"],
    positions: PositionTable(
      table: "visual.positional_embedding", patches: "visual.conv1.weight",
      classToken: "visual.class_embedding"),
    declare: { shapes, scope in
      let hasText = shapes.hasAny(below: "transformer") || shapes.has("token_embedding.weight")
      let hasImage = shapes.hasAny(below: "visual")
      if hasText && hasImage || shapes.has("logit_scale") {
        _ = scope.parameter("logit_scale", [], .zeros)
      }
      let text = hasText ? try text(shapes, &scope) : []
      let image = hasImage ? try image(shapes, &scope["visual"]) : []
      return text.filter { !image.contains($0) } + image  // the joint space is said once
    })

  /// Without this Hugging Face's loader refuses a file.
  static let huggingFace = ["format": "pt"]

  private static func blocks(_ theirs: String, _ ours: String) -> [WeightRule] {
    func parts(_ leaf: String) -> [String] {
      ["q_proj", "k_proj", "v_proj"].map { "\(theirs).self_attn.\($0).\(leaf)" }
    }
    return [
      WeightRule("\(theirs).layer_norm1.*", "\(ours).ln_1.*"),
      WeightRule(stacking: parts("weight"), as: "\(ours).attn.in_proj_weight"),
      WeightRule(stacking: parts("bias"), as: "\(ours).attn.in_proj_bias"),
      WeightRule("\(theirs).self_attn.out_proj.*", "\(ours).attn.out_proj.*"),
      WeightRule("\(theirs).layer_norm2.*", "\(ours).ln_2.*"),
      WeightRule("\(theirs).mlp.fc1.*", "\(ours).mlp.c_fc.*"),
      WeightRule("\(theirs).mlp.fc2.*", "\(ours).mlp.c_proj.*"),
    ]
  }

  private static func text(_ shapes: WeightShapes, _ scope: inout Scope) throws -> [ModelSize] {
    let table = "token_embedding.weight"
    let vocabulary = try shapes.axis(0, of: table, rank: 2)
    let width = try shapes.axis(1, of: table, rank: 2)
    let context = try shapes.axis(0, of: "positional_embedding", rank: 2)
    let outputs = try shapes.axis(1, of: "text_projection", rank: 2)
    let depth = shapes.count(below: "transformer.resblocks")
    let hidden = try shapes.axis(0, of: "transformer.resblocks.0.mlp.c_fc.weight", rank: 2)
    _ = TextTransformer(
      vocabulary: vocabulary, context: context, width: width, depth: depth, heads: 1,
      hidden: hidden, outputs: outputs, in: &scope)
    return [
      ModelSize("vocabulary", vocabulary), ModelSize("context", context),
      ModelSize("text width", width), ModelSize("text blocks", depth),
      ModelSize("text hidden", hidden), ModelSize("embedding", outputs),
    ]
  }

  private static func image(_ shapes: WeightShapes, _ scope: inout Scope) throws -> [ModelSize] {
    func name(_ leaf: String) -> String { "visual.\(leaf)" }
    let width = try shapes.axis(0, of: name("conv1.weight"), rank: 4)
    let channels = try shapes.axis(1, of: name("conv1.weight"), rank: 4)
    let patch = try shapes.kernel(of: name("conv1.weight"))
    let rows = try shapes.axis(0, of: name("positional_embedding"), rank: 2)
    let outputs = try shapes.axis(1, of: name("proj"), rank: 2)
    let depth = shapes.count(below: name("transformer.resblocks"))
    let hidden = try shapes.axis(0, of: name("transformer.resblocks.0.mlp.c_fc.weight"), rank: 2)
    _ = CLIPVisionTransformer(
      imageSize: ((rows - 1) * patch, patch), patch: patch, width: width, depth: depth, heads: 1,
      hidden: hidden, outputs: outputs, channels: channels, in: &scope)
    return [
      ModelSize("patch", patch), ModelSize("positions", rows), ModelSize("image width", width),
      ModelSize("image blocks", depth), ModelSize("image hidden", hidden),
      ModelSize("embedding", outputs),
    ]
  }
}
