extension Tensor {
  /// f element by element. `slope` gives f'(x) in recorded operations, for gradients of gradients;
  /// otherwise one kernel computes ȳ · f'(x).
  fileprivate func function(
    _ f: UnaryOperation, _ p: Float = 0, _ q: Float = 0, slope: @escaping (Tensor) -> Tensor
  ) -> Tensor {
    let x = self
    return mapped(f, p, q).recorded(
      from: x,
      kernel: { dy in
        let dx = Tensor(uninitialized: x.shape, on: x.storage.device)
        x.backend.unaryGradient(f, p, q, x.plain, dy.plain, into: dx)
        return dx
      }, again: { dy in dy * slope(x) })
  }
}

/// eˣ; 0 below −87.3, infinite above 88.7.
public func exp(_ x: Tensor) -> Tensor { x.function(.exp) { exp($0) } }

/// eˣ − 1, exact near 0.
public func expm1(_ x: Tensor) -> Tensor { x.function(.expm1) { exp($0) } }

/// The natural logarithm; −∞ at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { x.function(.log) { reciprocal($0) } }

/// log(1 + x), exact near 0.
public func log1p(_ x: Tensor) -> Tensor { x.function(.log1p) { reciprocal($0 + 1) } }

/// √x. Gradient: ȳ / (2 √x), infinite at 0.
public func sqrt(_ x: Tensor) -> Tensor { x.function(.sqrt) { 0.5 * rsqrt($0) } }

/// 1 / √x.
public func rsqrt(_ x: Tensor) -> Tensor { x.function(.reciprocalSqrt) { -0.5 * rsqrt($0) / $0 } }

/// x².
public func square(_ x: Tensor) -> Tensor { x.function(.square) { 2 * $0 } }

/// |x|. Gradient: ȳ · sign(x), 0 at 0.
public func abs(_ x: Tensor) -> Tensor { x.function(.abs) { sign($0) } }

/// −1, 0 or 1. Gradient: 0.
public func sign(_ x: Tensor) -> Tensor { x.detached.mapped(.sign) }

/// 1 where x > 0, else 0. Gradient: 0.
public func step(_ x: Tensor) -> Tensor { x.detached.mapped(.step) }

/// 1 / x.
public func reciprocal(_ x: Tensor) -> Tensor {
  x.function(.reciprocal) { -square(reciprocal($0)) }
}

/// xᵖ. For whole p from −64 to 64 by repeated products, negative x allowed; else x ≥ 0.
public func pow(_ x: Tensor, _ p: Float) -> Tensor {
  x.function(.power, p) { p == 0 ? $0 * 0 : p * pow($0, p - 1) }
}

public func sin(_ x: Tensor) -> Tensor { x.function(.sin) { cos($0) } }

public func cos(_ x: Tensor) -> Tensor { x.function(.cos) { -sin($0) } }

public func tanh(_ x: Tensor) -> Tensor { x.function(.tanh) { 1 - square(tanh($0)) } }

/// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
public func erf(_ x: Tensor) -> Tensor {
  x.function(.erf) { 1.128_379_2 * exp(-square($0)) }
}

/// 1 / (1 + e⁻ˣ).
public func sigmoid(_ x: Tensor) -> Tensor {
  x.function(.sigmoid) { sigmoid($0) * sigmoid(-$0) }
}

/// log(1 + eˣ), without overflow.
public func softplus(_ x: Tensor) -> Tensor { x.function(.softplus) { sigmoid($0) } }

/// max(x, 0). Gradient: 0 at 0.
public func relu(_ x: Tensor) -> Tensor { x.function(.relu) { step($0) } }

/// x where it is positive, else `slope` · x.
public func leakyReLU(_ x: Tensor, slope: Float = 0.01) -> Tensor {
  x.function(.leakyReLU, slope) { step($0) * (1 - slope) + slope }
}

/// x where it is positive, else `scale` · (eˣ − 1) (Clevert et al. 2016).
public func elu(_ x: Tensor, scale: Float = 1) -> Tensor {
  x.function(.elu, scale) { x in
    let isPositive = greater(x, 0)
    return select(isPositive, 1, scale * exp(select(isPositive, 0, x)))
  }
}

/// x Φ(x), Φ the normal distribution function: the exact form (Hendrycks and Gimpel 2016).
public func gelu(_ x: Tensor) -> Tensor {
  x.function(.gelu) { x in
    0.5 * (erf(x * 0.707_106_77) + 1) + x * exp(-0.5 * square(x)) * 0.398_942_3
  }
}

/// x σ(1.702 x): CLIP's approximation of GELU.
public func quickGELU(_ x: Tensor) -> Tensor {
  x.function(.quickGELU) { x in
    let s = sigmoid(1.702 * x)
    return s + 1.702 * x * s * (1 - s)
  }
}

/// x σ(x) (Elfwing et al. 2018; "swish").
public func silu(_ x: Tensor) -> Tensor {
  x.function(.silu) { x in
    let s = sigmoid(x)
    return s + x * s * (1 - s)
  }
}

/// x held within [minimum, maximum]. Gradient: passes on the closed interval.
public func clamp(_ x: Tensor, _ minimum: Float, _ maximum: Float) -> Tensor {
  precondition(minimum <= maximum, "clamp: bounds \(minimum) and \(maximum)")
  return x.function(.clamp, minimum, maximum) { x in
    select(greaterOrEqual(x, minimum) & lessOrEqual(x, maximum), 1, 0)
  }
}

/// x held within [−1, 1].
public func hardTanh(_ x: Tensor) -> Tensor { clamp(x, -1, 1) }
