#pragma once
#include "mk_window.h"

// columns[r, tap, c] = input read by tap of output position first + r, channel c0 + c; zero outside. Output positions
// are numbered over (batch, depth, height, width); columns is (count, taps, width), not aliasing x.
void mk_im2col_f32(const float *x, const mk_window *w, int64_t c0, int64_t width, int64_t first, int64_t count,
                   float *columns);

// The adjoint: dx += what mk_im2col_f32 would have read; positions, then taps, in index order.
void mk_col2im_f32(const float *columns, const mk_window *w, int64_t c0, int64_t width, int64_t first, int64_t count,
                   float *dx);

// y[r, c] = row[c]; y is (rows, cols).
void mk_fill_rows_f32(const float *row, float *y, int64_t rows, int64_t cols);

// The weight of the adjoint of a stride-1 convolution: from (taps, in/groups, out) to (taps reversed, out/groups, in).
void mk_flip_weight_f32(const float *weight, float *y, int64_t taps, int64_t in, int64_t out, int64_t groups);

// Depthwise convolution: output channel c·m + j reads input channel c; weight is (taps, channels·m), bias may be NULL.
void mk_depthwise_f32(const float *x, const float *weight, const float *bias, const mk_window *w, int64_t m, float *y);
// dx += its adjoint in x; positions, then taps, in index order.
void mk_depthwise_input_f32(const float *dy, const float *weight, const mk_window *w, int64_t m, float *dx);
// dweight += its adjoint in weight; one partial sum for each output row, kept in scratch (taps, channels·m).
void mk_depthwise_weight_f32(const float *x, const float *dy, const mk_window *w, int64_t m, float *scratch,
                             float *dweight);
