import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A POSIX thread that runs one closure, under a name that `top -H` and debuggers show.
///
/// Waited for once with `join`, or never with `detach`.
package struct SystemThread: @unchecked Sendable {
  /// The system has no thread to give.
  package struct Unavailable: Error, CustomStringConvertible {
    package let code: Int32
    package var description: String { String(cString: strerror(code)) }
  }

  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      (self.name, self.body) = (name, body)
    }
  }

  private let handle: pthread_t

  /// `name`: At most 15 bytes, all that Linux keeps.
  ///
  /// `stackBytes`: Deep graphs recurse little, but BLAS and image decoders want room.
  ///
  /// Throws: `Unavailable`.
  package init(
    name: String, stackBytes: Int = 8 << 20, _ body: @escaping @Sendable () -> Void
  ) throws(Unavailable) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, stackBytes)
    defer { pthread_attr_destroy(&attributes) }
    var created = pthread_t()
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let code = pthread_create(
      &created, &attributes,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        mk_thread_name(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      start.release()
      throw Unavailable(code: code)
    }
    handle = created
  }

  package func join() { pthread_join(handle, nil) }

  package func detach() { pthread_detach(handle) }
}
