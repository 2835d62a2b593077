/// Every layout on disk that the house reads, in the order of their names. Add yours here.
public let dataFormats: [any FileSource.Type] = [
  PairedSource<ADE20K>.self,
  CamVidSource.self,
  CIFARSource.self,
  PairedSource<Cityscapes>.self,
  COCOSource.self,
  PairedSource<COCOStuff>.self,
  ConstraintSource.self,
  CUBSource.self,
  FeatureSource.self,
  ClassFolderSource.self,
  HDF5Source.self,
  ImageNetSource.self,
  ImageNet22kSource.self,
  ImageListSource.self,
  TextTableSource.self,
  VOCSource.self,
  VolumeSource.self,
  WebDatasetSource.self,
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

/// The format a data set is in.
///
/// Throws: `DataError` when no format knows it, or several as surely, or when it is rather a folder
/// of data sets.
public func recognisedFormat(of files: any FileTree) throws -> any FileSource.Type {
  let guesses = dataFormats.map { ($0, $0.recognises(files)) }
  let best = guesses.map(\.1).max() ?? .no
  if best < .certain {
    // Many a folder looks like class folders from above.
    let inner = dataSets(within: files)
    guard inner.isEmpty else {
      throw DataError(
        file: files.root,
        problem: "is no data set, but holds some: \(inner.joined(separator: ", "))",
        advice: "Name one of them; or the format, if all of it is one data set")
    }
  }
  let names = dataFormats.map { $0.format }.joined(separator: ", ")
  guard best > .no else {
    throw DataError(
      file: files.root, problem: "is in no format that is known",
      advice: "Check the path, or name the format it should be in: \(names)")
  }
  let found = guesses.filter { $0.1 == best }.map(\.0)
  guard found.count == 1 else {
    throw DataError(
      file: files.root,
      problem: "may be in any of the formats \(found.map { $0.format }.joined(separator: ", "))",
      advice: "Name the one that is meant")
  }
  return found[0]
}

/// Folders that are surely data sets of their own, with their formats.
private func dataSets(within files: any FileTree) -> [String] {
  let names = (try? files.names(in: "")) ?? []
  return names.filter { files.isFolder($0) }.prefix(100).compactMap { name in
    let folder = Subfolder(base: files, folder: name)
    return dataFormats.first { $0.recognises(folder) == .certain }.map { "\(name) (\($0.format))" }
  }
}

/// A split of a data set in a folder of this machine.
///
/// Throws: `DataError` for an unknown format, a missing path or split, and what the reader finds.
public func openData(
  format: String, path: String, split: String, options: [String: String] = [:]
) throws -> any SampleSource {
  try dataFormat(named: format).init(files: LocalFiles(path), split: split, options: options)
}

extension FileSource {
  /// Throws: `DataError` for a key that the format does not have, naming the nearest.
  public static func check(options given: [String: String]) throws {
    let known = options.keys.sorted() + Opening.splitKeys
    guard let extra = given.keys.filter({ !known.contains($0) }).min() else { return }
    let near = nearest(to: extra, among: known + ["path", "format", "served"])
    throw DataError(
      file: "data", problem: "has the unknown key \(extra)",
      advice: near.map { "Did you mean \($0)?" }
        ?? "Format \(format) takes \((["path", "format", "served"] + known).joined(separator: ", "))"
    )
  }
}
