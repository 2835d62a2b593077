#pragma once
#include "mk_base.h"

// Element-wise loops over n floats. y may be x, a or b itself (same index read before written), not a shifted overlap.

// The larger and the smaller are NaN where either operand is.
enum mk_binary { MK_ADD, MK_SUB, MK_MUL, MK_DIV, MK_MAX, MK_MIN };

// y[i] = a[i] op b[i]
void mk_binary_f32(int32_t op, const float *a, const float *b, float *y, int64_t n);
// y[i] = a[i] op b
void mk_binary_scalar_f32(int32_t op, const float *a, float b, float *y, int64_t n);
// y[r,c] = a[r,c] op b[c]; a and y are (rows, cols) row-major
void mk_binary_row_f32(int32_t op, const float *a, const float *b, float *y, int64_t rows, int64_t cols);
// y[r,c] = a[r,c] op b[r]
void mk_binary_column_f32(int32_t op, const float *a, const float *b, float *y, int64_t rows, int64_t cols);

// y[i] = f(x[i]); p and q where the function has them (slope; exponent; lower and upper bound).
enum mk_unary { MK_NEG, MK_EXP, MK_LOG, MK_SQRT, MK_RSQRT, MK_SQUARE, MK_ABS, MK_TANH, MK_ERF, MK_SIGMOID,
                MK_RELU, MK_RECIPROCAL, MK_SIGN, MK_STEP, MK_SOFTPLUS, MK_LEAKY_RELU, MK_COS, MK_SIN, MK_POW,
                MK_GELU, MK_QUICK_GELU, MK_SILU, MK_ELU, MK_CLAMP, MK_LOG1P, MK_EXPM1 };
void mk_unary_f32(int32_t f, float p, float q, const float *x, float *y, int64_t n);
// dx[i] = dy[i] · f'(x[i]); 0 at the kinks of abs and relu, 1 on the closed interval of clamp.
void mk_unary_gradient_f32(int32_t f, float p, float q, const float *x, const float *dy, float *dx, int64_t n);

// y[i] = a[i] op b[i] as 1 or 0
enum mk_comparison { MK_EQUAL, MK_LESS, MK_LESS_EQUAL, MK_GREATER, MK_GREATER_EQUAL };
void mk_compare_f32(int32_t op, const float *a, const float *b, uint8_t *y, int64_t n);
void mk_compare_scalar_f32(int32_t op, const float *a, float b, uint8_t *y, int64_t n);

// y[r,c] = mask[c] ? a[r,c] : b[r,c] for (rows, cols); where a or b is NULL its constant stands for it.
void mk_select_f32(const uint8_t *mask, const float *a, float a_constant, const float *b, float b_constant, float *y,
                   int64_t rows, int64_t cols);

// Whether no element is infinite or NaN.
bool mk_all_finite_f32(const float *x, int64_t n);
