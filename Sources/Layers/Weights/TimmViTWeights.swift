extension WeightLayout {
  /// timm's vision transformer, of which DINO's has the names; ours too.
  static let timmViT = WeightLayout(
    name: "timm-vit",
    summary: "timm VisionTransformer with learnt positions and a class token or mean pooling, "
      + "DINO's too",
    rules: [WeightRule("*", "*")], anchors: ["patch_embed.proj.weight"],
    positions: PositionTable(
      table: "pos_embed", patches: "patch_embed.proj.weight", classToken: "cls_token"),
    declare: { shapes, scope in
      let patches = "patch_embed.proj.weight"
      let width = try shapes.axis(0, of: patches, rank: 4)
      let channels = try shapes.axis(1, of: patches, rank: 4)
      let patch = try shapes.kernel(of: patches)
      let rows = try shapes.axis(1, of: "pos_embed", rank: 3)
      let first = shapes.has("cls_token") ? 1 : 0
      let depth = shapes.count(below: "blocks")
      let hidden = try shapes.axis(0, of: "blocks.0.mlp.fc1.weight", rank: 2)
      let classes =
        shapes.has("head.weight") ? try shapes.axis(0, of: "head.weight", rank: 2) : nil
      _ = VisionTransformer(
        imageSize: ((rows - first) * patch, patch), patch: patch, width: width, depth: depth,
        heads: 1, hidden: hidden, bias: shapes.has("blocks.0.attn.qkv.bias"), channels: channels,
        classes: classes, pooling: first == 1 ? .classToken : .mean, in: &scope)
      return [
        ModelSize("patch", patch), ModelSize("positions", rows), ModelSize("width", width),
        ModelSize("blocks", depth), ModelSize("hidden", hidden),
      ] + (classes.map { [ModelSize("classes", $0)] } ?? [])
    })
}
