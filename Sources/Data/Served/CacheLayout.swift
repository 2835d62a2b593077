/// Where the blocks of a data set stand in the cache's files: extents of 4 MiB, each followed by a
/// table of hashes.
///
/// A file of its own for each small block would cost more time than bringing it over the network.
/// Extents are sparse: a block that never came takes no space.
struct CacheLayout: Sendable {
  static let pageBytes = 4_096
  static let extentBytes = 4 << 20
  /// A hash for each page, of the block that begins there; 0 where none does.
  static let tableBytes = extentBytes / pageBytes * MemoryLayout<UInt64>.size
  static let fileBytes = extentBytes + tableBytes

  struct Place {
    let extent: Int
    /// Of the block's bytes in the extent's file.
    let offset: Int
    /// Of its hash.
    var hashOffset: Int { extentBytes + offset / pageBytes * MemoryLayout<UInt64>.size }
  }

  /// Of each file's first block, with all extents laid end to end.
  private let starts: [Int]

  init(of listing: FileListing) {
    var end = 0
    starts = listing.entries.map { entry in
      let isOneBlock = entry.byteCount <= FileBlock.bytesMax
      var start = Self.round(end, to: isOneBlock ? Self.pageBytes : FileBlock.bytesMax)
      // No block lies in two extents.
      if start % Self.extentBytes + min(entry.byteCount, FileBlock.bytesMax) > Self.extentBytes {
        start = Self.round(start, to: Self.extentBytes)
      }
      end = start + entry.byteCount
      return start
    }
  }

  func place(of block: FileBlock) -> Place {
    let start = starts[block.file] + block.index * FileBlock.bytesMax
    return Place(extent: start / Self.extentBytes, offset: start % Self.extentBytes)
  }

  /// Up to the next multiple.
  static func round(_ bytes: Int, to unit: Int) -> Int { (bytes + unit - 1) / unit * unit }
}
