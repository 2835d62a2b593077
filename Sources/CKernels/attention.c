#include "CKernels.h"
#include "polynomials.h"

enum { LANES = 16 };

// Adds the mask and returns how many columns of the row count.
static inline __attribute__((always_inline)) int64_t masked(float *s, int64_t cols, int64_t query, int32_t causal,
                                                            const float *mask, int64_t maskCol) {
  int64_t n = causal && query + 1 < cols ? query + 1 : cols;
  if (mask && maskCol == 1)
    for (int64_t c = 0; c < n; c++) s[c] += mask[c];
  else if (mask)
    for (int64_t c = 0; c < n; c++) s[c] += mask[c * maskCol];
  for (int64_t c = n; c < cols; c++) s[c] = 0.0f;
  return n;
}

MK_VARIANTS
void mk_attention_softmax_f32(float *s, int64_t rows, int64_t cols, int64_t first, int32_t causal, const float *mask,
                              int64_t maskRow, int64_t maskCol, float *logs) {
  for (int64_t r = 0; r < rows; r++, s += cols) {
    int64_t n = masked(s, cols, first + r, causal, mask ? mask + r * maskRow : 0, maskCol);
    float top[LANES], lane[LANES] = {0};
    for (int l = 0; l < LANES; l++) top[l] = -__builtin_inff();
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES)
      for (int l = 0; l < LANES; l++) top[l] = s[c + l] > top[l] ? s[c + l] : top[l];
    for (int l = 0; c + l < n; l++) top[l] = s[c + l] > top[l] ? s[c + l] : top[l];
    for (int half = LANES / 2; half >= 1; half /= 2)
      for (int l = 0; l < half; l++) top[l] = top[l + half] > top[l] ? top[l + half] : top[l];
    float shift = top[0];
    if (shift == -__builtin_inff()) {
      int64_t nans = 0;
      for (c = 0; c < n; c++) nans += s[c] != s[c];
      for (c = 0; c < n; c++) s[c] = nans ? __builtin_nanf("") : 0.0f;
      logs[r] = nans ? __builtin_nanf("") : __builtin_inff();
      continue;
    }
    for (c = 0; c < n; c++) s[c] = mk_expf(s[c] - shift);
    for (c = 0; c + LANES <= n; c += LANES)
      for (int l = 0; l < LANES; l++) lane[l] += s[c + l];
    for (int l = 0; c + l < n; l++) lane[l] += s[c + l];
    for (int half = LANES / 2; half >= 1; half /= 2)
      for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    float scale = 1.0f / lane[0];
    for (c = 0; c < n; c++) s[c] *= scale;
    logs[r] = shift + mk_logf(lane[0]);
  }
}

MK_VARIANTS
void mk_attention_recover_f32(float *s, int64_t rows, int64_t cols, int64_t first, int32_t causal, const float *mask,
                              int64_t maskRow, int64_t maskCol, const float *logs) {
  for (int64_t r = 0; r < rows; r++, s += cols) {
    int64_t n = masked(s, cols, first + r, causal, mask ? mask + r * maskRow : 0, maskCol);
    float shift = logs[r];
    for (int64_t c = 0; c < n; c++) s[c] = mk_expf(s[c] - shift);
  }
}

MK_VARIANTS
void mk_attention_gradient_f32(const float *p, float *dp, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, p += cols, dp += cols) {
    float lane[LANES] = {0};
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES)
      for (int l = 0; l < LANES; l++) lane[l] += p[c + l] * dp[c + l];
    for (int l = 0; c + l < cols; l++) lane[l] += p[c + l] * dp[c + l];
    for (int half = LANES / 2; half >= 1; half /= 2)
      for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    for (c = 0; c < cols; c++) dp[c] = p[c] * (dp[c] - lane[0]);
  }
}
