import Tensors

/// An image file and its mask file, read and checked together.
struct MaskedImage {
  let id: String
  let image: String
  let mask: String

  var parts: [FilePart] { [FilePart(image), FilePart(mask)] }

  /// The mask value `unknown`, if any, is read as `ignoredLabel`.
  func read(
    from files: any FileTree, classNames: [String], replacing unknown: UInt8? = nil
  ) throws -> (image: ByteTensor, mask: ByteTensor) {
    let picture = try Image.decoded(image, from: files)
    let truth = try Image.decoded(mask, from: files, as: .indices)
    let maskFile = files.path(mask)
    guard truth.pixels.imageSize == picture.pixels.imageSize else {
      throw DataError(
        file: maskFile,
        problem: "has \(truth.pixels.imageSize) pixels, its image \(image) has "
          + "\(picture.pixels.imageSize)",
        advice: "Make mask and image of equal size")
    }
    let labels = try checked(truth.pixels, classNames.count, unknown, maskFile)
    return (picture.pixels, labels)
  }

  private func checked(
    _ mask: ByteTensor, _ classes: Int, _ unknown: UInt8?, _ file: String
  ) throws -> ByteTensor {
    // A table of 256 instead of a test per pixel; 0 marks a value that was never seen.
    var seen = [Bool](repeating: false, count: 256)
    mask.withUnsafeElements { for value in $0 { seen[Int(value)] = true } }
    let wrong = (0..<256).filter { value in
      seen[value] && value >= classes && value != Int(ignoredLabel)
        && value != unknown.map { Int($0) }
    }
    guard wrong.isEmpty else {
      throw DataError(
        file: file,
        problem: "has class values \(wrong.prefix(8)), but there are \(classes) classes "
          + "(0 … \(classes - 1), \(ignoredLabel) for unknown)",
        advice: "Correct the mask or the list of classes")
    }
    let result = mask.reshaped([mask.shape[0], mask.shape[1]])
    guard let unknown, seen[Int(unknown)] else { return result }
    return ByteTensor(shape: result.shape) { out in
      result.withUnsafeElements { source in
        for index in 0..<out.count {
          out[index] = source[index] == unknown ? ignoredLabel : source[index]
        }
      }
    }
  }
}
