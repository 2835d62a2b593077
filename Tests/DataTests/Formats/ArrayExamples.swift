import Data
import Foundation

extension FormatExample {
  /// [3, 2]: 0, 1, … 5; labels 2, 0, 1. Written by NumPy 2.4.6 and SciPy 1.17.1.
  static let arrays: [FormatExample] = [
    FormatExample(
      format: "features", split: "train", samples: 3,
      files: ["train.npy": numpy, "train.labels.npy": numpyLabels]),
    FormatExample(
      format: "features", split: "train", samples: 3, files: ["train.npy": numpyColumns],
      variant: "Fortran's order, most significant byte first"),
    FormatExample(
      format: "features", split: "train", samples: 3, files: ["train.npz": packedArchive],
      variant: "npz"),
    FormatExample(
      format: "features", split: "train", samples: 3, files: ["train.mat": matlab],
      variant: "MATLAB"),
    FormatExample(
      format: "features", split: "train", samples: 3, files: ["train.safetensors": safetensors],
      options: ["labels": "y"], variant: "safetensors"),
  ]

  private static func decoded(_ text: String) -> [UInt8] {
    Array(Foundation.Data(base64Encoded: text.filter { !$0.isWhitespace }) ?? .init())
  }

  static let numpy = decoded(
    """
    k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsIDIpLCB9
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAA
    AEAAAEBAAACAQAAAoEA=
    """)

  private static let numpyColumns = decoded(
    """
    k05VTVBZAQB2AHsnZGVzY3InOiAnPmkyJywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMywgMiksIH0g
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAACAAQAAQAD
    AAU=
    """)

  private static let packedArchive = decoded(
    """
    UEsDBC0AAAAIAAAAIQCOE9Q0//////////8MABQAZmVhdHVyZXMubnB5AQAQALAAAAAAAAAAVwAAAAAAAACb7BfqGxDJ
    yFDGUK2eklqcXKRupaBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOgpGmjoKtQpkAy4GFPDBHspw
    gFAcUFoASos4AABQSwMELQAAAAgAAAAhAIoazhP//////////woAFABsYWJlbHMubnB5AQAQAJgAAAAAAAAASgAAAAAA
    AACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFAAu
    JgZUwAilAVBLAQItAy0AAAAIAAAAIQCOE9Q0VwAAALAAAAAMAAAAAAAAAAAAAACAAQAAAABmZWF0dXJlcy5ucHlQSwEC
    LQMtAAAACAAAACEAihrOE0oAAACYAAAACgAAAAAAAAAAAAAAgAGVAAAAbGFiZWxzLm5weVBLBQYAAAAAAgACAHIAAAAb
    AQAAAAA=
    """)

  private static let matlab = decoded(
    """
    TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFNhdCBOb3YgMjEgMTY6MDI6MTgg
    MjAyNgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0PAAAAOwAAAHic
    42NgYAgAYjYg5gBidgYIYIXymYGYCYgZofy01MSS0qLUYpA6CQY4cGBgaABheyATSC9wAADDmwcsDwAAADQAAAB4nONj
    YGAIAGI2IOYAYj4GCGCF8hmBmBlKg9TkJCal5hQzMPAA2RJAzMSAChihNACM0QMtDwAAACsAAAB4nONjYGAwAGI2IOYA
    YhYGCGCF8hmBmAlMszDk5ZekCgB5GZkMDAAnmQL/
    """)

  private static let numpyLabels: [UInt8] = {
    var file = LittleEndian()
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n"
    file.add([0x93])
    file.add(text: "NUMPY")
    file.add([1, 0])
    file.add(UInt16(header.utf8.count))
    file.add(text: header)
    file.add([2, 0, 1])
    return file.bytes
  }()

  private static let safetensors: [UInt8] = {
    let header =
      #"{"x":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},"#
      + #""features":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},"#
      + #""y":{"dtype":"I64","shape":[3],"data_offsets":[24,48]}}"#
    var file = LittleEndian()
    file.add(UInt64(header.utf8.count))
    file.add(text: header)
    file.add(floats: [0, 1, 2, 3, 4, 5])
    file.add(Int64(2), 0, 1)
    return file.bytes
  }()
}
