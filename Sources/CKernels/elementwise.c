#include "CKernels.h"
#include "polynomials.h"

// Every index is read before it is written, so vectors are safe even when y is one of the operands.
#define LOOP(expression)                              \
  _Pragma("clang loop vectorize(assume_safety)")      \
  for (int64_t i = 0; i < n; i++) y[i] = (expression)

#define SWITCH(A, B)                                              \
  switch (op) {                                                   \
    case MK_ADD: LOOP(A + B); break;                              \
    case MK_SUB: LOOP(A - B); break;                              \
    case MK_MUL: LOOP(A * B); break;                              \
    case MK_DIV: LOOP(A / B); break;                              \
    case MK_MAX: LOOP(((A >= B) | (A != A)) ? A : B); break;      \
    case MK_MIN: LOOP(((A <= B) | (A != A)) ? A : B); break;      \
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

// Φ(x) + x φ(x)
MK_INLINE float gelu_slope(float x) {
  float distribution = 0.5f * (1.0f + mk_erff(x * 0.70710678118654752f));
  return distribution + x * 0.3989422804014327f * mk_expf(-0.5f * x * x);
}

// s + x s (1 - s)
MK_INLINE float silu_slope(float x, float k) {
  float s = mk_sigmoidf(k * x);
  return s + k * x * s * (1.0f - s);
}

// Integer exponents by squaring, so that negative bases have powers too.
static bool is_small_integer(float p) { return p == __builtin_rintf(p) && p >= -64.0f && p <= 64.0f; }

static float integer_power(float x, float p) {
  float product = 1.0f, factor = x;
  for (uint32_t left = (uint32_t)(p < 0.0f ? -p : p); left != 0; left >>= 1, factor *= factor)
    if (left & 1) product *= factor;
  return p < 0.0f ? 1.0f / product : product;
}

MK_VARIANTS
void mk_unary_f32(int32_t f, float p, float q, const float *x, float *y, int64_t n) {
  switch (f) {
    case MK_NEG: LOOP(-x[i]); break;
    case MK_EXP: LOOP(mk_expf(x[i])); break;
    case MK_LOG: LOOP(mk_logf(x[i])); break;
    case MK_SQRT: LOOP(mk_sqrtf(x[i])); break;
    case MK_RSQRT: LOOP(1.0f / mk_sqrtf(x[i])); break;
    case MK_SQUARE: LOOP(x[i] * x[i]); break;
    case MK_ABS: LOOP(mk_absf(x[i])); break;
    case MK_TANH: LOOP(mk_tanhf(x[i])); break;
    case MK_ERF: LOOP(mk_erff(x[i])); break;
    case MK_SIGMOID: LOOP(mk_sigmoidf(x[i])); break;
    case MK_RELU: LOOP(((x[i] > 0.0f) | (x[i] != x[i])) ? x[i] : 0.0f); break;
    case MK_RECIPROCAL: LOOP(1.0f / x[i]); break;
    case MK_SIGN: LOOP(x[i] > 0.0f ? 1.0f : (x[i] < 0.0f ? -1.0f : 0.0f)); break;
    case MK_STEP: LOOP(x[i] > 0.0f ? 1.0f : 0.0f); break;
    case MK_SOFTPLUS: LOOP(mk_softplusf(x[i])); break;
    case MK_LEAKY_RELU: LOOP(x[i] > 0.0f ? x[i] : p * x[i]); break;
    case MK_COS: LOOP(mk_cosf(x[i])); break;
    case MK_SIN: LOOP(mk_sinf(x[i])); break;
    case MK_POW:
      if (is_small_integer(p)) for (int64_t i = 0; i < n; i++) y[i] = integer_power(x[i], p);
      else LOOP(mk_expf(p * mk_logf(x[i])));
      break;
    case MK_GELU: LOOP(0.5f * x[i] * (1.0f + mk_erff(x[i] * 0.70710678118654752f))); break;
    case MK_QUICK_GELU: LOOP(x[i] * mk_sigmoidf(1.702f * x[i])); break;
    case MK_SILU: LOOP(x[i] * mk_sigmoidf(x[i])); break;
    case MK_ELU: LOOP(x[i] > 0.0f ? x[i] : p * mk_expm1f(x[i])); break;
    case MK_CLAMP: LOOP(x[i] < p ? p : (x[i] > q ? q : x[i])); break;
    case MK_LOG1P: LOOP(mk_log1pf(x[i])); break;
    case MK_EXPM1: LOOP(mk_expm1f(x[i])); break;
  }
}

#define SLOPE(expression)                             \
  _Pragma("clang loop vectorize(assume_safety)")      \
  for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * (expression)

MK_VARIANTS
void mk_unary_gradient_f32(int32_t f, float p, float q, const float *x, const float *dy, float *dx, int64_t n) {
  switch (f) {
    case MK_NEG: SLOPE(-1.0f); break;
    case MK_EXP: SLOPE(mk_expf(x[i])); break;
    case MK_LOG: SLOPE(1.0f / x[i]); break;
    case MK_SQRT: SLOPE(0.5f / mk_sqrtf(x[i])); break;
    case MK_RSQRT: SLOPE(-0.5f / (x[i] * mk_sqrtf(x[i]))); break;
    case MK_SQUARE: SLOPE(2.0f * x[i]); break;
    case MK_ABS: SLOPE(x[i] > 0.0f ? 1.0f : (x[i] < 0.0f ? -1.0f : 0.0f)); break;
    case MK_TANH: SLOPE(1.0f - mk_tanhf(x[i]) * mk_tanhf(x[i])); break;
    case MK_ERF: SLOPE(1.1283791670955126f * mk_expf(-x[i] * x[i])); break;
    case MK_SIGMOID: SLOPE(mk_sigmoidf(x[i]) * mk_sigmoidf(-x[i])); break;
    case MK_RELU: SLOPE(x[i] > 0.0f ? 1.0f : 0.0f); break;
    case MK_RECIPROCAL: SLOPE(-1.0f / (x[i] * x[i])); break;
    case MK_SIGN:
    case MK_STEP: SLOPE(0.0f); break;
    case MK_SOFTPLUS: SLOPE(mk_sigmoidf(x[i])); break;
    case MK_LEAKY_RELU: SLOPE(x[i] > 0.0f ? 1.0f : p); break;
    case MK_COS: SLOPE(-mk_sinf(x[i])); break;
    case MK_SIN: SLOPE(mk_cosf(x[i])); break;
    case MK_POW:
      if (is_small_integer(p)) for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * p * integer_power(x[i], p - 1.0f);
      else SLOPE(p * mk_expf((p - 1.0f) * mk_logf(x[i])));
      break;
    case MK_GELU: SLOPE(gelu_slope(x[i])); break;
    case MK_QUICK_GELU: SLOPE(silu_slope(x[i], 1.702f)); break;
    case MK_SILU: SLOPE(silu_slope(x[i], 1.0f)); break;
    case MK_ELU: SLOPE(x[i] > 0.0f ? 1.0f : p * mk_expf(x[i])); break;
    case MK_CLAMP: SLOPE(((x[i] >= p) & (x[i] <= q)) ? 1.0f : 0.0f); break;
    case MK_LOG1P: SLOPE(1.0f / (1.0f + x[i])); break;
    case MK_EXPM1: SLOPE(mk_expf(x[i])); break;
  }
}

#define COMPARE(B)                                    \
  switch (op) {                                       \
    case MK_EQUAL: LOOP(a[i] == B); break;            \
    case MK_LESS: LOOP(a[i] < B); break;              \
    case MK_LESS_EQUAL: LOOP(a[i] <= B); break;       \
    case MK_GREATER: LOOP(a[i] > B); break;           \
    case MK_GREATER_EQUAL: LOOP(a[i] >= B); break;    \
  }

MK_VARIANTS
void mk_compare_f32(int32_t op, const float *a, const float *b, uint8_t *y, int64_t n) { COMPARE(b[i]) }

MK_VARIANTS
void mk_compare_scalar_f32(int32_t op, const float *a, float b, uint8_t *y, int64_t n) { COMPARE(b) }

MK_VARIANTS
void mk_select_f32(const uint8_t *mask, const float *a, float a_constant, const float *b, float b_constant, float *y,
                   int64_t rows, int64_t cols) {
  int64_t n = cols;
  for (int64_t r = 0; r < rows; r++, y += cols) {
    if (a && b) LOOP(mask[i] ? a[i] : b[i]);
    else if (a) LOOP(mask[i] ? a[i] : b_constant);
    else if (b) LOOP(mask[i] ? a_constant : b[i]);
    else LOOP(mask[i] ? a_constant : b_constant);
    if (a) a += cols;
    if (b) b += cols;
  }
}

MK_VARIANTS
bool mk_all_finite_f32(const float *x, int64_t n) {
  for (int64_t start = 0; start < n; start += 4096) {
    int64_t end = start + 4096 < n ? start + 4096 : n;
    uint32_t wrong = 0;
    for (int64_t i = start; i < end; i++) wrong |= (mk_float_to_bits(x[i]) & 0x7f800000u) == 0x7f800000u;
    if (wrong) return false;
  }
  return true;
}
