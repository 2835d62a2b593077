#include "CKernels.h"
#include <string.h>

enum { MAXIMUM_RANK = 16, TILE = 16 };

// One (rows, cols) plane; tiled, so that a transposition meets each cache line once.
static void copy_plane(const float *x, int64_t x_row, int64_t x_col, float *y, int64_t y_row, int64_t y_col,
                       int64_t rows, int64_t cols) {
  if (x_col == 1 && y_col == 1) {
    if (cols >= 16)
      for (int64_t r = 0; r < rows; r++) memcpy(y + r * y_row, x + r * x_row, (size_t)cols * sizeof(float));
    else
      for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) y[r * y_row + c] = x[r * x_row + c];
    return;
  }
  if (x_row != 1 && y_row != 1) {
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < cols; c++) y[r * y_row + c * y_col] = x[r * x_row + c * x_col];
    return;
  }
  for (int64_t r0 = 0; r0 < rows; r0 += TILE) {
    int64_t r1 = r0 + TILE < rows ? r0 + TILE : rows;
    for (int64_t c0 = 0; c0 < cols; c0 += TILE) {
      int64_t c1 = c0 + TILE < cols ? c0 + TILE : cols;
      for (int64_t r = r0; r < r1; r++)
        for (int64_t c = c0; c < c1; c++) y[r * y_row + c * y_col] = x[r * x_row + c * x_col];
    }
  }
}

void mk_copy_strided_f32(const float *x, const int64_t *x_strides, float *y, const int64_t *y_strides,
                         const int64_t *shape, int32_t rank) {
  int64_t size[MAXIMUM_RANK], from[MAXIMUM_RANK], to[MAXIMUM_RANK], index[MAXIMUM_RANK] = {0};
  int32_t axes = 0;
  for (int32_t a = 0; a < rank; a++) {
    if (shape[a] == 0) return;
    if (shape[a] == 1) continue;
    // Neighbouring axes that both sides walk evenly are one axis.
    if (axes > 0 && from[axes - 1] == x_strides[a] * shape[a] && to[axes - 1] == y_strides[a] * shape[a]) {
      size[axes - 1] *= shape[a], from[axes - 1] = x_strides[a], to[axes - 1] = y_strides[a];
      continue;
    }
    size[axes] = shape[a], from[axes] = x_strides[a], to[axes] = y_strides[a];
    axes++;
  }
  if (axes == 0) {
    y[0] = x[0];
    return;
  }
  if (axes == 1) {
    copy_plane(x, 0, from[0], y, 0, to[0], 1, size[0]);
    return;
  }
  // A transposition pairs the last axis with the one that lies densely in x, wherever that stands.
  int32_t dense = axes - 2;
  for (int32_t a = 0; a < axes - 1; a++)
    if (from[a] == 1) dense = a;
  for (;;) {
    copy_plane(x, from[dense], from[axes - 1], y, to[dense], to[axes - 1], size[dense], size[axes - 1]);
    int32_t a = axes - 2;
    for (; a >= 0; a--) {
      if (a == dense) continue;
      x += from[a], y += to[a];
      if (++index[a] < size[a]) break;
      x -= from[a] * size[a], y -= to[a] * size[a];
      index[a] = 0;
    }
    if (a < 0) return;
  }
}
