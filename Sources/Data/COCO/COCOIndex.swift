/// What stands where in a COCO JSON file. Annotations are left in the file: of a large set they would
/// fill the memory, and a sample needs only its own.
struct COCOIndex {
  struct Picture {
    let id: Int
    let file: String
    let size: ImageSize
  }

  struct Category {
    let id: Int
    let name: String
  }

  /// An annotation's object in the file, and the id of its image.
  struct Entry {
    let range: Range<Int>
    let image: Int
  }

  let images: [Picture]
  let categories: [Category]
  let entries: [Entry]
  private let path: String

  /// Throws: `DataError` for what is no such JSON; problems of single images and annotations go to
  /// `opening`.
  init(_ file: String, _ opening: Opening) throws {
    let path = opening.files.path(file)
    self.path = path
    let bytes = try opening.files.bytes(of: file)
    let place = Place(path: path, bytes: bytes, opening: opening)
    var (images, categories, entries) = ([Picture](), [Category](), [Entry]())
    var reader = JSONReader(bytes: bytes)
    do {
      try reader.object { reader, key in
        switch key {
        case "images":
          try reader.array {
            if let it = try place.read("image", &$0, Picture.init) { images.append(it) }
          }
        case "categories":
          try reader.array {
            if let it = try place.read("category", &$0, Category.init) { categories.append(it) }
          }
        case "annotations":
          try reader.array {
            if let it = try place.read("annotation", &$0, Entry.init) { entries.append(it) }
          }
        default: _ = try reader.skip()
        }
      }
      try reader.end()
    } catch let fault as JSONReader.Fault {
      throw Self.problem("byte \(fault.position): \(fault.what)", path)
    }
    (self.images, self.categories, self.entries) = (images, categories, entries)
    guard !images.isEmpty else { throw problem("lists no images") }
    for (ids, what) in [(images.map(\.id), "image"), (categories.map(\.id), "category")] {
      var seen: Set<Int> = []
      for id in ids where !seen.insert(id).inserted {
        _ = try opening.attempt { throw problem("lists \(what) \(id) twice") }
      }
    }
  }

  func problem(_ what: String) -> DataError { Self.problem(what, path) }

  private static func problem(_ what: String, _ path: String) -> DataError {
    DataError(file: path, problem: what, advice: "Correct the file, or get it again")
  }

  /// Reads the objects of a list one by one.
  private struct Place {
    let path: String
    let bytes: [UInt8]
    let opening: Opening

    func read<Value>(
      _ what: String, _ reader: inout JSONReader,
      _ body: (inout JSONReader, Range<Int>) throws -> Value
    ) throws -> Value? {
      let range = try reader.skip()
      var part = JSONReader(bytes: bytes, range: range)
      return try opening.attempt {
        do {
          return try body(&part, range)
        } catch let fault as JSONReader.Fault {
          throw DataError(
            file: path, problem: "the \(what) at byte \(range.lowerBound): \(fault.what)",
            advice: "Correct the file, or get it again")
        }
      }
    }
  }
}

extension COCOIndex.Picture {
  fileprivate init(_ reader: inout JSONReader, _ range: Range<Int>) throws {
    var (id, file, height, width): (Int?, String?, Int?, Int?) = (nil, nil, nil, nil)
    try reader.object { reader, key in
      switch key {
      case "id": id = try reader.integer()
      case "file_name": file = try reader.string()
      case "height": height = try reader.integer()
      case "width": width = try reader.integer()
      default: _ = try reader.skip()
      }
    }
    guard let id, let file, let height, let width else {
      throw reader.fault("id, file_name, height or width is missing")
    }
    let sides = 1...Image.sideMax
    guard sides.contains(height), sides.contains(width) else {
      throw reader.fault(
        "it has \(width)×\(height) pixels, at most \(Image.sideMax) a side are read")
    }
    self.init(id: id, file: file, size: ImageSize(height: height, width: width))
  }
}

extension COCOIndex.Category {
  fileprivate init(_ reader: inout JSONReader, _ range: Range<Int>) throws {
    var (id, name): (Int?, String?) = (nil, nil)
    try reader.object { reader, key in
      switch key {
      case "id": id = try reader.integer()
      case "name": name = try reader.string()
      default: _ = try reader.skip()
      }
    }
    guard let id, let name else { throw reader.fault("id or name is missing") }
    self.init(id: id, name: name)
  }
}

extension COCOIndex.Entry {
  fileprivate init(_ reader: inout JSONReader, _ range: Range<Int>) throws {
    var image: Int?
    try reader.object { reader, key in
      if key == "image_id" { image = try reader.integer() } else { _ = try reader.skip() }
    }
    guard let image else { throw reader.fault("image_id is missing") }
    self.init(range: range, image: image)
  }
}
