import Collectives
import Recipes
import Testing
import Training

@Suite struct CLIPTests {
  @Test func `has the names that OpenCLIP gives its parameters`() throws {
    let trainer = try Trainer(SmallJob.clip.job(), catalog: houseCatalog)
    let names = Set(trainer.program.parameters.map(\.name))
    let wanted = [
      "visual.conv1.weight", "visual.class_embedding", "visual.positional_embedding",
      "visual.ln_pre.weight", "visual.transformer.resblocks.0.attn.in_proj_weight",
      "visual.transformer.resblocks.0.mlp.c_fc.weight", "visual.ln_post.bias", "visual.proj",
      "token_embedding.weight", "positional_embedding", "transformer.resblocks.0.ln_1.weight",
      "ln_final.weight", "text_projection", "logit_scale",
    ]
    for name in wanted { #expect(names.contains(name), "\(name) is missing") }
  }

  @Test func `the scale stays in its range however large the step`() throws {
    let job = try SmallJob.clip.with("optimizer", .map(["learningRate": .integer(10)])).job()
    let trainer = try Trainer(job, catalog: houseCatalog)
    try trainer.prepare(hosted: 0..<job.replicas)
    defer { trainer.stop() }
    _ = try trainer.runStep(
      ReplicaGroup(
        replicas: job.replicas, hosted: 0..<job.replicas, permits: ComputePermits(count: 2),
        link: nil))
    let scale = try #require(trainer.program.parameters.first { $0.name == "logit_scale" })
    // Adam's first step is the learning rate long, so the value must have met a bound.
    #expect(scale.value.scalar == 0 || abs(scale.value.scalar - 4.605_17) < 1e-5)
  }

  @Test(arguments: ["convolution", "resnet18"])
  func `other image towers train too`(encoder: String) throws {
    let small = SmallJob.clip.with("options.imageEncoder", .text(encoder))
      .with("options.width", .integer(8))
    #expect(try digest(of: small, borders: [3]) == digest(of: small, borders: [], threads: 1))
  }

  @Test func `the sigmoid loss trains too`() throws {
    let small = SmallJob.clip.with("options.loss", .text("siglip"))
    #expect(try digest(of: small, borders: [3]) == digest(of: small, borders: [], threads: 1))
  }

  @Test func `local negatives give other weights than global ones`() throws {
    let local = SmallJob.clip.with("options.negatives", .text("local"))
    #expect(try digest(of: local, borders: []) != digest(of: .clip, borders: []))
  }

  @Test func `local negatives with one replica are the global ones`() throws {
    let one = SmallJob.clip.with("replicas", .integer(1))
    let local = one.with("options.negatives", .text("local"))
    #expect(try digest(of: local, borders: []) == digest(of: one, borders: []))
  }

  @Test func `refuses a batch without others to contrast with`() {
    #expect(throws: JobError.self) { try SmallJob.clip.with("batch", .integer(1)).job() }
  }
}
