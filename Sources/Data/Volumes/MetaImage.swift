/// MetaImage: a header of lines `Key = Value`, its data behind it (`.mha`) or in a file beside it
/// (`.mhd` and `.raw` or `.zraw`), also packed.
enum MetaImage {
  private static let headerMax = 64 << 10

  private static let types: [String: ElementType] = [
    "MET_CHAR": .int8, "MET_UCHAR": .uint8, "MET_SHORT": .int16, "MET_USHORT": .uint16,
    "MET_INT": .int32, "MET_UINT": .uint32, "MET_LONG_LONG": .int64, "MET_ULONG_LONG": .uint64,
    "MET_FLOAT": .float32, "MET_DOUBLE": .float64,
  ]

  static func read(_ name: String, from files: any FileTree) throws -> VolumeFile {
    let path = files.path(name)
    let bytes = try files.bytes(of: name)
    let (fields, end) = try header(bytes, path)
    func problem(_ what: String) -> DataError {
      DataError(file: path, problem: what, advice: "Write the volume again as plain MetaImage")
    }
    func isTrue(_ keys: String...) -> Bool {
      keys.contains { fields[$0]?.lowercased() == "true" || fields[$0] == "1" }
    }
    let sizes = (fields["DimSize"] ?? "").split(separator: " ").map { Int($0) ?? -1 }
    guard (2...3).contains(sizes.count), fields["NDims"] == "\(sizes.count)" else {
      throw problem(
        "has NDims \(fields["NDims"] ?? "none") and DimSize \(fields["DimSize"] ?? "none"), "
          + "expected 2 or 3 and as many sizes")
    }
    let shape = [sizes.count == 3 ? sizes[2] : 1, sizes[1], sizes[0]]
    guard let type = types[fields["ElementType"] ?? ""] else {
      throw problem("has the ElementType \(fields["ElementType"] ?? "none"), which is not read")
    }
    try VolumeFile.checkSize(shape, type, path)
    guard fields["ElementNumberOfChannels"].map({ $0 == "1" }) ?? true,
      fields["BinaryData"].map({ $0.lowercased() == "true" }) ?? true
    else { throw problem("has several channels or its data as text") }
    let count = shape.reduce(1, *) * type.byteCount
    let data = try data(fields["ElementDataFile"] ?? "", beside: name, files, bytes[end...])
    let content: ArraySlice<UInt8>
    if isTrue("CompressedData") {
      content = try Inflate.unpacked(
        data.bytes, .zlib, file: data.path, bytesMax: count, expected: count)[...]
    } else {
      // -1: the data is what stands at the end.
      let skip = Int(fields["HeaderSize"] ?? "0") ?? 0
      let start = skip == -1 ? data.bytes.count - count : skip
      var reader = ByteReader(data.bytes, file: data.path)
      try reader.seek(start)
      content = try reader.take(count)
    }
    guard content.count == count else {
      throw DataError(
        file: data.path, problem: "unpacks to \(content.count) bytes, \(shape) needs \(count)",
        advice: "Write the volume again")
    }
    let array = StoredArray(
      shape: shape, type: type,
      isBigEndian: isTrue("BinaryDataByteOrderMSB", "ElementByteOrderMSB"), bytes: content)
    return VolumeFile(array: array, spacing: spacing(fields, axes: sizes.count))
  }

  /// Keys and values up to the line that says where the data is, which must be the last.
  private static func header(
    _ bytes: [UInt8], _ path: String
  ) throws -> (fields: [String: String], end: Int) {
    var fields: [String: String] = [:]
    var start = 0
    while start < min(bytes.count, headerMax) {
      let end = bytes[start...].prefix(headerMax).firstIndex(of: 10) ?? bytes.count
      let line = String(decoding: bytes[start..<end].prefix(4_096), as: UTF8.self)
      let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmed }
      guard parts.count == 2 else { break }
      fields[parts[0]] = parts[1]
      start = min(end + 1, bytes.count)
      if parts[0] == "ElementDataFile" { return (fields, start) }
    }
    throw DataError(
      file: path, problem: "has no line ElementDataFile in its header",
      advice: "Copy the file again: it is damaged or of another format")
  }

  private static func data(
    _ place: String, beside name: String, _ files: any FileTree, _ rest: ArraySlice<UInt8>
  ) throws -> (bytes: ArraySlice<UInt8>, path: String) {
    guard place != "LOCAL" else { return (rest, files.path(name)) }
    let folder = name.split(separator: "/").dropLast().joined(separator: "/")
    let file = files.inside(folder, place)
    guard !place.contains("/") else {
      throw DataError(
        file: files.path(name), problem: "has its data in \(place.prefix(200).debugDescription)",
        advice: "Put the data beside the header: LOCAL or a plain name")
    }
    try files.requireFile(file, namedBy: files.path(name))
    return (try files.bytes(of: file)[...], files.path(file))
  }

  private static func spacing(_ fields: [String: String], axes: Int) -> [Float] {
    let text = fields["ElementSpacing"] ?? fields["ElementSize"] ?? ""
    let steps = text.split(separator: " ").compactMap { Float($0) }
    guard steps.count == axes, steps.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      return [1, 1, 1]
    }
    return Array((steps + [1]).prefix(3).reversed())
  }

  /// The file a header's data is in, where that is another one: for the list of a sample's parts.
  static func dataFile(of name: String, in files: any FileTree) -> String? {
    guard name.hasSuffix(".mhd"), let count = try? files.byteCount(of: name),
      let bytes = try? files.bytes(of: name, in: 0..<min(count, headerMax)),
      let place = try? header(bytes, name).fields["ElementDataFile"], place != "LOCAL",
      !place.contains("/")
    else { return nil }
    return files.inside(name.split(separator: "/").dropLast().joined(separator: "/"), place)
  }
}
