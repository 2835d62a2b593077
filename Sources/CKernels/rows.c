#include "CKernels.h"
#include "lanes.h"

// log Σ exp; `y`, if given, keeps exp(x - max). `scale` gets 1 / Σ exp(x - max), 0 for a row of -inf.
MK_INLINE float log_sum_exp(const float *x, float *y, float *scale, int64_t n) {
  float top = mk_row_max(x, n);
  if (top == -__builtin_inff()) {
    // Of -inf alone, of nothing, or of NaN, which every comparison skipped.
    float any = 0.0f;
    for (int64_t c = 0; c < n; c++) any = x[c] != x[c] ? x[c] : any;
    if (y) for (int64_t c = 0; c < n; c++) y[c] = any;
    *scale = any;
    return any != any ? any : top;
  }
  float total;
  if (y) {
    for (int64_t c = 0; c < n; c++) y[c] = mk_expf(x[c] - top);
    MK_SUM(float, total, n, y[i]);
  } else {
    MK_SUM(float, total, n, mk_expf(x[i] - top));
  }
  *scale = 1.0f / total;
  return top + mk_logf(total);
}

MK_VARIANTS
void mk_log_sum_exp_f32(const float *x, float *y, int64_t rows, int64_t cols) {
  float scale;
  for (int64_t r = 0; r < rows; r++, x += cols) y[r] = log_sum_exp(x, 0, &scale, cols);
}

MK_VARIANTS
void mk_softmax_f32(const float *x, float *y, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
    float scale;
    log_sum_exp(x, y, &scale, cols);
    for (int64_t c = 0; c < cols; c++) y[c] *= scale;
  }
}

MK_VARIANTS
void mk_softmax_gradient_f32(const float *y, const float *dy, float *dx, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, y += cols, dy += cols, dx += cols) {
    float inner;
    MK_SUM(float, inner, cols, dy[i] * y[i]);
    for (int64_t c = 0; c < cols; c++) dx[c] = y[c] * (dy[c] - inner);
  }
}

MK_VARIANTS
void mk_log_softmax_f32(const float *x, float *y, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
    float scale, total = log_sum_exp(x, 0, &scale, cols);
    if (total == -__builtin_inff())
      for (int64_t c = 0; c < cols; c++) y[c] = total;
    else
      for (int64_t c = 0; c < cols; c++) y[c] = x[c] - total;
  }
}

MK_VARIANTS
void mk_log_softmax_gradient_f32(const float *y, const float *dy, float *dx, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, y += cols, dy += cols, dx += cols) {
    float total;
    MK_SUM(float, total, cols, dy[i]);
    for (int64_t c = 0; c < cols; c++) dx[c] = dy[c] - mk_expf(y[c]) * total;
  }
}

MK_VARIANTS
void mk_cross_entropy_f32(const float *x, const int32_t *label, int32_t ignored, float s, float *y, float *lse,
                          int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols) {
    if (label[r] == ignored) {
      y[r] = lse[r] = 0.0f;
      continue;
    }
    float scale, total = log_sum_exp(x, 0, &scale, cols);
    lse[r] = total;
    y[r] = total - x[label[r]];
    if (s != 0.0f) {  // without smoothing a masked class (-inf) must not meet 0 · inf
      float all;
      MK_SUM(float, all, cols, total - x[i]);
      y[r] = (1.0f - s) * y[r] + s * (all / (float)cols);
    }
  }
}

MK_VARIANTS
void mk_cross_entropy_gradient_f32(const float *x, const int32_t *label, int32_t ignored, float s, const float *lse,
                                   const float *dy, float *dx, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols, dx += cols) {
    if (label[r] == ignored) {
      for (int64_t c = 0; c < cols; c++) dx[c] = 0.0f;
      continue;
    }
    float share = s / (float)cols, weight = dy[r], total = lse[r];
    for (int64_t c = 0; c < cols; c++) dx[c] = weight * (mk_expf(x[c] - total) - share);
    dx[label[r]] -= weight * (1.0f - s);
  }
}

MK_VARIANTS
void mk_l2_normalize_f32(const float *x, float epsilon, float *y, float *norm, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
    float squares;
    MK_SUM(float, squares, cols, x[i] * x[i]);
    norm[r] = mk_sqrtf(squares);
    float divisor = norm[r] < epsilon ? epsilon : norm[r];
    for (int64_t c = 0; c < cols; c++) y[c] = x[c] / divisor;
  }
}

MK_VARIANTS
void mk_l2_normalize_gradient_f32(const float *y, const float *norm, float epsilon, const float *dy, float *dx,
                                  int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, y += cols, dy += cols, dx += cols) {
    float inner = 0.0f, divisor = epsilon;
    if (norm[r] >= epsilon) {
      MK_SUM(float, inner, cols, dy[i] * y[i]);
      divisor = norm[r];
    }
    for (int64_t c = 0; c < cols; c++) dx[c] = (dy[c] - y[c] * inner) / divisor;
  }
}
