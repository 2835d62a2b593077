/// Every layout on disk that the house reads. Add yours here.
public let dataFormats: [any FileSource.Type] = [
  CamVidSource.self, ClassFolderSource.self, VOCSource.self,
]

/// The format of this name.
///
/// Throws: `DataError` that lists the formats and the nearest one.
public func dataFormat(named name: String) throws -> any FileSource.Type {
  guard let format = dataFormats.first(where: { $0.format == name }) else {
    let names = dataFormats.map { $0.format }
    let near = nearest(to: name, among: names).map { "Did you mean \($0)? " } ?? ""
    throw DataError(
      file: "data format \(name)", problem: "is unknown",
      advice: "\(near)Formats are \(names.joined(separator: ", "))")
  }
  return format
}

/// A split of a data set in a folder of this machine.
///
/// Throws: `DataError` for an unknown format, a missing path or split, and what the reader finds.
public func openData(format: String, path: String, split: String) throws -> any SampleSource {
  try dataFormat(named: format).init(files: LocalFiles(path), split: split)
}
