/// ADE20K's scene parsing benchmark: `images/SPLIT/NAME.jpg`, `annotations/SPLIT/NAME.png`.
///
/// Mask values 1 … 150 are the classes of `objectInfo150.txt`, 0 is everything else and read as
/// unknown. Where pictures lie in `images` itself, the only split is `all`.
public enum ADE20K: PairedLayout {
  public static let format = "ade20k"
  public static let summary =
    "ADE20K scene parsing: images/SPLIT/*.jpg, annotations/SPLIT/*.png, objectInfo150.txt"

  private static let list = "objectInfo150.txt"
  private static let wholeSplit = "all"

  public static func recognises(_ files: any FileTree) -> Recognition {
    files.isFile(list) && files.isFolder("images") && files.isFolder("annotations")
      ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    let splits = try folders(in: "images", of: files)
    return splits.isEmpty ? [wholeSplit] : splits
  }

  public static func folders(
    of split: String, in files: any FileTree
  ) -> (images: String, masks: String) {
    files.isFolder("images/\(split)")
      ? ("images/\(split)", "annotations/\(split)") : ("images", "annotations")
  }

  public static func mask(of image: String) -> String? { png(of: image) }

  public static func classes(in files: any FileTree) throws -> PairedClasses {
    // Idx, Ratio, Train, Val, Name; of several names the first.
    let lines = try files.numberedLines(of: list).dropFirst()
    let names = try lines.enumerated().map { index, line in
      let fields = line.text.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 5, Int(fields[0].trimmed) == index + 1, index < 254 else {
        throw DataError(
          file: files.path(list),
          problem: "line \(line.number) is not class \(index + 1) in five columns",
          advice: "Restore the file: Idx, Ratio, Train, Val and Name, parted by tabs")
      }
      return (fields[4].split(separator: ",").first ?? fields[4]).trimmed
    }
    let values = names.indices.map { UInt8($0 + 1) }
    return PairedClasses(
      names: names, values: LabelTable(values: values, ignored: [0]), file: list)
  }
}
