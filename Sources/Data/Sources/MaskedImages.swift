import Tensors

/// An image file and its mask file, read and checked together.
struct MaskedImage {
  let id: String
  let image: String
  let mask: String

  var parts: [FilePart] { [FilePart(image), FilePart(mask)] }

  func read(
    from files: any FileTree, values: LabelTable
  ) throws -> (image: SampleImage, mask: ByteTensor) {
    let picture = try SampleImage(image, from: files)
    let truth = try Image.decoded(mask, from: files, as: .indices)
    let maskFile = files.path(mask)
    guard truth.pixels.imageSize == picture.size else {
      throw DataError(
        file: maskFile,
        problem: "has \(truth.pixels.imageSize) pixels, its image \(image) has \(picture.size)",
        advice: "Make mask and image of equal size")
    }
    let labels = try Self.labels(truth.pixels, values, file: maskFile)
    return (picture, labels)
  }

  /// The class indices [h, w] that a mask's values mean.
  static func labels(_ mask: ByteTensor, _ table: LabelTable, file: String) throws -> ByteTensor {
    // A look at 256 values instead of a test per pixel.
    var seen = [Bool](repeating: false, count: 256)
    mask.withUnsafeElements { for value in $0 { seen[Int(value)] = true } }
    let values = (0..<256).filter { seen[$0] }.map { UInt8($0) }
    let wrong = values.filter { table[$0] == nil }
    guard wrong.isEmpty else {
      throw DataError(
        file: file,
        problem: "has class values \(wrong.prefix(8)); for \(table.classCount) classes they are "
          + "\(table.described)",
        advice: "Correct the mask or the list of classes")
    }
    let result = mask.reshaped([mask.shape[0], mask.shape[1]])
    guard !values.allSatisfy({ table.keeps($0) }) else { return result }
    let meanings = (0..<256).map { table[UInt8($0)] ?? ignoredLabel }
    return ByteTensor(shape: result.shape) { out in
      result.withUnsafeElements { source in
        for index in 0..<out.count { out[index] = meanings[Int(source[index])] }
      }
    }
  }
}

/// Whether a name is that of a picture the house decodes.
func isPicture(_ name: String) -> Bool {
  let lower = name.lowercased()
  return [".jpg", ".jpeg", ".png"].contains { lower.hasSuffix($0) }
}

/// A file's name without folders and extension.
func stem(of file: String) -> String {
  let name = file.split(separator: "/").last.map(String.init) ?? file
  guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
  return String(name[..<dot])
}
