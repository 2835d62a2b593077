/// Random zeros.
package protocol DropoutKernels {
  /// Row r of y = that of x · scale where word i of keys[r] is at least threshold, else 0.
  func dropout(_ x: Tensor, keys: [RandomKey], threshold: UInt32, scale: Float, into y: Tensor)
}

/// Each value set to 0 with probability `rate`, the others scaled by 1 / (1 − rate) (Srivastava et
/// al. 2014).
///
/// Shapes: `x` [B, ...]. `rows` are the rows' global numbers, their slots in the batch: row r draws
/// from `key.derived(rows[r])`, value i of it takes word i; so a sample is treated alike on whichever
/// replica it is. Precondition: `rate` is 0 ..< 1. Gradient: the same values are kept.
public func dropout(_ x: Tensor, rate: Float, key: RandomKey, rows: [Int]) -> Tensor {
  check("dropout", x, rate, rows)
  if rate == 0 { return x }
  return dropped(x, rate, rows.map { key.derived($0) })
}

/// Whole rows set to 0 with probability `rate`, the others scaled by 1 / (1 − rate): stochastic
/// depth (Huang et al. 2016) for the residual branch `x` [B, ...]. Keys as in `dropout`.
public func dropPath(_ x: Tensor, rate: Float, key: RandomKey, rows: [Int]) -> Tensor {
  check("dropPath", x, rate, rows)
  if rate == 0 { return x }
  let factors = dropped(.ones([rows.count, 1]), rate, rows.map { key.derived($0) })
  return x * factors.reshaped([rows.count] + [Int](repeating: 1, count: x.rank - 1))
}

/// Whole channels of a sample set to 0 with probability `rate`, the others scaled by 1 / (1 − rate)
/// (Tompson et al. 2015), for `x` [B, ..., C]. Keys as in `dropout`.
public func channelDropout(_ x: Tensor, rate: Float, key: RandomKey, rows: [Int]) -> Tensor {
  check("channelDropout", x, rate, rows)
  if rate == 0 { return x }
  let channels = x.shape[x.rank - 1]
  let factors = dropped(.ones([rows.count, channels]), rate, rows.map { key.derived($0) })
  let ones = [Int](repeating: 1, count: x.rank - 2)
  return x * factors.reshaped([rows.count] + ones + [channels])
}

private func check(_ operation: String, _ x: Tensor, _ rate: Float, _ rows: [Int]) {
  precondition(
    x.rank >= (operation == "channelDropout" ? 2 : 1) && x.shape[0] == rows.count,
    "\(operation): \(rows.count) row numbers for shape \(x.shape)")
  precondition(rate >= 0 && rate < 1, "\(operation): rate \(rate) must be 0 ..< 1")
}

/// Linear in `x` and its own adjoint.
private func dropped(_ x: Tensor, _ rate: Float, _ keys: [RandomKey]) -> Tensor {
  let y = Tensor(uninitialized: x.shape, on: x.storage.device)
  x.backend.dropout(
    x.contiguous().detached, keys: keys, threshold: UInt32(Double(rate) * 0x1p32),
    scale: 1 / (1 - rate), into: y)
  return y.recorded(from: x) { dropped($0, rate, keys) }
}
