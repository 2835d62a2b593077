import Collectives
import Data
import Foundation
import Layers
import Messages
import Tensors
import Training
import Transport

extension FuzzTarget {
  /// Inputs that the target accepts: real encodings, from which mutations reach far.
  public var seeds: [[UInt8]] {
    switch self {
    case .control: MessageExamples.all.flatMap { [$0.envelope, [UInt8($0.kind)] + $0.body] }
    case .bulk:
      [bulkUpload, bulkDownload, Array("martlet data files 1\n5 -1 0 a/b\n9 7 ff b\n".utf8)]
        + MessageExamples.bulk.map(\.envelope)
    case .exchange: exchangeFrames
    case .coordinator: [coordinatorLife]
    case .worker: [workerLife]
    case .joinFile: [writtenJoinFile]
    case .safetensors: [tensors, patches, Array(shardIndex.utf8)]
    case .job: jobTexts.map { Array($0.utf8) }
    case .checkpoint: [Array(manifestText.utf8), Array(progressText.utf8)]
    case .jpeg: [picture.jpegBytes(), gray.jpegBytes(quality: 40)]
    case .png:
      [picture.pngBytes(), gray.pngBytes(), gray.pngBytes(palette: [RGB(0, 0, 0), RGB(9, 8, 7)])]
    case .dataset: [datasetText, birdsText].map { Array($0.utf8) }
    case .volume: [volumeHeader, Array(metaImage.utf8) + [UInt8](0..<24)]
    case .array: [tensors, numbers]
    case .coco: [Array(objects.utf8)]
    case .tokenizer: tokenizerTexts.map { Array($0.utf8) }
    case .shards: writtenShards
    }
  }
}

private func piece(_ bytes: [UInt8]) -> [UInt8] {
  [UInt8(truncatingIfNeeded: bytes.count), UInt8(truncatingIfNeeded: bytes.count >> 8)] + bytes
}

private var bulkUpload: [UInt8] {
  let content: [UInt8] = [1, 2, 3, 4]
  let offer = BulkMessage.offer(
    Offer(
      transfer: TransferID(1), job: JobID(1), generation: Generation(1), name: "a/b", size: 4,
      sha256: FileHash.of(content)))
  let empty = Chunk(transfer: TransferID(1), offset: 0)
  // The first chunk has no bytes and only asks for credit.
  return [0] + piece(Example(offer).body) + [3] + piece(Example(BulkMessage.chunk(empty)).body)
    + piece([]) + [3] + piece(Example(BulkMessage.chunk(empty)).body) + piece(content)
}

private var bulkDownload: [UInt8] {
  let fetch = BulkMessage.fetch(Fetch(transfer: TransferID(1), job: JobID(1), name: "a"))
  let credit = BulkMessage.credit(Credit(transfer: TransferID(1), offset: 0, limit: 5_000))
  return [1] + piece(Example(fetch).body) + [2] + piece(Example(credit).body)
}

private var exchangeFrames: [[UInt8]] {
  // A scatter of sums of shape [2, 3], one row of each of two replicas; rows [4], values [0.5].
  let numbers: [UInt64] = [2, 2, 3, 2, 1, 1, 1, 4, 1, (0.5).bitPattern]
  let collective: [UInt8] =
    [5, 0] + numbers.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  let aborts: [ExchangeHead] = [
    .abort(.aborted(replica: 1, reason: "r")), .abort(.mismatch(first: "a", second: "b")),
    .abort(.generationEnded),
  ]
  let call = CallIdentifier(serial: 3, isBackground: false, number: 1, phase: 0)
  let frame = ExchangeFrame(
    job: 1, generation: 1, sender: 2, receiver: 1, call: call, replicas: 0..<2, offset: 0,
    length: 8, total: 16, head: collective)
  // One payload in two pieces: head, offset, piece, serial, background, number, phase, generation,
  // sender, total.
  let first: [UInt8] = [3, 2, 7, 7, 0, 4, 1, 2, 3, 4, 5, 0, 1, 0, 1, 2, 8]
  let second: [UInt8] = [3, 0, 4, 4, 5, 6, 7, 8, 5, 0, 1, 0, 1, 2, 8]
  return [frame.encoded(), first + second, collective] + aborts.map { $0.encoded() }
}

private func said(_ example: Example, by sender: UInt8, kind: UInt8) -> [UInt8] {
  // Time, sender, a message, job 1, of its present generation, no look at the status, no restart.
  [1, sender, 6, 1, 1, 1, kind - 1] + piece(example.body) + [1, 1]
}

