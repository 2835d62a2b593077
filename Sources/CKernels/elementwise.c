#include "CKernels.h"
#include "polynomials.h"

#define LOOP(expression) \
  for (int64_t i = 0; i < n; i++) y[i] = (expression)

#define SWITCH(A, B)                                    \
  switch (op) {                                         \
    case MK_ADD: LOOP(A + B); break;                    \
    case MK_SUB: LOOP(A - B); break;                    \
    case MK_MUL: LOOP(A * B); break;                    \
    case MK_DIV: LOOP(A / B); break;                    \
    case MK_MAX: LOOP(A >= B ? A : B); break;           \
    case MK_MIN: LOOP(A <= B ? A : B); break;           \
  }

MK_VARIANTS
void mk_binary_f32(int32_t op, const float *a, const float *b, float *y, int64_t n) { SWITCH(a[i], b[i]) }

MK_VARIANTS
void mk_binary_scalar_f32(int32_t op, const float *a, float b, float *y, int64_t n) { SWITCH(a[i], b) }

MK_VARIANTS
void mk_binary_row_f32(int32_t op, const float *a, const float *b, float *y, int64_t rows, int64_t cols) {
  int64_t n = cols;
  for (int64_t r = 0; r < rows; r++, a += cols, y += cols) { SWITCH(a[i], b[i]) }
}

MK_VARIANTS
void mk_binary_column_f32(int32_t op, const float *a, const float *b, float *y, int64_t rows, int64_t cols) {
  int64_t n = cols;
  for (int64_t r = 0; r < rows; r++, a += cols, y += cols) { SWITCH(a[i], b[r]) }
}

static inline float sigmoid(float x) {
  float e = mk_expf(x < 0.0f ? x : -x);
  float s = 1.0f / (1.0f + e);
  return x < 0.0f ? e * s : s;
}

static inline float softplus(float x) {
  float e = mk_expf(x < 0.0f ? x : -x);
  return (x > 0.0f ? x : 0.0f) + (e < 1e-4f ? e * (1.0f - 0.5f * e) : mk_logf(1.0f + e));
}

MK_VARIANTS
void mk_unary_f32(int32_t f, float p, const float *x, float *y, int64_t n) {
  switch (f) {
    case MK_NEG: LOOP(-x[i]); break;
    case MK_EXP: LOOP(mk_expf(x[i])); break;
    case MK_LOG: LOOP(mk_logf(x[i])); break;
    case MK_SQRT: LOOP(mk_sqrtf(x[i])); break;
    case MK_RSQRT: LOOP(1.0f / mk_sqrtf(x[i])); break;
    case MK_SQUARE: LOOP(x[i] * x[i]); break;
    case MK_ABS: LOOP(x[i] < 0.0f ? -x[i] : x[i]); break;
    case MK_TANH: LOOP(mk_tanhf(x[i])); break;
    case MK_ERF: LOOP(mk_erff(x[i])); break;
    case MK_SIGMOID: LOOP(sigmoid(x[i])); break;
    case MK_RELU: LOOP(x[i] > 0.0f ? x[i] : 0.0f); break;
    case MK_RECIPROCAL: LOOP(1.0f / x[i]); break;
    case MK_SIGN: LOOP(x[i] > 0.0f ? 1.0f : (x[i] < 0.0f ? -1.0f : 0.0f)); break;
    case MK_STEP: LOOP(x[i] > 0.0f ? 1.0f : 0.0f); break;
    case MK_SOFTPLUS: LOOP(softplus(x[i])); break;
    case MK_LEAKY_RELU: LOOP(x[i] > 0.0f ? x[i] : p * x[i]); break;
    case MK_COS: LOOP(mk_cos_turn(x[i] * 0.15915494309189535f)); break;
    case MK_SIN: LOOP(mk_cos_turn(x[i] * 0.15915494309189535f - 0.25f)); break;
    case MK_POW: LOOP(mk_expf(p * mk_logf(x[i]))); break;
    case MK_GELU: LOOP(0.5f * x[i] * (1.0f + mk_erff(x[i] * 0.70710678118654752f))); break;
    case MK_QUICK_GELU: LOOP(x[i] * sigmoid(1.702f * x[i])); break;
    case MK_SILU: LOOP(x[i] * sigmoid(x[i])); break;
  }
}
