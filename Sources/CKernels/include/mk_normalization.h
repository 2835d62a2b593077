#pragma once
#include "mk_base.h"

// Normalisation by channel: x, y, dy, dx are (groups, rows, channels), one group for batch normalisation, one a sample
// for group and instance normalisation; everything else is (groups, channels). x̂ = (x − mean) · inverse.

// Mean and sum of squared deviations over rows, zeros for no rows. Blocks of 64 rows are summed in float64 in row
// order and merged in order (Chan et al. 1979).
void mk_channel_moments_f64(const float *x, int64_t groups, int64_t rows, int64_t channels, double *mean,
                            double *deviations);
// y = (x − mean) · scale + shift. y may be x.
void mk_channel_apply_f32(const float *x, const float *mean, const float *scale, const float *shift, int64_t groups,
                          int64_t rows, int64_t channels, float *y);
// sums = Σ dy and products = Σ dy·x̂ over rows, in row order, in float64.
void mk_channel_gradient_sums_f64(const float *dy, const float *x, const float *mean, const float *inverse,
                                  int64_t groups, int64_t rows, int64_t channels, double *sums, double *products);
// dx = inverse · (weight·dy − a − x̂·b). dx may be dy.
void mk_channel_input_gradient_f32(const float *dy, const float *x, const float *mean, const float *inverse,
                                   const float *weight, const float *a, const float *b, int64_t groups, int64_t rows,
                                   int64_t channels, float *dx);

// Layer normalisation of (rows, cols): y = (x − mean) · inverse · weight + bias, inverse = 1 / √(variance + epsilon);
// weight and bias may be NULL. Sums in 16 lanes (lane i takes columns i, i+16 …), then a tree 8,4,2,1.
void mk_layer_norm_f32(const float *x, const float *weight, const float *bias, float epsilon, int64_t rows,
                       int64_t cols, float *y, float *mean, float *inverse);
// dx, and dweight += Σ dy·x̂, dbias += Σ dy: blocks of 64 rows are summed in row order in scratch (2, cols), then blocks.
void mk_layer_norm_gradient_f32(const float *dy, const float *x, const float *weight, const float *mean,
                                const float *inverse, int64_t rows, int64_t cols, float *scratch, float *dx,
                                float *dweight, float *dbias);
