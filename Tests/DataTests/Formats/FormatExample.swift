import Data
import Foundation
import Tensors

/// A small whole data set of a format: what its reader must take, and damage must not break.
struct FormatExample: Sendable, CustomStringConvertible {
  let format: String
  let split: String
  let samples: Int
  let files: [String: [UInt8]]
  var options: [String: String] = [:]
  var variant = ""

  var description: String { variant.isEmpty ? format : "\(format), \(variant)" }

  func report(_ files: [String: [UInt8]]? = nil) throws -> SplitReport {
    let check = try DataCheck(
      format: dataFormat(named: format), files: MemoryFiles(files ?? self.files), options: options)
    return check.run(split: split).report
  }

  func source(_ files: [String: [UInt8]]? = nil) throws -> any FileSource {
    try dataFormat(named: format).init(
      files: MemoryFiles(files ?? self.files), split: split, options: options)
  }

  static let all: [FormatExample] =
    pictures + birds + texts + posts + volumes + arrays + pickles + shards

  static let pictures: [FormatExample] = [
    FormatExample(
      format: "voc", split: "train", samples: 2,
      files: [
        "ImageSets/Segmentation/train.txt": text("a\nb\n"), "JPEGImages/a.png": picture,
        "JPEGImages/b.png": picture, "SegmentationClass/a.png": mask(1),
        "SegmentationClass/b.png": mask(255), "classes.txt": text("none\nthing\n"),
        "captions.jsonl": text("{\"image\": \"a\", \"captions\": [\"a thing\"]}\n"),
      ]),
    FormatExample(
      format: "camvid", split: "train", samples: 1,
      files: [
        "train.txt": text("/SegNet/CamVid/train/x.png /SegNet/CamVid/trainannot/x.png\n"),
        "train/x.png": picture, "trainannot/x.png": mask(11),
      ]),
    FormatExample(
      format: "folders", split: "train", samples: 3,
      files: [
        "train/ape/1.png": picture, "train/ape/2.jpg": jpeg, "train/zebra/1.png": picture,
        "test/ape/9.png": picture,
      ]),
    FormatExample(
      format: "folders", split: "all", samples: 2,
      files: ["ape/1.png": picture, "zebra/1.png": picture], variant: "without splits"),
    FormatExample(
      format: "folders", split: "small", samples: 3,
      files: [
        "small/Greek/character01/1.png": picture, "small/Greek/character02/1.png": picture,
        "small/Latin/character01/1.png": picture,
      ], variant: "nested"),
    FormatExample(
      format: "lists", split: "train", samples: 2,
      files: [
        "train.txt": text("images/a b.png zebra\nimages/c.png 0\n"),
        "labels.txt": text("ape\nzebra\n"), "images/a b.png": picture, "images/c.png": picture,
      ]),
    FormatExample(
      format: "imagenet", split: "train", samples: 2,
      files: [
        "meta/train.txt": text("n01/n01_1.JPEG 0\nn02/n02_7.JPEG\t2\n"),
        "meta/val.txt": text("v_1.png 1\n"), "train/n01/n01_1.JPEG": jpeg,
        "train/n02/n02_7.JPEG": jpeg, "val/v_1.png": picture,
      ]),
    FormatExample(
      format: "imagenet-22k", split: "train", samples: 2,
      files: [
        "label_list.txt": text("n01\nn02\n"),
        "list.txt": text("root/images/n02/1.JPEG\nroot/images/n01/2.JPEG\n"),
        "images/n02/1.JPEG": jpeg, "images/n01/2.JPEG": jpeg,
      ]),
    FormatExample(
      format: "cityscapes", split: "val", samples: 1,
      files: [
        "leftImg8bit/val/ulm/ulm_1_leftImg8bit.png": picture,
        "gtFine/val/ulm/ulm_1_gtFine_labelIds.png": mask(7),
      ]),
    FormatExample(
      format: "ade20k", split: "training", samples: 1,
      files: [
        "objectInfo150.txt": text(
          "Idx\tRatio\tTrain\tVal\tName\n1\t0.1\t2\t3\twall\n2 \t0.1\t2\t3\tbuilding, edifice\n"),
        "images/training/a.jpg": jpeg, "annotations/training/a.png": mask(2),
      ]),
    FormatExample(
      format: "coco-stuff", split: "val2017", samples: 1,
      files: ["val2017/1.jpg": jpeg, "stuffthingmaps/val2017/1.png": mask(181)]),
    FormatExample(
      format: "coco", split: "val", samples: 2,
      files: [
        "val/1.png": picture, "val/2.jpg": jpeg, "annotations/instances_val.json": text(instances),
        "annotations/captions_val.json": text(
          """
          {"images": [{"id": 7, "file_name": "1.png", "height": 4, "width": 6}],
           "annotations": [{"id": 1, "image_id": 7, "caption": "a \\u00e9toile"}]}
          """),
      ]),
  ]

