import Tensors

/// Volumes with their labels in folders side by side: `imagesTr/NAME.nii.gz`, `labelsTr/NAME.nii.gz`,
/// as in the Medical Segmentation Decathlon; the split is what follows `images`.
///
/// Without anything following, the only split is `all`. NIfTI, MetaImage and NumPy files, by their
/// endings. A split without its folder of labels has none. nnU-Net's `NAME_0000` belongs to the
/// labels `NAME`. `classes.txt` names the classes, one a line from index 0.
public struct VolumeSource: FileSource {
  public static let format = "volumes"
  public static let summary =
    "volumes (.nii, .nii.gz, .mha, .mhd, .npy): imagesSPLIT/NAME.EXT, labelsSPLIT/NAME.EXT"
  public let classNames: [String]
  public let labelNames: [String] = []
  public let split: String
  public let splits: [String]
  public let files: any FileTree
  public let listFiles: [String]
  private let items: [Item]

  private static let (images, labels, classes) = ("images", "labels", "classes.txt")
  private static let wholeSplit = "all"
  private static let modality = "_0000"

  private struct Item {
    let id: String
    let image: String
    let labels: String?
  }

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let splits = try? splits(in: files) else { return .no }
    let hasVolumes = splits.contains { split in
      let folder = files.isFolder(images + split) ? images + split : images
      return (try? files.names(in: folder))?.contains { VolumeFile.ending(of: $0) != nil } == true
    }
    return hasVolumes ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    try files.names(in: "").filter { $0.hasPrefix(images) && files.isFolder($0) }
      .map { $0 == images ? wholeSplit : String($0.dropFirst(images.count)) }
  }

  public init(_ opening: Opening) throws {
    let files = opening.files
    self.files = files
    split = opening.split
    splits = try Self.splits(for: opening)
    let ending = files.isFolder(Self.images + split) ? split : ""
    let (imageFolder, labelFolder) = (Self.images + ending, Self.labels + ending)
    listFiles = files.isFile(Self.classes) ? [Self.classes] : []
    classNames = listFiles.isEmpty ? [] : try files.lines(of: Self.classes)
    let isLabelled = files.isFolder(labelFolder)
    let names = try files.names(in: imageFolder).filter { VolumeFile.ending(of: $0) != nil }
    guard !names.isEmpty else {
      throw DataError(
        file: files.path(imageFolder), problem: "has no volumes",
        advice: "Put files there that end in \(VolumeFile.endings.joined(separator: ", "))")
    }
    items = try names.compactMap { name in
      try opening.attempt {
        let id = String(name.dropLast(VolumeFile.ending(of: name)?.count ?? 0))
        let plain = id.hasSuffix(Self.modality) ? String(id.dropLast(Self.modality.count)) : id
        let labels = VolumeFile.endings.map { "\(labelFolder)/\(plain)\($0)" }
          .first { files.isFile($0) }
        guard !isLabelled || labels != nil else {
          throw DataError(
            file: files.path("\(labelFolder)/\(plain)"),
            problem: "is missing, but there is a volume \(name)",
            advice: "Restore the labels or take the volume away")
        }
        return Item(id: plain, image: "\(imageFolder)/\(name)", labels: labels)
      }
    }
  }

  public var count: Int { items.count }

  public func parts(at index: Int) -> [FilePart] {
    [items[index].image, items[index].labels].compactMap { $0 }.flatMap { name in
      [name, MetaImage.dataFile(of: name, in: files)].compactMap { $0 }
    }.map { FilePart($0) }
  }

  public func sample(at index: Int) throws -> Sample {
    let item = items[index]
    let image = try VolumeFile.read(item.image, from: files)
    let labels = try item.labels.map { try VolumeFile.read($0, from: files) }
    var sample = Sample(id: item.id)
    let labelPath = files.path(item.labels ?? "")
    let volume = try image.volume(labels: labels, labelFile: labelPath)
    try volume.labels?.checkClasses(classNames, file: labelPath)
    sample.volume = volume
    return sample
  }
}

extension ByteTensor {
  /// Throws: `DataError` for an index that has no class, where classes are named.
  func checkClasses(_ names: [String], file: String) throws {
    guard !names.isEmpty else { return }
    let wrong = withUnsafeElements { $0.first { $0 != ignoredLabel && Int($0) >= names.count } }
    guard let wrong else { return }
    throw DataError(
      file: file, problem: "has the class value \(wrong), but there are \(names.count) classes",
      advice: "Correct the labels or the list of classes")
  }
}
