import Data
import Tensors

/// One file under each of its endings, read as a data set is checked.
func fuzzVolume(_ bytes: [UInt8]) {
  for ending in ["nii", "nii.gz", "mha", "npy"] {
    _ = FuzzFolder.write(bytes, to: "volume-\(ending)/images/a.\(ending)")
    fuzzCheck("volume-\(ending)", format: "volumes", split: "all")
  }
  _ = FuzzFolder.write(Array("a\n".utf8), to: "hdf5/train.list")
  _ = FuzzFolder.write(bytes, to: "hdf5/a.h5")
  fuzzCheck("hdf5", format: "hdf5", split: "train")
}

func fuzzArray(_ bytes: [UInt8]) {
  for ending in ["npy", "npz", "mat", "safetensors"] {
    _ = FuzzFolder.write(bytes, to: "array-\(ending)/train.\(ending)")
    fuzzCheck("array-\(ending)", format: "features", split: "train")
  }
  for name in ["batches.meta", "test_batch"] { _ = FuzzFolder.write(bytes, to: "cifar/\(name)") }
  fuzzCheck("cifar", format: "cifar", split: "test")
}

func fuzzCOCO(_ bytes: [UInt8]) {
  let picture = ByteTensor(repeating: 9, shape: [4, 6, 3]).pngBytes()
  _ = FuzzFolder.write(picture, to: "coco/val/1.png")
  for kind in ["instances", "captions"] {
    _ = FuzzFolder.write(bytes, to: "coco/annotations/\(kind)_val.json")
  }
  fuzzCheck("coco", format: "coco", split: "val")
}

/// An archive by itself, and the index of another one.
func fuzzShards(_ bytes: [UInt8]) {
  _ = FuzzFolder.write(bytes, to: "tar/train-000000.tar")
  fuzzCheck("tar", format: "webdataset", split: "train")
  _ = FuzzFolder.write([UInt8](repeating: 0, count: 4_096), to: "index/train-000000.tar")
  _ = FuzzFolder.write(bytes, to: "index/train.index")
  fuzzCheck("index", format: "webdataset", split: "train")
}

/// What is read must also be counted and drawn.
func fuzzCheck(_ folder: String, format: String, split: String) {
  guard let known = try? dataFormat(named: format),
    let files = try? LocalFiles("\(FuzzFolder.path)/\(folder)"),
    let check = try? DataCheck(format: known, files: files)
  else { return }
  let (report, sheet) = check.run(split: split)
  precondition(report.summary.samples <= report.sampleCount, "more were read than there are")
  _ = sheet?.picture()
}
