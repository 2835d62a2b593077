import Data
import Tensors

extension FormatExample {
  static let volumes: [FormatExample] = [
    FormatExample(
      format: "volumes", split: "Tr", samples: 1,
      files: [
        "imagesTr/a_0000.nii": nifti(slope: 0.5), "labelsTr/a.nii.gz": gzip(nifti(label: true)),
        "classes.txt": text("none\natrium\n"),
      ]),
    FormatExample(
      format: "volumes", split: "all", samples: 1,
      files: ["images/a.nii": secondNifti, "labels/a.mha": metaImage(label: true, packed: true)],
      variant: "NIfTI-2 and packed MetaImage"),
    FormatExample(
      format: "volumes", split: "all", samples: 1,
      files: ["images/a.mhd": metaHeader(place: "a.raw"), "images/a.raw": metaData],
      variant: "MetaImage in two files"),
    FormatExample(
      format: "hdf5", split: "train", samples: 1,
      files: ["train.list": text("case\n"), "case/mri.h5": hdf5]),
    FormatExample(
      format: "hdf5", split: "train", samples: 1,
      files: ["train.list": text("case\n"), "case/mri.h5": hdf5BehindText],
      variant: "behind a text, as MATLAB writes it"),
    FormatExample(
      format: "hdf5", split: "train", samples: 1,
      files: [
        "train.list": text("06SR5RBREL16DQ6M8LWS\n"),
        "06SR5RBREL16DQ6M8LWS/mri_norm2.h5": HDF5Writer.bytes(of: [
          ("label", .bytes(ByteTensor(labels, shape: [2, 3, 4]))),
          ("image", .floats(Tensor(values, shape: [2, 3, 4]))),
        ]),
      ], variant: "left atrium"),
  ]

