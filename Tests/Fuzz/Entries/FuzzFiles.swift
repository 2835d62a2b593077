import Cluster
import Commands
import Data
import Foundation
import Layers
import Recipes
import Tensors
import Training
import Transport

func fuzzJoinFile(_ bytes: [UInt8]) {
  _ = try? JoinFile(contentsOf: FuzzFolder.write(bytes, to: "join.json"))
  _ = FuzzFolder.write(bytes, to: "keys.json")
  _ = try? ClusterKeys(keptIn: FuzzFolder.path)
}

/// The whole file, and the header alone with its length before it; an index of such files.
func fuzzSafetensors(_ bytes: [UInt8]) {
  _ = try? ShardIndex(json: bytes)
  readTensors(bytes)
  // The data after a header is cut off at a byte no header has.
  let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
  let length = (0..<8).map { UInt8(truncatingIfNeeded: parts[0].count >> (8 * $0)) }
  readTensors(length + parts[0] + (parts.count > 1 ? Array(parts[1]) : []))
}

private func readTensors(_ bytes: [UInt8]) {
  let path = FuzzFolder.write(bytes, to: "model.safetensors")
  guard let file = try? SafetensorsFile(path: path) else { return }
  for entry in file.entries {
    guard let tensor = try? file.tensor(named: entry.name) else { continue }
    precondition(tensor.shape == entry.shape, "\(entry.name) has another shape than announced")
    _ = tensor.elements
  }
  guard let files = try? WeightFiles(path: path) else { return }
  for layout in WeightLayout.all {
    _ = try? layout.imported(files, into: "a", imageSize: (32, 16))
    _ = try? layout.exported(files)
  }
}

/// The input as YAML of a person and as JSON of a coordinator.
func fuzzJob(_ bytes: [UInt8]) {
  if let text = String(validating: bytes, as: UTF8.self),
    let value = try? YAMLReader.value(of: text, name: "job.yaml")
  {
    readJob(value)
    _ = try? JobFile.apply([text], to: value)
  }
  if let value = try? JSONDecoder().decode(JobValue.self, from: Foundation.Data(bytes)) {
    readJob(value)
  }
}

private func readJob(_ value: JobValue) {
  _ = value.shown
  guard let job = try? Job(value, catalog: houseCatalog) else { return }
  _ = try? RecipeData(job: job)
  for step in [0, 1, Int.max - 1] { _ = job.schedule.factor(at: step, of: Int.max) }
}

/// A manifest as it is, and with the hash that makes it valid, for whoever writes one can sign it.
func fuzzCheckpoint(_ bytes: [UInt8]) {
  let length = bytes.count
  let state = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + bytes
  for bytes in [bytes, state] {
    _ = try? bytes.withUnsafeBytes { try TransferredState.header(of: $0) }
  }
  let zeros = String(repeating: "0", count: 64).utf8
  let signed = bytes.replacing(zeros, with: Digest.sha256(bytes).utf8, maxReplacements: 1)
  for manifest in [bytes, signed] {
    _ = FuzzFolder.write(manifest, to: "checkpoints/step-00000001/manifest.json")
    let shelf = CheckpointShelf(folder: FuzzFolder.path + "/checkpoints", keep: 1)
    let path = "\(shelf.folder)/step-00000001"
    _ = shelf.newestValid()
    guard let checkpoint = try? Training.Checkpoint.open(path, only: []) else { continue }
    _ = (checkpoint.progress.serial, checkpoint.kept, checkpoint.modelDigest)
    _ = Training.Checkpoint.name(step: checkpoint.progress.step)
    _ = try? Job(checkpoint.job, catalog: houseCatalog)
  }
}

/// Every way in which a picture is read.
func fuzzImage(_ bytes: [UInt8], startingWith magic: [UInt8]) {
  guard bytes.starts(with: magic) else { return }
  for content in [ImageContent.rgb, .gray, .indices] {
    _ = try? Image.decoded(bytes, file: "fuzz", as: content)
  }
  guard magic[0] == 0xFF, let image = try? EncodedImage(bytes, file: "fuzz") else { return }
  _ = try? Image.decoded(bytes, file: "fuzz", as: .rgb, shrink: 4)
  let size = ImageSize(height: 16, width: 24)
  let key = RandomKey(seed: UInt64(bytes.count))
  for seed in 0..<4 {
    let window = Window.randomResized(of: image.size, key: key.derived(seed))
    let transform = SpatialTransform(of: image.size, to: size, window: window)
    _ = try? image.view(transform, scaled: seed % 2 == 0)
  }
}

/// Lists of samples, captions and classes, parted by zeros.
func fuzzDataset(_ bytes: [UInt8]) {
  let parts = parted(bytes, 3)
  for name in ["JPEGImages/a.jpg", "SegmentationClass/a.png"] {
    _ = FuzzFolder.write([], to: "voc/\(name)")
  }
  _ = FuzzFolder.write(parts[0], to: "voc/ImageSets/Segmentation/train.txt")
  _ = FuzzFolder.write(parts[1], to: "voc/captions.jsonl")
  _ = FuzzFolder.write(parts[2], to: "voc/classes.txt")
  _ = FuzzFolder.write(parts[2], to: "voc/labels.txt")
  let voc = try? VOCSource(files: LocalFiles(FuzzFolder.path + "/voc"), split: "train")
  _ = try? voc?.manifest().fingerprint
  _ = FuzzFolder.write(parts[0], to: "camvid/train.txt")
  _ = try? CamVidSource(files: LocalFiles(FuzzFolder.path + "/camvid"), split: "train")
  for name in ["train.csv", "val.jsonl"] { _ = FuzzFolder.write(parts[1], to: "text/\(name)") }
  for split in ["train", "val"] { fuzzCheck("text", format: "text", split: split) }
  let picture = ByteTensor(repeating: 9, shape: [4, 6, 3]).pngBytes()
  _ = FuzzFolder.write(picture, to: "cub/images/A/a.png")
  let lists = ["images", "image_class_labels", "bounding_boxes", "classes"]
  for (name, part) in zip(lists, parts + [parts[2]]) {
    _ = FuzzFolder.write(part, to: "cub/\(name).txt")
  }
  fuzzCheck("cub", format: "cub", split: "val")
}

/// A tokenizer's file under each of its names, merges after a zero; what it reads must encode.
func fuzzTokenizer(_ bytes: [UInt8]) {
  let parts = parted(bytes, 2)
  _ = FuzzFolder.write(parts[1], to: "merges.txt")
  for name in ["tokenizer.json", "vocab.txt", "vocab.json", "bpe_simple_vocab_16e6.txt"] {
    let file = FuzzFolder.write(name == "bpe_simple_vocab_16e6.txt" ? bytes : parts[0], to: name)
    guard let tokenizer = try? Tokenizer.read(path: file) else { continue }
    for text in ["", "The cat's <mask> naïve [MASK]  \u{1F600}", "th\u{0}e"] {
      _ = tokenizer.decode(tokenizer.encode(text))
    }
    _ = tokenizer.decode([0, 1, -1, .max, .min, Int32(clamping: tokenizer.count)])
  }
}

private func parted(_ bytes: [UInt8], _ count: Int) -> [[UInt8]] {
  let parts = bytes.split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false)
  return (0..<count).map { $0 < parts.count ? Array(parts[$0]) : [] }
}