private var coordinatorLife: [UInt8] {
  let tick: [UInt8] = [20, 0, 0, 1, 1]
  let submit: [UInt8] = [1, 0, 3, 5, 1, 1, 1]
  let hellos = [0, 1].flatMap {
    said(Example(WorkerMessage.hello(MessageExamples.hello("w\($0)"))), by: $0, kind: 1)
  }
  let ready = Example(
    WorkerMessage.ready(Ready(job: JobID(1), generation: Generation(1))))
  let reports = Example(
    WorkerMessage.stepReports(
      StepReports(
        job: JobID(1), generation: Generation(1), reports: [MessageExamples.report])))
  let finished = Example(
    WorkerMessage.finished(
      JobFinished(
        job: JobID(1), generation: Generation(1), scores: [NamedNumber("mIoU", .nan)])))
  return hellos + submit + tick + tick + said(ready, by: 0, kind: 3) + said(ready, by: 1, kind: 3)
    + tick + said(reports, by: 0, kind: 4) + said(finished, by: 0, kind: 6) + tick
}

private func heard(_ message: CoordinatorMessage) -> [UInt8] {
  let example = Example(message)
  // Time, job and generation where nothing is held, the message, of job 1, generation 1.
  return [1, 0, 1, 10, 1, 0, 1, UInt8(example.kind - 32)] + piece(example.body)
}

private var workerLife: [UInt8] {
  let welcome = Welcome(worker: WorkerID(1), heartbeatSeconds: 0.25, patienceSeconds: 1)
  // Once a job is held its numbers are not drawn any more.
  func later(_ message: CoordinatorMessage) -> [UInt8] {
    let bytes = heard(message)
    return [bytes[0]] + bytes[3...]
  }
  let open = OpenGeneration(job: JobID(1), generation: Generation(1), start: .beginning)
  return [1, 0, 1, 2] + heard(.welcome(welcome)) + heard(.prepare(MessageExamples.prepare))
    + [1, 4, 0] + later(.open(open)) + [1, 8, 1, 0]
}

private var writtenJoinFile: [UInt8] {
  let path = FuzzFolder.path + "/seed.json"
  let keys = KeyPair(
    publicKey: Array(repeating: 1, count: 32), secretKey: Array(repeating: 2, count: 32))
  try? JoinFile(
    control: "tcp://h:7070", bulk: "tcp://h:7071", relay: "tcp://h:7072",
    security: .curve(own: keys, serverKey: Array(repeating: 3, count: 32))
  ).write(to: path)
  return (try? SafeFile.read(path, bytesMax: 4_096)) ?? []
}

private var tensors: [UInt8] {
  let path = FuzzFolder.path + "/seed.safetensors"
  try? Safetensors.write(
    [
      Safetensors.Item("a.weight", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])),
      Safetensors.Item("steps", Tensor([7]), as: .int64),
    ], metadata: ["format": "pt"], to: path)
  return (try? SafeFile.read(path, bytesMax: 4_096)) ?? []
}

/// The beginning of a vision transformer.
private var patches: [UInt8] {
  let path = FuzzFolder.path + "/seed.safetensors"
  let shapes = [
    "patch_embed.proj.weight": [2, 1, 1, 1], "patch_embed.proj.bias": [2], "pos_embed": [1, 2, 2],
    "cls_token": [1, 1, 2], "blocks.0.mlp.fc1.weight": [1, 2], "norm.weight": [2],
  ]
  try? Safetensors.write(
    shapes.map { Safetensors.Item($0.key, .zeros($0.value)) }, to: path)
  return (try? SafeFile.read(path, bytesMax: 4_096)) ?? []
}

private let shardIndex = """
  {"metadata": {"total_size": 8}, "weight_map": {"a": "model-1.safetensors", \
  "b": "model-2.safetensors"}}
  """

private let jobTexts = [
  """
  recipe: segment
  data: { world: scenes, size: 32 }
  batch: 8
  replicas: 4
  steps: 10
  optimizer: { name: adamw, learningRate: 2e-3, groups: [{ match: '*.bias', weightDecay: 0 }] }
  schedule: { name: cosine, warmupSteps: 2 }
  options: { encoder: unet }
  checkpoint: { everySteps: 5 }
  validate: { everySteps: 5, split: val }
  """,
  "recipe: clip\ndata: &d\n  world: scenes\nepochs: 1\nseed: 3\n# *d\n",
  #"{"recipe":"segment","data":{"path":"/d","format":"voc"},"batch":4,"epochs":1e0}"#,
]

private let progressText = """
  {"stage":0,"step":10,"passes":1,"best":{"name":"mIoU","value":0.5,"step":10},\
  "scores":[{"split":"val","step":10,"scores":[]}],"skippedSamples":0}
  """

private let manifestText = """
  {"format":1,"sha256":"\(String(repeating: "0", count: 64))",\
  "job":{"recipe":"segment","data":{"world":"scenes"},"checkpoint":{"keep":2}},\
  "progress":\(progressText),"files":[\
  {"name":"model.safetensors","size":1,"sha256":"a"},\
  {"name":"state.safetensors","size":1,"sha256":"b"}]}
  """

