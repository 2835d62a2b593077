#pragma once
#include "mk_base.h"

// y (contiguous) = x read through `shape` and `strides` (elements), `rank` axes.
void mk_copy_strided_f32(const float *x, const int64_t *shape, const int64_t *strides, int32_t rank, float *y);

// y[c] = Σ_r x[r,c]; x (rows, cols) row-major. For cols == 1: 16 lanes (lane i takes rows i, i+16 …), then a tree
// 8,4,2,1. Else blocks of 64 rows are summed in row order, then blocks in order.
void mk_sum_rows_f32(const float *x, float *y, int64_t rows, int64_t cols);
