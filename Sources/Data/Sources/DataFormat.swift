/// An on-disk layout the house reads. Add yours as a case with its source.
public enum DataFormat: String, Hashable, Sendable, CaseIterable {
  /// See `VOCSource`.
  case voc
  /// See `CamVidSource`.
  case camvid
  /// See `ClassFolderSource`.
  case folders

  /// Throws: `DataError` that lists the formats and the nearest one.
  public init(named name: String) throws {
    guard let format = DataFormat(rawValue: name) else {
      let names = DataFormat.allCases.map(\.rawValue)
      let near = nearest(to: name, among: names).map { "Did you mean \($0)? " } ?? ""
      throw DataError(
        file: "data format \(name)", problem: "is unknown",
        advice: "\(near)Formats are \(names.joined(separator: ", "))")
    }
    self = format
  }
}

/// A split of a data set on disk.
///
/// Throws: `DataError` for an unknown format, a missing path or split, and what the reader finds.
public func openData(format: String, path: String, split: String) throws -> any SampleSource {
  let format = try DataFormat(named: format)
  guard Files.isFolder(path) else {
    throw DataError(
      file: path, problem: "is no folder", advice: "Name the data set's folder in data.path")
  }
  switch format {
  case .voc: return try VOCSource(path: path, split: split)
  case .camvid: return try CamVidSource(path: path, split: split)
  case .folders: return try ClassFolderSource(path: path, split: split)
  }
}