private let picture = ByteTensor(shape: [8, 9, 3]) { pixels in
  for index in pixels.indices { pixels[index] = UInt8(truncatingIfNeeded: index * 7) }
}

private let gray = ByteTensor(shape: [4, 4, 1]) { pixels in
  for index in pixels.indices { pixels[index] = UInt8(index % 2) }
}

/// An archive with one picture of a class, and an index.
private var writtenShards: [[UInt8]] {
  _ = FuzzFolder.write(gray.pngBytes(), to: "seed/train/a/1.png")
  let folder = "\(FuzzFolder.path)/seed"
  guard let source = try? openData(format: "folders", path: folder, split: "train"),
    (try? ShardWriter(folder: "\(folder)/packed").write(source)) != nil,
    let archive = try? Files.bytes(of: "\(folder)/packed/train-000000.tar")
  else { return [] }
  let index =
    "martlet shards 1\n{\"classNames\":[\"sky\"],\"labelNames\":[\"a\"]}\n"
    + "shard train-000000.tar 4096 0\n000000000 png:512+90 cls:1024+1 json:2048+20\n"
  return [archive, Array(index.utf8)]
}

private let datasetText =
  "a\nJPEGImages/a.jpg SegmentationClass/a.png\n\0"
  + #"{"image": "a", "captions": ["a red square"], "label": 0}"#
  + "\0sky\nroad\n"

/// Images, their classes, and a line that is both a box and a class's name.
private let birdsText = "1 A/a.png\n\01 1\n\01 0.0 1.0 3.0 2.0\n"

private let tokenizerTexts = [
  #"{"added_tokens":[{"id":3,"content":"[MASK]","lstrip":true,"special":true}],"#
    + #""normalizer":{"type":"BertNormalizer","lowercase":true},"#
    + #""pre_tokenizer":{"type":"BertPreTokenizer"},"#
    + #""post_processor":{"type":"BertProcessing","sep":["[SEP]",1],"cls":["[CLS]",0]},"#
    + #""model":{"type":"WordPiece","unk_token":"[UNK]","max_input_chars_per_word":100,"#
    + ###""vocab":{"[CLS]":0,"[SEP]":1,"[UNK]":2,"[MASK]":3,"the":4,"c":5,"##at":6}}}"###,
  #"{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"post_processor":{"#
    + #""type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},"#
    + #"{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<s>":{"ids":[0]}}},"#
    + #""model":{"type":"BPE","vocab":{"<s>":0,"t":1,"h":2,"th":3},"merges":["t h"]}}"#,
  "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nc\n##at\n",
  #"{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"t":4,"h":5,"th":6,"<mask>":7}"#
    + "\0#version: 0.2\nt h\n",
  "#version: 0.2\nt h\nth e</w>\n",
]

private let volumeHeader: [UInt8] = {
  // NIfTI-1: 4 × 3 × 2 values of 8 bits, from byte 352.
  var bytes = [UInt8](repeating: 0, count: 352)
  bytes.replaceSubrange(0..<2, with: [0x5C, 1])
  for (place, value) in [(40, 3), (42, 4), (44, 3), (46, 2), (70, 2), (72, 8), (123, 2)] {
    bytes[place] = UInt8(value)
  }
  for place in [80, 84, 88] { bytes.replaceSubrange(place + 2..<place + 4, with: [0x80, 0x3F]) }
  bytes.replaceSubrange(108..<112, with: [0, 0, 0xB0, 0x43])
  bytes.replaceSubrange(344..<347, with: Array("n+1".utf8))
  return bytes + [UInt8](0..<24)
}()

private let metaImage = """
  NDims = 3
  DimSize = 4 3 2
  ElementSpacing = 1 2 3
  ElementType = MET_UCHAR
  ElementDataFile = LOCAL

  """

private let numbers: [UInt8] = {
  let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n"
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    + [UInt8](repeating: 0, count: 24)
}()

private let objects = """
  {"categories": [{"id": 3, "name": "car"}],
   "images": [{"id": 7, "file_name": "1.png", "height": 4, "width": 6}],
   "annotations": [
    {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 1, 2.5, 2], "iscrowd": 0, "caption": "c",
     "segmentation": [[1, 1, 3.5, 1, 3.5, 3]], "keypoints": [1, 2, 2]},
    {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 6, 4], "caption": "\\u00e9",
     "segmentation": {"counts": "48<", "size": [4, 6]}},
    {"id": 3, "image_id": 7, "category_id": 3, "bbox": [0, 0, 6, 4], "caption": "",
     "segmentation": {"counts": [4, 8, 12], "size": [4, 6]}, "iscrowd": 1}]}
  """
