#pragma once
#include "mk_base.h"

// Tiles z (rows, cols) of a matrix of similarities, row-major; entries of -inf take no part.

// Streams (m, l) with log Σ exp = m + log l per row: m, l [rows] hold what came before, (-inf, 0) at first. The tile's
// columns are summed in 16 lanes and a tree.
void mk_stream_rows_f32(const float *z, float *m, float *l, int64_t rows, int64_t cols);

// The same per column over the rows of this tile alone: m[c] = max_r, l[c] = Σ_r exp(z - m[c]) in row order, (-inf, 0)
// where nothing takes part.
void mk_column_sums_f32(const float *z, float *m, float *l, int64_t rows, int64_t cols);

// z[r,c] = a exp(z - row[r]) + b exp(z - column[c]); a term whose shift is +inf is 0. Either shift may be NULL.
void mk_pair_weights_f32(float *z, const float *row, float a, const float *column, float b, int64_t rows, int64_t cols);

// Σ x[i] y[i] in float64, 16 lanes and a tree
double mk_dot_f64(const float *x, const float *y, int64_t n);
// Σ x[i] in float64, 16 lanes and a tree
double mk_total_f64(const float *x, int64_t n);
