/// Filling memory with keyed draws.
package protocol RandomKernels {
  func fillUniform(_ key: RandomKey, into y: Tensor)
  func fillNormal(_ key: RandomKey, into y: Tensor)
}

extension Tensor {
  /// Element i is draw i of the key's stream, uniform in [0, 1).
  public static func uniform(_ shape: [Int], key: RandomKey) -> Tensor {
    let y = Tensor(uninitialized: shape)
    y.backend.fillUniform(key, into: y)
    return y
  }

  /// Independent standard normal draws.
  public static func normal(_ shape: [Int], key: RandomKey) -> Tensor {
    let y = Tensor(uninitialized: shape)
    y.backend.fillNormal(key, into: y)
    return y
  }
}