  static let birds: [FormatExample] = ["", "raw"].map { variant in
    FormatExample(
      format: "cub", split: "val", samples: 2,
      files: [
        "images.txt": text("1 001.A/a.jpg\n2 001.A/b.png\n3 002.B/c.png\n4 003.C/d.png\n"),
        "image_class_labels.txt": text("1 1\n2 1\n3 2\n4 3\n"),
        "classes.txt": text("1 001.A\n2 002.B\n3 003.C\n"),
        "bounding_boxes.txt": text(
          "1 1.0 1.0 3.0 2.0\n2 0.0 0.0 6.0 4.0\n3 2.0 1.0 9.0 9.0\n4 0.0 0.0 2.0 2.0\n"),
        "images/001.A/a.jpg": jpeg, "images/001.A/b.png": picture, "images/002.B/c.png": picture,
        "images/003.C/d.png": picture,
      ], options: variant.isEmpty ? [:] : ["pictures": variant, "size": "0"], variant: variant)
  }

  static let texts: [FormatExample] = [
    FormatExample(
      format: "text", split: "train", samples: 3,
      files: [
        "train.csv": text(
          "id,tweet,label\r\n1,\"a, \"\"b\"\"\nc\",real\r\n2,d,fake\r\n3,e\"\",real\r\n"),
        "val.csv": text("id,tweet,label\n1,x,other\n"),
      ], options: ["text": "tweet"]),
    FormatExample(
      format: "text", split: "train", samples: 2,
      files: [
        "train.jsonl": text(
          "{\"text\": \"a\", \"label\": 1}\n\n{\"label\": \"b\", \"text\": \"\\n\"}\n"),
        "labels.txt": text("1\nb\n"),
      ], variant: "JSON Lines"),
  ]

  static let posts: [FormatExample] = [
    FormatExample(
      format: "constraint", split: "train", samples: 3,
      files: [
        "Constraint_Train.csv": text(
          "id,tweet,label\r\n1,\"a, \"\"b\"\"\nc\",real\r\n2,d &amp; e,fake\r\n7,f,real"),
        "Constraint_Val.csv": text("id,tweet,label\r\n1,g,fake"),
      ]),
    FormatExample(
      format: "constraint", split: "unlabelled", samples: 2,
      files: [
        "data/Constraint_Train.csv": text("id,tweet,label\r\n1,a,real"),
        "data/Constraint_Test.csv": text("id,tweet\r\n1,b\r\n2,\"c\nd\""),
      ], variant: "without labels"),
  ]

  static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
  static let picture = ByteTensor(repeating: 50, shape: [4, 6, 3]).pngBytes()
  static let jpeg = ByteTensor(repeating: 50, shape: [4, 6, 3]).jpegBytes()

  static func mask(_ value: UInt8) -> [UInt8] {
    ByteTensor(repeating: value, shape: [4, 6]).pngBytes()
  }

  /// Outlines, plain and packed runs; category ids with gaps and out of order.
  private static let instances = """
    {"info": {"x": [1, {"y": "]}\\""}]},
     "categories": [{"id": 90, "name": "brush"}, {"id": 3, "name": "car"}],
     "images": [{"id": 7, "file_name": "1.png", "height": 4, "width": 6},
                {"id": 8, "file_name": "2.jpg", "height": 4, "width": 6}],
     "annotations": [
      {"id": 1, "image_id": 7, "category_id": 90, "bbox": [1, 1, 2.5, 2], "iscrowd": 0, "area": 5.0,
       "segmentation": [[1, 1, 3.5, 1, 3.5, 3]], "keypoints": [1, 2, 2]},
      {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 6, 4], "iscrowd": 1,
       "segmentation": {"counts": [4, 8, 12], "size": [4, 6]}},
      {"id": 3, "image_id": 8, "category_id": 3, "bbox": [0, 0, 1, 4],
       "segmentation": {"counts": "48<", "size": [4, 6]}}]}
    """
}
