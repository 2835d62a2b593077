#pragma once
#include "mk_base.h"

// Functions of the rows of x (rows, cols), row-major; y may be x. Rows are shifted by their maximum and summed in 16
// lanes and a tree. A row of -inf alone (or of no element) has log Σ exp = -inf and softmax 0.

// y[r] = log Σ_c exp x[r,c]
void mk_log_sum_exp_f32(const float *x, float *y, int64_t rows, int64_t cols);
// y[r,c] = exp x[r,c] / Σ_c exp x[r,c]
void mk_softmax_f32(const float *x, float *y, int64_t rows, int64_t cols);
// dx[r,c] = y[r,c] (dy[r,c] - Σ_c dy[r,c] y[r,c]), y the softmax
void mk_softmax_gradient_f32(const float *y, const float *dy, float *dx, int64_t rows, int64_t cols);
// y[r,c] = x[r,c] - log Σ_c exp x[r,c]
void mk_log_softmax_f32(const float *x, float *y, int64_t rows, int64_t cols);
// dx[r,c] = dy[r,c] - exp y[r,c] Σ_c dy[r,c], y the log-softmax
void mk_log_softmax_gradient_f32(const float *y, const float *dy, float *dx, int64_t rows, int64_t cols);

// y[r] = (1 - s)(lse[r] - x[r,label]) + s (lse[r] - mean_c x[r,c]), and lse[r] = log Σ exp; both 0 where
// label[r] == ignored. Labels are in 0 ..< cols otherwise.
void mk_cross_entropy_f32(const float *x, const int32_t *label, int32_t ignored, float s, float *y, float *lse,
                          int64_t rows, int64_t cols);
// dx[r,c] = dy[r] (exp(x[r,c] - lse[r]) - target[r,c]); 0 where ignored
void mk_cross_entropy_gradient_f32(const float *x, const int32_t *label, int32_t ignored, float s, const float *lse,
                                   const float *dy, float *dx, int64_t rows, int64_t cols);

// norm[r] = √Σ_c x[r,c]², y = x / max(norm, epsilon)
void mk_l2_normalize_f32(const float *x, float epsilon, float *y, float *norm, int64_t rows, int64_t cols);
// dx = (dy - y Σ_c dy y) / norm; dy / epsilon where norm < epsilon
void mk_l2_normalize_gradient_f32(const float *y, const float *norm, float epsilon, const float *dy, float *dx,
                                  int64_t rows, int64_t cols);
