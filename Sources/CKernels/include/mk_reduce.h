#pragma once
#include "mk_base.h"

// Reductions of x (outer, n, inner), row-major, over the middle axis into (outer, inner).
// inner == 1: blocks of 1024 elements in 16 lanes and a tree, blocks added in order in float64.
// inner > 1: blocks of 64 rows are summed in row order, then blocks in order.
void mk_sum_f32(const float *x, float *y, int64_t outer, int64_t n, int64_t inner);

// The largest (sign 1) or smallest (sign -1) and its lowest position; a NaN wins. n ≥ 1.
void mk_extreme_f32(float sign, const float *x, float *y, int32_t *positions, int64_t outer, int64_t n, int64_t inner);

// dx (zeros before) gets dy at `positions`: the adjoint of mk_extreme_f32.
void mk_place_f32(const float *dy, const int32_t *positions, float *dx, int64_t outer, int64_t n, int64_t inner);
// y = x at `positions`: the adjoint of mk_place_f32.
void mk_pick_f32(const float *x, const int32_t *positions, float *y, int64_t outer, int64_t n, int64_t inner);

// y[r,c] = Σ_{j ≤ c} x[r,j], added from the left
void mk_cumulative_sum_f32(const float *x, float *y, int64_t rows, int64_t cols);
