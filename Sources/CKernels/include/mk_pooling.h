#pragma once
#include "mk_window.h"

// y = the largest input of each window and channel, ties to the lowest tap, NaN winning; index = its position in
// (depth, height, width). y and index are (batch, out, channels). Every window must reach the input.
void mk_pool_max_f32(const float *x, const mk_window *w, float *y, int32_t *index);

// For `images` of `outputs` positions each: y[b,o,c] = x[b, index[b,o,c], c], x having `inputs` positions an image.
void mk_pool_gather_f32(const float *x, const int32_t *index, int64_t images, int64_t inputs, int64_t outputs,
                        int64_t channels, float *y);
// The adjoint: dx[b, index[b,o,c], c] += dy[b,o,c], outputs in index order.
void mk_pool_scatter_f32(const float *dy, const int32_t *index, int64_t images, int64_t inputs, int64_t outputs,
                         int64_t channels, float *dx);

// y = mean over boxes. The box of output i of an axis is first ..< last, and divides by `divisor`: bounds holds these
// three for each output of axis 0, then 1, then 2. Sums along the last axis are rounded to float before they are added.
void mk_pool_mean_f32(const float *x, int64_t batch, const int64_t in[3], const int64_t out[3], int64_t channels,
                      const int64_t *bounds, float *y);
// The adjoint: dx += dy / divisors over each box, outputs in index order.
void mk_pool_mean_adjoint_f32(const float *dy, int64_t batch, const int64_t in[3], const int64_t out[3],
                              int64_t channels, const int64_t *bounds, float *dx);
