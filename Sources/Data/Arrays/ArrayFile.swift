/// The arrays of a file of NumPy's, MATLAB's or safetensors, by name. What lies unpacked stays in
/// the file until rows of it are asked for.
struct ArrayFile {
  /// An array, and where its elements are.
  struct Entry: Sendable {
    enum Place: Sendable {
      /// From this byte of the file.
      case file(Int)
      case memory
    }

    let array: StoredArray  // without bytes when they are in the file
    let place: Place

    /// An entry of the first axis: of a vector, one number.
    ///
    /// Throws: `DataError` when the file became shorter.
    func row(_ index: Int, of name: String, in files: any FileTree) throws -> StoredArray {
      guard case .file = place else { return array.row(index) }
      var row = array.row(0)
      row.bytes = try files.bytes(of: name, in: range(ofRow: index) ?? 0..<0)[...]
      guard row.bytes.count == row.count * row.type.byteCount else {
        throw DataError(
          file: files.path(name), problem: "became shorter", advice: "Restore the file")
      }
      return row
    }

    /// Where a row is in the file; nil when it is in memory.
    func range(ofRow index: Int) -> Range<Int>? {
      guard case .file(let start) = place else { return nil }
      let width = array.shape.dropFirst().reduce(array.type.byteCount, *)
      return start + index * width..<start + (index + 1) * width
    }
  }

  static let endings = [".npy", ".npz", ".safetensors", ".mat"]
  /// The name of a file's only array.
  static let only = "array"

  let entries: [String: Entry]

  /// Throws: `DataError` for what is damaged, too large or of another format.
  init(_ name: String, in files: any FileTree) throws {
    let path = files.path(name)
    if name.hasSuffix(".npz") {
      entries = try Self.archive(name, in: files)
    } else if name.hasSuffix(".mat") {
      entries = try MATLABFile.arrays(files.bytes(of: name), file: path)
        .mapValues { Entry(array: $0, place: .memory) }
    } else if name.hasSuffix(".safetensors") {
      entries = try Self.tensors(name, in: files)
    } else {
      let size = try files.byteCount(of: name)
      entries = [Self.only: try Self.entry(name, in: files, from: 0, size: size, path)]
    }
  }

  private static func archive(
    _ name: String, in files: any FileTree
  ) throws -> [String: Entry] {
    let zip = try ZipFile(name, in: files)
    let path = files.path(name)
    var entries: [String: Entry] = [:]
    // What all packed members may unpack to together.
    var budget = Files.byteCountMax
    for member in zip.members where member.name.hasSuffix(".npy") {
      let title = String(member.name.dropLast(4))
      if member.isPacked || member.count <= NumPyFile.headMax {
        budget -= member.count
        guard budget >= 0 else {
          throw DataError(
            file: path, problem: "unpacks to more than \(Files.byteCountMax) bytes",
            advice: "Save it unpacked, with numpy.savez")
        }
        let array = try NumPyFile.array(zip.bytes(of: member)[...], file: "\(path), \(title)")
        entries[title] = Entry(array: array, place: .memory)
      } else {
        entries[title] = try entry(
          name, in: files, from: zip.dataStart(of: member), size: member.count,
          "\(path), \(title)")
      }
    }
    return entries
  }

  private static func tensors(
    _ name: String, in files: any FileTree
  ) throws -> [String: Entry] {
    let path = files.path(name)
    let size = try files.byteCount(of: name)
    var reader = ByteReader(try files.bytes(of: name, in: 0..<min(8, size)), file: path)
    let length = try reader.size()
    guard length <= min(size - 8, 100_000_000) else {
      throw reader.problem("has a header of \(length) bytes in \(size)")
    }
    let header: SafetensorsHeader
    do {
      header = try SafetensorsHeader(json: files.bytes(of: name, in: 8..<8 + length))
    } catch let fault as SafetensorsHeader.Fault {
      throw reader.problem((fault.tensor.map { "tensor \($0): " } ?? "") + fault.what)
    }
    let types: [String: ElementType] = [
      "F32": .float32, "F64": .float64, "F16": .float16, "BF16": .bfloat16, "I8": .int8,
      "U8": .uint8, "I16": .int16, "U16": .uint16, "I32": .int32, "U32": .uint32, "I64": .int64,
      "U64": .uint64, "BOOL": .bool,
    ]
    var entries: [String: Entry] = [:]
    for (title, tensor) in header.tensors {
      guard let type = types[tensor.type] else { continue }
      let bytes = DeclaredSize.product(tensor.shape + [type.byteCount], most: size)
      guard bytes == tensor.range.count, tensor.range.upperBound <= size - 8 - length else {
        throw reader.problem(
          "tensor \(title.prefix(80)) of shape \(tensor.shape) has bytes \(tensor.range)")
      }
      let array = StoredArray(shape: tensor.shape, type: type, bytes: [])
      entries[title] = Entry(array: array, place: .file(8 + length + tensor.range.lowerBound))
    }
    return entries
  }

  /// A `.npy` that begins at a byte of a file and is `size` bytes long.
  private static func entry(
    _ name: String, in files: any FileTree, from start: Int, size: Int, _ path: String
  ) throws -> Entry {
    let part = start..<start + min(size, NumPyFile.headMax)
    let head = try NumPyFile.head(files.bytes(of: name, in: part)[...], file: path)
    guard !head.isColumnMajor else {
      try Files.checkByteCount(size, of: path)
      let whole = try files.bytes(of: name, in: start..<start + size)
      return Entry(array: try NumPyFile.array(whole[...], file: path), place: .memory)
    }
    let sizes = head.array.shape + [head.array.type.byteCount]
    guard DeclaredSize.product(sizes, most: size - head.start) != nil else {
      throw DataError(
        file: path,
        problem: "has \(size - head.start) bytes of elements for shape \(head.array.shape)",
        advice: "Copy the file again: it is cut short")
    }
    return Entry(array: head.array, place: .file(start + head.start))
  }
}
