import Data
import Glibc
import Tensors

/// A safetensors file open for reading; the header is checked when it is opened, a tensor is read
/// when it is asked for.
///
/// The bytes may be anybody's: nothing is allocated before it is known to be in the file.
public final class SafetensorsFile: Sendable {
  /// What the header says of a tensor.
  public struct Entry: Sendable {
    public let name: String
    /// As the format names it: "F32", "BF16", …
    public let type: String
    public let shape: [Int]
    let range: Range<Int>  // bytes of the file
  }

  public let path: String
  public let metadata: [String: String]
  /// In the order of the file's header.
  public let entries: [Entry]
  private let indexByName: [String: Int]
  private let descriptor: Int32

  /// Throws `FileError`, `SafetensorsError`.
  public init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path, "open") }
    do {
      let (header, start, size) = try Self.readHeader(descriptor, path)
      entries = try Self.checked(header, start: start, size: size, path: path)
      metadata = header.metadata
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
    indexByName = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  deinit { close(descriptor) }

  public func entry(named name: String) -> Entry? { indexByName[name].map { entries[$0] } }

  /// A tensor converted to float32, in the file's order of axes. Integers beyond 2²⁴ are rounded.
  ///
  /// Throws `FileError`, `SafetensorsError`.
  public func tensor(named name: String) throws -> Tensor {
    guard let entry = entry(named: name) else {
      throw SafetensorsError.noTensor(file: path, tensor: name)
    }
    guard let type = StoredType(rawValue: entry.type) else {
      throw SafetensorsError.unsupportedType(file: path, tensor: name, type: entry.type)
    }
    let bytes = try Self.read(descriptor, entry.range, path)
    return Tensor(shape: entry.shape) { out in
      bytes.withUnsafeBytes { type.convert($0, into: out) }
    }
  }

  private static func readHeader(
    _ descriptor: Int32, _ path: String
  ) throws -> (SafetensorsHeader, start: Int, size: Int) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path, "fstat") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SafetensorsError.malformed(file: path, what: "it is not a regular file")
    }
    let size = Int(status.st_size)
    guard size >= 8 else {
      throw SafetensorsError.malformed(file: path, what: "\(size) bytes, at least 8 expected")
    }
    let lengthBytes = try read(descriptor, 0..<8, path)
    let length = lengthBytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(size - 8, Safetensors.headerBytesMax)) else {
      throw SafetensorsError.malformed(
        file: path,
        what: "a header of \(length) bytes in \(size), at most \(Safetensors.headerBytesMax)")
    }
    do {
      let header = try SafetensorsHeader(json: read(descriptor, 8..<8 + Int(length), path))
      return (header, 8 + Int(length), size)
    } catch let fault as SafetensorsHeader.Fault {
      guard let tensor = fault.tensor else {
        throw SafetensorsError.malformed(file: path, what: fault.what)
      }
      throw SafetensorsError.malformedTensor(file: path, tensor: tensor, what: fault.what)
    }
  }

  /// The tensors' ranges cover the data without overlap or gap, and each fits its shape.
  private static func checked(
    _ header: SafetensorsHeader, start: Int, size: Int, path: String
  ) throws -> [Entry] {
    var end = 0
    let inOrder = header.tensors.sorted {
      ($0.tensor.range.lowerBound, $0.tensor.range.upperBound)
        < ($1.tensor.range.lowerBound, $1.tensor.range.upperBound)
    }
    for (name, tensor) in inOrder {
      func refuse(_ what: String) -> SafetensorsError {
        .malformedTensor(file: path, tensor: name, what: what)
      }
      guard tensor.range.lowerBound == end else {
        throw refuse("its data begins at \(tensor.range.lowerBound), \(end) expected")
      }
      guard tensor.range.upperBound <= size - start else {
        throw refuse("its data ends at \(tensor.range.upperBound) of \(size - start) bytes")
      }
      end = tensor.range.upperBound
      guard let width = StoredType(rawValue: tensor.type)?.byteCount else {
        continue  // refused when it is asked for; others of the file may be of use
      }
      var bytes = width
      // Strides are products of axes too, also where another axis is 0.
      for axis in tensor.shape where axis > 0 {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: axis)
        guard !overflow else { throw refuse("the shape \(tensor.shape) is beyond 64 bits") }
        bytes = product
      }
      if tensor.shape.contains(0) { bytes = 0 }
      guard bytes == tensor.range.count else {
        throw refuse(
          "\(tensor.range.count) bytes for shape \(tensor.shape) of \(tensor.type), \(bytes) expected"
        )
      }
    }
    guard end == size - start else {
      throw SafetensorsError.malformed(
        file: path, what: "\(size - start) bytes of data, \(end) described")
    }
    return header.tensors.map { name, tensor in
      Entry(
        name: name, type: tensor.type, shape: tensor.shape,
        range: start + tensor.range.lowerBound..<start + tensor.range.upperBound)
    }
  }

  private static func read(
    _ descriptor: Int32, _ range: Range<Int>, _ path: String
  ) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      while filled < range.count {
        let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled..<range.count])
        let count = pread(descriptor, rest.baseAddress, rest.count, range.lowerBound + filled)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw FileError(path, "read") }
        guard count > 0 else {
          throw SafetensorsError.malformed(file: path, what: "it became shorter while being read")
        }
        filled += count
      }
    }
  }
}
