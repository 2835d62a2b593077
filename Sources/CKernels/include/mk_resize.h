#pragma once
#include "mk_base.h"

// Resampling of (batch, in, channels) to (batch, out, channels), both with three axes. Output i of axis a is a weighted
// sum of taps[a] inputs; `index` and `weight` hold taps[a] entries for each output of axis 0, then 1, then 2.
// Taps of weight zero are not read.
void mk_resize_f32(const float *x, int64_t batch, const int64_t in[3], const int64_t out[3], const int64_t taps[3],
                   int64_t channels, const int32_t *index, const float *weight, float *y);
// The adjoint: dx += weighted dy; outputs, then taps, in index order.
void mk_resize_adjoint_f32(const float *dy, int64_t batch, const int64_t in[3], const int64_t out[3],
                           const int64_t taps[3], int64_t channels, const int32_t *index, const float *weight,
                           float *dx);
