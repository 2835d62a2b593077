/// Cityscapes as it is distributed: `leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png` and
/// `gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png`.
///
/// The 19 classes of the benchmark; the other ids are unknown. Files of polygons and instances are
/// not read.
public enum Cityscapes: PairedLayout {
  public static let format = "cityscapes"
  public static let summary =
    "Cityscapes: leftImg8bit/SPLIT/CITY/*.png, gtFine/SPLIT/CITY/*_labelIds.png"

  private static let (images, masks) = ("leftImg8bit", "gtFine")
  private static let imageEnding = "_leftImg8bit.png"

  /// Ids in the files and their names, in the order of the benchmark's class indices.
  private static let ids: [(id: UInt8, name: String)] = [
    (7, "road"), (8, "sidewalk"), (11, "building"), (12, "wall"), (13, "fence"), (17, "pole"),
    (19, "traffic light"), (20, "traffic sign"), (21, "vegetation"), (22, "terrain"), (23, "sky"),
    (24, "person"), (25, "rider"), (26, "car"), (27, "truck"), (28, "bus"), (31, "train"),
    (32, "motorcycle"), (33, "bicycle"),
  ]

  public static func recognises(_ files: any FileTree) -> Recognition {
    files.isFolder(images) && files.isFolder(masks) ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    try folders(in: images, of: files)
  }

  public static func folders(
    of split: String, in files: any FileTree
  ) -> (images: String, masks: String) {
    ("\(images)/\(split)", "\(masks)/\(split)")
  }

  public static func mask(of image: String) -> String? {
    guard image.hasSuffix(imageEnding) else { return nil }
    return image.dropLast(imageEnding.count) + "_gtFine_labelIds.png"
  }

  public static func classes(in files: any FileTree) throws -> PairedClasses {
    PairedClasses(
      names: ids.map(\.name), values: LabelTable(values: ids.map(\.id), ignored: 0...33), file: nil)
  }
}
