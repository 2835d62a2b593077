/// Runs `body` with undefined memory for `count` values, taken from the pool and given back to it.
func withScratch<Value: BitwiseCopyable, R>(
  _ count: Int, of type: Value.Type, _ body: (UnsafeMutablePointer<Value>) -> R
) -> R {
  let storage = Storage(byteCount: count * MemoryLayout<Value>.stride)
  return withExtendedLifetime(storage) {
    body(storage.pointer.bindMemory(to: Value.self, capacity: count))
  }
}

func withScratch<R>(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> R) -> R {
  withScratch(count, of: Float.self, body)
}

extension Tensor {
  /// Zeros, to which a kernel adds.
  static func accumulator(_ shape: [Int], on device: Device) -> Tensor {
    let y = Tensor(uninitialized: shape, on: device)
    y.mutableElements.update(repeating: 0)
    return y
  }
}
