import Data
import Foundation
import Tensors
import TestSupport
import Testing

/// Files that would take gigabytes if one believed what they say or unpacked what they hold.
@Suite(.serialized) struct BombTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let what: String
    let format: String
    var split = "train"
    let files: [String: [UInt8]]
    /// What the problem says; nil where the file is harmless, if it is read with care.
    let says: String?

    var testDescription: String { what }
  }

  /// What every bomb would take.
  private static let size = 1 << 30

  @Test(arguments: pictures + volumes + arrays + texts + shards)
  func `a file takes no more than its format allows`(bomb: Case) throws {
    let memory = PeakMemory()
    let check = try DataCheck(
      format: dataFormat(named: bomb.format), files: MemoryFiles(bomb.files))
    let report = check.run(split: bomb.split).report
    if let says = bomb.says {
      #expect(report.problems.contains { $0.problem.contains(says) }, "\(report.problems)")
    } else {
      #expect(report.problems == [])
    }
    // Other tests run at the same time.
    #expect(memory.growth < 512 << 20, "\(memory.growth >> 20) MiB")
  }

  private static func picture(_ what: String, _ name: String, _ bytes: [UInt8], _ says: String?)
    -> Case
  {
    Case(what: what, format: "folders", files: ["train/a/\(name)": bytes], says: says)
  }

  private static func png(_ width: UInt32, _ height: UInt32, _ chunks: [(String, [UInt8])])
    -> [UInt8]
  {
    let header = PNGBuilder.bigEndian(width) + PNGBuilder.bigEndian(height) + [8, 2, 0, 0, 0]
    return ([("IHDR", header)] + chunks + [("IEND", [])]).reduce(
      into: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    ) { $0 += PNGBuilder.chunk($1.0, $1.1) }
  }

  /// A JPEG whose header says another size.
  private static func jpeg(_ bytes: [UInt8], marker: UInt8, height: UInt16, width: UInt16)
    -> [UInt8]
  {
    var bytes = bytes
    guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: [0xFF, marker]) })
    else { return [] }
    bytes.replaceSubrange(
      place + 5..<place + 9,
      with: [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)])
    return bytes
  }

  static let pictures: [Case] = {
    let rows = PNGBuilder.stored((0..<16).flatMap { _ in [0] + [UInt8](repeating: 7, count: 48) })
    let small = (try? Files.bytes(of: "\(goldenFolder)/420.jpg")) ?? []
    let progressive = (try? Files.bytes(of: "\(goldenFolder)/progressive.jpg")) ?? []
    return [
      picture(
        "a PNG that says it is huge", "1.png", png(60_000, 60_000, [("IDAT", rows)]),
        "at most 16384 a side"),
      picture(
        "a PNG as large as allowed, without its pixels", "1.png",
        png(16_384, 5_461, [("IDAT", rows)]), "damaged"),
      picture(
        "a PNG with more pixels than it says", "1.png",
        png(16, 16, [("IDAT", Bomb.zlib(count: size))]), "Not enough image data"),
      picture(
        "a PNG with a packed text", "1.png",
        png(
          16, 16,
          [("zTXt", Array("Comment".utf8) + [0, 0] + Bomb.zlib(count: size)), ("IDAT", rows)]),
        nil),
      picture(
        "a JPEG that says it is huge", "1.jpg",
        jpeg(small, marker: 0xC0, height: 65_500, width: 65_500), "at most 16384 a side"),
      picture(
        "a JPEG as large as allowed, without its pixels", "1.jpg",
        jpeg(small, marker: 0xC0, height: 5_461, width: 16_384), "damaged"),
      picture(
        "a progressive JPEG whose coefficients take gigabytes", "1.jpg",
        jpeg(progressive, marker: 0xC2, height: 5_461, width: 16_384), "more than 256 MiB"),
    ]
  }()

  private static func volume(_ what: String, _ name: String, _ bytes: [UInt8], _ says: String)
    -> Case
  {
    Case(what: what, format: "volumes", split: "Tr", files: ["imagesTr/\(name)": bytes], says: says)
  }

  private static func nifti(_ sizes: [Int16]) -> [UInt8] {
    var bytes = FormatExample.nifti()
    var file = LittleEndian()
    for size in sizes { file.add(size) }
    bytes.replaceSubrange(42..<42 + file.count, with: file.bytes)
    return bytes
  }

  static let volumes: [Case] = [
    volume(
      "a packed NIfTI that unpacks to more than it says", "a.nii.gz",
      Bomb.gzip(FormatExample.nifti(), count: size), "unpacks to more than"),
    volume(
      "a NIfTI that says it is huge", "a.nii", nifti([32_767, 32_767, 32_767]), "values"),
    volume(
      "a packed NIfTI as large as allowed, without its values", "a.nii.gz",
      FormatExample.gzip(nifti([2_048, 1_024, 128])), "more were expected"),
    volume(
      "a packed MetaImage that unpacks to more than it says", "a.mha",
      FormatExample.metaHeader(place: "LOCAL", packed: true) + Bomb.zlib(count: size),
      "unpacks to more than 48 bytes"),
    Case(
      what: "an HDF5 chunk that unpacks to more than it says", format: "hdf5",
      files: [
        "train.list": FormatExample.text("case\n"),
        "case/mri.h5": FormatExample.hdf5File(last: Bomb.zlib(count: size)),
      ], says: "unpacks to more than"),
    Case(
      what: "HDF5 chunks of far more values than the data set", format: "hdf5",
      files: [
        "train.list": FormatExample.text("case\n"),
        "case/mri.h5": FormatExample.hdf5File(
          chunk: [2, 16_384, 8_192], last: Bomb.zlib(count: size)),
      ], says: "chunks of shape"),
  ]

  private static func array(_ what: String, _ name: String, _ bytes: [UInt8], _ says: String)
    -> Case
  {
    Case(what: what, format: "features", files: ["train.\(name)": bytes], says: says)
  }

  private static func header(_ shape: String, version: UInt8 = 1) -> [UInt8] {
    let text = "{'descr': '<f8', 'fortran_order': True, 'shape': (\(shape)), }\n"
    var file = LittleEndian()
    file.add([0x93])
    file.add(text: "NUMPY")
    file.add([version, 0])
    if version == 1 { file.add(UInt16(text.utf8.count)) } else { file.add(UInt32.max) }
    file.add(text: text)
    return file.bytes
  }

  static let arrays: [Case] = [
    array(
      "an npz member that unpacks to more than it says", "npz",
      Bomb.zip([("features.npy", 200, Bomb.deflated([], count: size))]), "more than 200 bytes"),
    array(
      "an npz member that says it is huge", "npz",
      Bomb.zip([("features.npy", 4_000_000_000, Bomb.deflated([], count: 1_000))]),
      "unpacks to more than"),
    array(
      "npz members that are the same bytes", "npz",
      Bomb.zip(
        [("features.npy", 1 << 26, Bomb.deflated([], count: 1 << 26))]
          + (0..<20).map { ("\($0).npy", 1 << 26, nil) }), "over each other"),
    array("an npy that says it is huge", "npy", header("1000000, 1000000, 1000000"), "shape"),
    array("an npy whose header says it is huge", "npy", header("1,", version: 2), "header of"),
    array(
      "an npy of more values than bytes", "npy", header("30000, 1000"), "bytes of elements"),
    array(
      "a MATLAB variable that unpacks to more than it says", "mat",
      Bomb.matlab(Bomb.zlib([14, 0, 0, 0, 64, 0, 0, 0], count: size)), "unpacks to more than"),
    array(
      "a MATLAB variable that says it is huge", "mat",
      Bomb.matlab(Bomb.zlib([14, 0, 0, 0, 0, 0, 0, 0x70], count: size)), "unpacks to more than"),
    array(
      "safetensors whose header says it is huge", "safetensors",
      [UInt8](repeating: 0xFF, count: 7) + [0x3F] + Array("{}".utf8), "has a header of"),
    array(
      "a safetensors tensor that says it is huge", "safetensors",
      safetensors(#"{"features":{"dtype":"F64","shape":[99999999999],"data_offsets":[0,8]}}"#),
      "of shape"),
    Case(
      what: "a pickle whose text says it is huge", format: "cifar",
      files: [
        "test_batch": [], "data_batch_1": FormatExample.batch,
        "batches.meta": [0x80, 4, 0x8D] + [UInt8](repeating: 0xFF, count: 7) + [0x3F, 0x2E],
      ], says: "more were expected"),
    Case(
      what: "a pickle of many operations", format: "cifar",
      files: [
        "test_batch": [], "data_batch_1": FormatExample.batch,
        "batches.meta": [0x80, 4] + [UInt8](repeating: UInt8(ascii: "]"), count: 5 << 20),
      ], says: "operations"),
  ]

  private static func safetensors(_ header: String) -> [UInt8] {
    var file = LittleEndian()
    file.add(UInt64(header.utf8.count))
    file.add(text: header)
    file.add(UInt64(0))
    return file.bytes
  }

  private static func captions(_ what: String, _ line: String, _ says: String) -> Case {
    let whole = FormatExample.pictures.first { $0.format == "voc" }?.files ?? [:]
    return Case(
      what: what, format: "voc",
      files: whole.merging(["captions.jsonl": FormatExample.text(line)]) { $1 }, says: says)
  }

  private static func coco(_ what: String, _ text: String, _ says: String) -> Case {
    let whole = FormatExample.pictures.first { $0.format == "coco" }?.files ?? [:]
    return Case(
      what: what, format: "coco", split: "val",
      files: whole.merging(["annotations/instances_val.json": FormatExample.text(text)]) { $1 },
      says: says)
  }

  static let texts: [Case] = {
    let deep = String(repeating: "[", count: 2_000_000)
    let long = String(repeating: "9", count: 2_000_000)
    return [
      captions("JSON lines nested deep", "{\"image\": \(deep)", "line 1"),
      captions(
        "JSON lines with an endless number", "{\"image\": \"a\", \"label\": \(long)}", "line 1"),
      coco("COCO's JSON nested deep", "{\"images\": [\(deep)", "nested beyond"),
      coco("COCO's JSON nested deep where nobody looks", "{\"x\": \(deep)", "nested beyond"),
      coco(
        "COCO's JSON with an endless number", "{\"images\": [{\"id\": \(long)}]}", "64 bits"),
      coco(
        "a COCO picture that says it is huge",
        #"{"images": [{"id": 7, "file_name": "a.png", "height": 999999999, "width": 999999999}],"#
          + #" "annotations": [], "categories": []}"#, "pixels"),
      Case(
        what: "a table with a field without end", format: "text",
        files: ["train.csv": FormatExample.text("text,label\n\"" + long)], says: "no end"),
    ]
  }()

  private static func tar(_ what: String, _ entry: TarBuilder.Entry, _ says: String) -> Case {
    Case(
      what: what, format: "webdataset", files: ["train-000000.tar": TarBuilder.archive([entry])],
      says: says)
  }

  private static func index(_ what: String, _ lines: String, _ says: String) -> Case {
    let head = "martlet shards 1\n{\"classNames\":[],\"labelNames\":[]}\n"
    return Case(
      what: what, format: "webdataset",
      files: [
        "train-000000.tar": [UInt8](repeating: 0, count: 1_024),
        "train.index": FormatExample.text(head + lines),
      ], says: says)
  }

  static let shards: [Case] = [
    tar(
      "a tar member that says it is huge", .init(name: "a.jpg", size: Array("77777777777".utf8)),
      "announced"),
    tar(
      "a tar member of 2⁵⁵ bytes",
      .init(name: "a.jpg", size: [0x80, 0, 0, 0, 0, 0x7F, 0, 0, 0, 0, 0, 0]), "announced"),
    tar(
      "a tar name that says it is huge",
      .init(name: "x", kind: UInt8(ascii: "L"), content: [UInt8](repeating: 97, count: 70_000)),
      "a name of 70000 bytes"),
    index("an index with a blank line", "shard train-000000.tar 1024 0\n   \n", "line 4 is blank"),
    index(
      "an index with a member that says it is huge",
      "shard train-000000.tar 1024 0\na jpg:0+9223372036854775807\n", "within the shard"),
    index(
      "an index with a shard that says it is huge",
      "shard train-000000.tar 9223372036854775807 0\na jpg:0+9223372036854775807\n",
      "has 1024 bytes"),
  ]

  @Test(arguments: [UInt8(0), UInt8(ascii: "\n")])
  func `a packed vocabulary takes no more than vocabularies do`(value: UInt8) throws {
    let memory = PeakMemory()
    try withTemporaryFolder { folder in
      let path = "\(folder)/bpe_simple_vocab_16e6.txt.gz"
      // Lines take far more memory than the bytes that part them.
      try write(
        Bomb.gzip(Array("#version\n".utf8), then: value, count: Self.size), to: path)
      let error = #expect(throws: DataError.self) { try Tokenizer.read(path: path) }
      #expect(error?.problem.contains("unpacks to more than") == true)
      let lines = [UInt8](repeating: 10, count: 50 << 20)
      try write(lines, to: "\(folder)/vocab.txt")
      let other = #expect(throws: DataError.self) {
        try Tokenizer.read(path: "\(folder)/vocab.txt")
      }
      #expect(other?.problem.contains("lines") == true)
    }
    #expect(memory.growth < 1 << 30, "\(memory.growth >> 20) MiB")
  }

  @Test func `a tar of many members under one name is read as quickly as any`() throws {
    let one = TarBuilder.archive([.init(name: "a.txt")]).prefix(512)
    let archive = (0..<200_000).flatMap { _ in one } + [UInt8](repeating: 0, count: 1_024)
    let source = try WebDatasetSource(
      files: MemoryFiles(["train-000000.tar": archive]), split: "train")
    #expect(source.count == 1 && source.parts(at: 0).count == 200_000)
  }
}

/// The most memory that this process has held since then.
struct PeakMemory {
  private let before: Int

  init() {
    // Forgets the peak of earlier tests, where the system lets us.
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    before = Self.bytes("VmHWM:")
  }

  /// In bytes; 0 where nothing is told.
  var growth: Int { Self.bytes("VmHWM:") - before }

  private static func bytes(_ key: String) -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) << 10
  }
}
