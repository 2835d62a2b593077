#pragma once
#include "mk_base.h"

// Indices are checked by the caller.

// y[i,:] = x[indices[i],:]; rows of `width` floats
void mk_gather_rows_f32(const float *x, const int32_t *indices, float *y, int64_t n, int64_t width);
// y[indices[i],:] += x[i,:], in the order of i
void mk_scatter_add_rows_f32(const float *x, const int32_t *indices, float *y, int64_t n, int64_t width);
// y[r,i] = x[r,indices[r,i]]; x (rows, cols), y (rows, n)
void mk_take_along_f32(const float *x, const int32_t *indices, float *y, int64_t rows, int64_t cols, int64_t n);
// y[r,indices[r,i]] += x[r,i], in the order of i; x (rows, n), y (rows, cols)
void mk_scatter_add_along_f32(const float *x, const int32_t *indices, float *y, int64_t rows, int64_t cols, int64_t n);

// The order of each row of x (rows, cols): positions (rows, k) of the k first, k ≤ cols < 2³¹. Equal values keep their
// order; NaN counts as larger than +inf, -0 as 0. `scratch` is 2 · cols words.
void mk_order_f32(const float *x, bool descending, int32_t *positions, uint64_t *scratch, int64_t rows, int64_t cols,
                  int64_t k);
