import Data
import Tensors

/// A sample's image and, where it has one, the mask of the one object in it.
struct BinaryVolume {
  let image: Tensor  // [a, b, c]
  let mask: ByteTensor?  // [a, b, c], 0 and 1

  /// A volume whose labels nobody looks at, if there are any.
  ///
  /// Throws: `DataError` for a sample without a volume, or one whose values cannot be learned from.
  init(unlabelled sample: Sample) throws {
    image = try Self.volume(of: sample).values
    mask = nil
  }

  /// Throws: `DataError` also for a sample without labels, with others than 0 and 1, or without a 1.
  init(labelled sample: Sample) throws {
    let volume = try Self.volume(of: sample)
    guard let labels = volume.labels else {
      throw DataError(
        file: sample.id, problem: "has no labels",
        advice: "Add them, or count the sample among the unlabelled ones")
    }
    let largest = labels.withUnsafeElements { $0.max() ?? 0 }
    guard largest <= 1 else {
      throw DataError(
        file: sample.id, problem: "has the label \(largest); dtc knows 0 and 1",
        advice: "Make the object 1 and everything else 0")
    }
    guard largest == 1 else {
      throw DataError(
        file: sample.id, problem: "has no voxel labelled 1",
        advice: "Take it out of the labelled samples, or label it")
    }
    image = volume.values
    mask = labels
  }

  private static func volume(of sample: Sample) throws -> Volume {
    guard let volume = sample.volume else {
      throw DataError(
        file: sample.id, problem: "has no volume",
        advice: "dtc needs data of volumes, such as format hdf5 or volumes")
    }
    let (low, high, isFinite) = volume.values.withUnsafeElements { values in
      values.reduce((Float.infinity, -Float.infinity, true)) { found, value in
        (min(found.0, value), max(found.1, value), found.2 && value.isFinite)
      }
    }
    guard isFinite else {
      throw DataError(
        file: sample.id, problem: "has values that are not finite",
        advice: "Write the file again, with numbers only")
    }
    guard low < high else {
      throw DataError(
        file: sample.id,
        problem: volume.values.count == 0 ? "has no voxels" : "has the value \(low) everywhere",
        advice: "Restore the image or take the sample out of its list")
    }
    return volume
  }
}
