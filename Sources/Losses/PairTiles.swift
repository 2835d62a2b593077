import Tensors

/// The similarities scale · rows · columnsᵀ + bias, tile by tile: all rows of one replica against
/// 512 columns at a time, cut at fixed global columns. Never the whole matrix.
///
/// Tiles depend on the replica's rows and the global columns alone, so results do not depend on who
/// hosts the replica.
struct PairTiles {
  static let defaultWidth = 512

  let rows: Tensor  // [n, d]
  let columns: Tensor  // [m, d]
  let scale: Float
  var bias: Float = 0
  var width = defaultWidth

  /// Calls `body` with each tile [n, w], which it may overwrite, and its columns.
  func visit(_ body: (Tensor, Range<Int>) -> Void) {
    guard rows.shape[0] > 0, columns.shape[0] > 0 else { return }
    let left = (rows * scale).detached.contiguous()
    let right = columns.detached.contiguous()
    for start in stride(from: 0, to: right.shape[0], by: width) {
      let range = start..<min(start + width, right.shape[0])
      let tile = matmul(left, right.unrecordedRows(range).transposed)
      if bias != 0 { tile.backend.binary(.add, tile, scalar: bias, into: tile) }
      body(tile, range)
    }
  }

  /// Σ over columns of weight · column: [n, d]; `weigh` turns a tile into weights in place.
  func weightedSum(_ weigh: (Tensor, Range<Int>) -> Void) -> Tensor {
    let sum = Tensor.zeros(rows.shape)
    let right = columns.detached.contiguous()
    visit { tile, range in
      weigh(tile, range)
      let part = matmul(tile, right.unrecordedRows(range))
      part.backend.binary(.add, sum, part, into: sum)
    }
    return sum
  }
}

/// log Σ exp per row, fed tile by tile.
struct RowLogSumExp {
  let maxima: Tensor
  let sums: Tensor

  init(rows: Int) {
    maxima = Tensor(repeating: -.infinity, shape: [rows])
    sums = .zeros([rows])
  }

  func add(_ tile: Tensor) { tile.backend.streamRows(tile, maxima: maxima, sums: sums) }

  /// −∞ for a row that met nothing.
  var value: Tensor { withoutRecording { log(sums) + maxima } }
}

/// (maximum, Σ exp) per global column over one replica's rows.
struct ColumnSums {
  let maxima: Tensor
  let sums: Tensor

  init(columns: Int) {
    maxima = Tensor(repeating: -.infinity, shape: [columns])
    sums = .zeros([columns])
  }

  func add(_ tile: Tensor, _ range: Range<Int>) {
    tile.backend.columnSums(tile, maxima: maxima, sums: sums, range: range)
  }
}

/// The entries of tiles where a row meets its own column, `first` being row 0's column.
struct Diagonal {
  let first: Int
  let count: Int

  /// Calls `body` with (row, position within the tile) for each own entry in the tile.
  func visit(_ range: Range<Int>, _ body: (_ row: Int, _ position: Int) -> Void) {
    let overlap = range.clamped(to: first..<first + count)
    for column in overlap where range.contains(column) {
      let row = column - first
      body(row, row * range.count + column - range.lowerBound)
    }
  }
}
