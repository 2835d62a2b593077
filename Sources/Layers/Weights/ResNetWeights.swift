extension WeightLayout {
  /// torchvision's residual networks; ours have the same names.
  static let torchvisionResNet = residual(
    name: "torchvision-resnet", summary: "torchvision ResNet: resnet18, 34, 50, 101, 152")

  /// timm's residual networks with the plain stem, which have torchvision's names.
  static let timmResNet = residual(
    name: "timm-resnet", summary: "timm ResNet with the plain stem: resnet18, 34, 50, 101, 152")

  private static func residual(name: String, summary: String) -> WeightLayout {
    WeightLayout(
      name: name, summary: summary, rules: [WeightRule("*", "*")], anchors: ["conv1.weight"],
      declare: { shapes, scope in
        let width = try shapes.axis(0, of: "conv1.weight", rank: 4)
        let channels = try shapes.axis(1, of: "conv1.weight", rank: 4)
        let kernel = try shapes.kernel(of: "conv1.weight")
        guard [3, 7].contains(kernel) else {
          throw WeightShapes.Fault(
            name: "conv1.weight", found: [width, channels, kernel, kernel],
            expected: "a kernel of 7 or 3")
        }
        let blocks = (1...4).map { shapes.count(below: "layer\($0)") }
        for (stage, count) in blocks.enumerated() where count == 0 {
          throw WeightShapes.Fault(
            name: "layer\(stage + 1).0.conv1.weight", found: nil, expected: "four stages")
        }
        let classes =
          shapes.has("fc.weight") ? try shapes.axis(0, of: "fc.weight", rank: 2) : nil
        let depth = ResNet.Depth(blocks, isBottleneck: shapes.has("layer1.0.conv3.weight"))
        _ = ResNet(
          depth, inputs: channels, classes: classes, width: width,
          stem: kernel == 7 ? .large : .small, in: &scope)
        return [ModelSize("width", width)]
          + blocks.enumerated().map { ModelSize("blocks of stage \($0 + 1)", $1) }
          + (classes.map { [ModelSize("classes", $0)] } ?? [])
      })
  }
}
