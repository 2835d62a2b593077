import Tensors

/// A part of a model: declared once through a `Scope`, then called.
public protocol Layer: Sendable {
  /// Shapes are the layer's own; throws what its collectives throw.
  func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor
}

/// A layer that needs no pass: the same in training and evaluation, and row by row.
public protocol PureLayer: Layer {
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension PureLayer {
  public func callAsFunction(_ x: Tensor, _ pass: Forward) throws -> Tensor { self(x) }
}
