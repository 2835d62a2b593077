#pragma once
#include "mk_base.h"

// Element-wise loops over n floats. y may be x, a or b itself (same index read before written), not a shifted overlap.

enum mk_binary { MK_ADD, MK_SUB, MK_MUL, MK_DIV, MK_MAX, MK_MIN };

// y[i] = a[i] op b[i]
void mk_binary_f32(int32_t op, const float *a, const float *b, float *y, int64_t n);
// y[i] = a[i] op b
void mk_binary_scalar_f32(int32_t op, const float *a, float b, float *y, int64_t n);
// y[r,c] = a[r,c] op b[c]; a and y are (rows, cols) row-major
void mk_binary_row_f32(int32_t op, const float *a, const float *b, float *y, int64_t rows, int64_t cols);
// y[r,c] = a[r,c] op b[r]
void mk_binary_column_f32(int32_t op, const float *a, const float *b, float *y, int64_t rows, int64_t cols);

// y[i] = f(x[i]); parameter p where the function has one (slope, exponent).
enum mk_unary { MK_NEG, MK_EXP, MK_LOG, MK_SQRT, MK_RSQRT, MK_SQUARE, MK_ABS, MK_TANH, MK_ERF, MK_SIGMOID,
                MK_RELU, MK_RECIPROCAL, MK_SIGN, MK_STEP, MK_SOFTPLUS, MK_LEAKY_RELU, MK_COS, MK_SIN, MK_POW,
                MK_GELU, MK_QUICK_GELU, MK_SILU };
void mk_unary_f32(int32_t f, float p, const float *x, float *y, int64_t n);
