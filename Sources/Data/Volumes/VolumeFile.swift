import Tensors

/// A volume as its file has it: [d, h, w], the file's own types.
struct VolumeFile {
  var array: StoredArray
  var spacing: [Float] = [1, 1, 1]
  /// Values are stored · slope + intercept.
  var slope: Float = 1
  var intercept: Float = 0

  /// Endings of the names that are read, longest first.
  static let endings = [".nii.gz", ".nii", ".mha", ".mhd", ".npy"]

  static func ending(of name: String) -> String? { endings.first { name.hasSuffix($0) } }

  /// Throws: `DataError` for what is damaged, too large, of other axes or another format.
  static func read(_ name: String, from files: any FileTree) throws -> VolumeFile {
    let path = files.path(name)
    switch ending(of: name) {
    case ".nii.gz"?, ".nii"?: return try NIfTI.read(files.bytes(of: name), file: path)
    case ".mha"?, ".mhd"?: return try MetaImage.read(name, from: files)
    case ".npy"?:
      let array = try NumPyFile.array(files.bytes(of: name)[...], file: path)
      guard array.shape.count == 3 else {
        throw DataError(
          file: path, problem: "has shape \(array.shape)", advice: "Store a volume [d, h, w]")
      }
      try checkSize(array.shape, array.type, path)
      return VolumeFile(array: array)
    default:
      throw DataError(
        file: path, problem: "has an unknown ending",
        advice: "Volumes are read from \(endings.joined(separator: ", "))")
    }
  }

  var values: Tensor {
    var floats = array.floats()
    if slope != 1 || intercept != 0 {
      for index in floats.indices { floats[index] = floats[index] * slope + intercept }
    }
    return Tensor(floats, shape: array.shape)
  }

  /// Volume and labels that belong together.
  ///
  /// Throws: `DataError` when they differ in size, or labels are none.
  func volume(labels: VolumeFile?, labelFile: String) throws -> Volume {
    guard let labels else { return Volume(values: values, spacing: spacing) }
    guard labels.array.shape == array.shape else {
      throw DataError(
        file: labelFile, problem: "has shape \(labels.array.shape), its volume \(array.shape)",
        advice: "Make volume and labels of equal size")
    }
    return Volume(
      values: values, labels: try labels.array.labels(file: labelFile), spacing: spacing)
  }

  /// Throws: `DataError` for sizes that no volume has, before anything is made of them.
  static func checkSize(_ shape: [Int], _ type: ElementType, _ file: String) throws {
    guard shape.allSatisfy({ $0 > 0 }),
      DeclaredSize.product(shape, most: Volume.countMax) != nil,
      DeclaredSize.product(shape + [type.byteCount], most: byteCountMax) != nil
    else {
      throw DataError(
        file: file,
        problem: "has shape \(shape) of \(type); 1 … \(Volume.countMax) values and at most 1 GiB "
          + "are read",
        advice: "Cut or shrink the volume")
    }
  }

  private static let byteCountMax = 1 << 30
}