  /// [2, 3, 4] in every example: 0, 1, … 23, or labels of 0 and 1.
  static let values = (0..<24).map { Float($0) }
  static let labels = (0..<24).map { UInt8($0 / 12) }

  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    // A zlib stream's packed blocks are those of gzip: two bytes of head, four of checksum off.
    let blocks = PNGBuilder.stored(bytes).dropFirst(2).dropLast(4)
    var file = LittleEndian()
    file.add([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
    file.add(blocks)
    file.add(PNGBuilder.checksum(bytes), UInt32(bytes.count))
    return file.bytes
  }

  static func nifti(slope: Float = 0, label: Bool = false) -> [UInt8] {
    var file = LittleEndian()
    file.add(Int32(348))
    file.fill(to: 40)
    file.add(Int16(3), 4, 3, 2, 1, 1, 1, 1)
    file.fill(to: 70)
    file.add(Int16(label ? 2 : 4), Int16(label ? 8 : 16))
    file.fill(to: 76)
    file.add(floats: [1, 0.5, 0.75, -2, 1, 1, 1, 1, 352, slope, 10])
    file.fill(to: 123)
    file.add([UInt8(2)])
    file.fill(to: 344)
    file.add(text: "n+1", padded: 8)
    if label { file.add(labels) } else { for value in 0..<24 { file.add(Int16(value)) } }
    return file.bytes
  }

  static let secondNifti: [UInt8] = {
    var file = LittleEndian()
    file.add(Int32(540))
    file.add(text: "n+2")
    file.add([0, 0x0D, 0x0A, 0x1A, 0x0A])
    file.add(Int16(16), 32)
    file.add(Int64(3), 4, 3, 2, 1, 1, 1, 1)
    file.fill(to: 104)
    for step in [1.0, 1, 2, 3, 1, 1, 1, 1] { file.add(step.bitPattern) }
    file.add(Int64(544))
    file.fill(to: 544)
    file.add(floats: values)
    return file.bytes
  }()

  static func metaHeader(place: String, type: String = "MET_SHORT", packed: Bool = false) -> [UInt8]
  {
    text(
      "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = \(!packed)\n"
        + "CompressedData = \(packed)\nElementSpacing = 1 2 3\nDimSize = 4 3 2\n"
        + "ElementType = \(type)\nElementDataFile = \(place)\n")
  }

  static let metaData = (0..<24).flatMap { [UInt8(0), UInt8($0)] }

  static func metaImage(label: Bool, packed: Bool) -> [UInt8] {
    metaHeader(place: "LOCAL", type: "MET_UCHAR", packed: packed)
      + (packed ? PNGBuilder.stored(labels) : labels)
  }

  /// `image` in two packed chunks, the second beyond the edge; `label` in one piece.
  static let hdf5 = hdf5File(last: nil)

  private static let hdf5BehindText: [UInt8] = {
    var file = LittleEndian()
    file.add(text: "MATLAB 7.3 MAT-file", padded: 512)
    file.add(hdf5.prefix(24))
    file.add(UInt64(512))
    file.add(hdf5.dropFirst(32))
    return file.bytes
  }()

  /// The same with chunks of another shape, or another last chunk.
  static func hdf5File(chunk shape: [UInt32] = [2, 2, 4], last other: [UInt8]?) -> [UInt8] {
    var file = LittleEndian()
    let undefined = UInt64.max
    func second(_ row: Int, _ depth: Int) -> [Float] {
      (0..<4).map { row < 3 ? Float(depth * 12 + row * 4 + $0) : -1 }
    }
    func chunk(_ rows: [Int]) -> [UInt8] {
      var floats = LittleEndian()
      for depth in 0..<2 { for row in rows { floats.add(floats: second(row, depth)) } }
      // Shuffled: all first bytes, all second, …
      let plain = floats.bytes
      return PNGBuilder.stored(
        (0..<4).flatMap { byte in stride(from: byte, to: plain.count, by: 4).map { plain[$0] } })
    }
    let (first, last) = (chunk([0, 1]), other ?? chunk([2, 3]))
    func space(_ file: inout LittleEndian) {
      file.add(UInt16(1), 32)
      file.add([0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0])
      file.add(UInt64(2), 3, 4)
    }
    // Superblock, root group, its tree, its heap, its symbols; places are fixed by their sizes.
    file.add([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0])
    file.add(UInt32(0))
    file.add(UInt64(0), undefined, 4_096, undefined, 0, 96)
    file.add(UInt32(1), 0)
    file.add(UInt64(136), 184)
    file.add([1, 0, 1, 0])
    file.add(UInt32(1), 24, 0)
    file.add(UInt16(0x11), 16, 0, 0)
    file.add(UInt64(136), 184)
    file.add(text: "TREE")
    file.add([0, 0, 1, 0])
    file.add(undefined, undefined, 0, 240, 16)
    file.add(text: "HEAP", padded: 8)
    file.add(UInt64(24), 24, 216)
    file.add(text: "", padded: 8)
    file.add(text: "image", padded: 8)
    file.add(text: "label", padded: 8)
    file.add(text: "SNOD")
    file.add([1, 0, 2, 0])
    file.add(UInt64(8), 400, 0, 0, 0, 16, 700, 0, 0, 0)
    file.fill(to: 400)
    // image: shape, float32, chunks [2, 2, 4], shuffle and deflate.
    file.add([1, 0, 4, 0])
    file.add(UInt32(1), 176, 0)
    space(&file)
    file.add(UInt16(3), 24)
    file.add([0, 0, 0, 0, 0x11, 0x20, 0x1F, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23])
    file.add(UInt32(127), 0)
    file.add(UInt16(8), 32)
    file.add([0, 0, 0, 0, 3, 2, 4])
    file.add(UInt64(900))
    for side in shape + [4] { file.add(side) }
    file.add([0, 0, 0, 0, 0])
    file.add(UInt16(0x0B), 48)
    file.add([0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0])
    file.add(UInt16(2), 8, 0, 1)
    file.add(text: "shuffle", padded: 8)
    file.add(UInt32(4), 0)
    file.add(UInt16(1), 0, 0, 1)
    file.add(UInt32(4), 0)
    file.fill(to: 700)
    // label: shape, uint8, in one piece.
    file.add([1, 0, 3, 0])
    file.add(UInt32(1), 96, 0)
    space(&file)
    file.add(UInt16(3), 16)
    file.add([0, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0])
    file.add(UInt16(8), 24)
    file.add([0, 0, 0, 0, 3, 1])
    file.add(UInt64(1_200), 24)
    file.fill(to: 900)
    file.add(text: "TREE")
    file.add([1, 0, 2, 0])
    file.add(undefined, undefined)
    file.add(UInt32(first.count), 0)
    file.add(UInt64(0), 0, 0, 0, 1_300)
    file.add(UInt32(last.count), 0)
    file.add(UInt64(0), 2, 0, 0, 1_500)
    file.fill(to: 1_200)
    file.add(labels)
    file.fill(to: 1_300)
    file.add(first)
    file.fill(to: 1_500)
    file.add(last)
    file.fill(to: 1_700)
    return file.bytes
  }
}
