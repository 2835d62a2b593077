#include "CKernels.h"
#include "polynomials.h"

enum { BLOCK = 64, LANES = 16 };

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// One block of rows of up to BLOCK channels, merged into (mean, deviations) of the `before` rows above it.
static inline __attribute__((always_inline)) void merge_block(const float *x, int64_t rows, int64_t stride,
                                                              int64_t width, int64_t before, double *mean,
                                                              double *deviations) {
  double sum[BLOCK] = {0}, square[BLOCK] = {0};
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < width; c++) sum[c] += (double)x[r * stride + c];
  for (int64_t c = 0; c < width; c++) sum[c] /= (double)rows;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < width; c++) {
      double d = (double)x[r * stride + c] - sum[c];
      square[c] += d * d;
    }
  double share = (double)rows / (double)(before + rows);
  for (int64_t c = 0; c < width; c++) {
    double d = sum[c] - mean[c];
    mean[c] += d * share;
    deviations[c] += square[c] + d * d * (double)before * share;
  }
}

MK_VARIANTS
void mk_channel_moments_f64(const float *x, int64_t groups, int64_t rows, int64_t channels, double *mean,
                            double *deviations) {
  for (int64_t i = 0; i < groups * channels; i++) mean[i] = deviations[i] = 0.0;
  for (int64_t g = 0; g < groups; g++, x += rows * channels, mean += channels, deviations += channels)
    for (int64_t r = 0; r < rows; r += BLOCK)
      for (int64_t c = 0; c < channels; c += BLOCK) {
        int64_t width = smaller(BLOCK, channels - c);
        const float *from = x + r * channels + c;
        if (width == BLOCK)
          merge_block(from, smaller(BLOCK, rows - r), channels, BLOCK, r, mean + c, deviations + c);
        else
          merge_block(from, smaller(BLOCK, rows - r), channels, width, r, mean + c, deviations + c);
      }
}

MK_VARIANTS
void mk_channel_apply_f32(const float *x, const float *mean, const float *scale, const float *shift, int64_t groups,
                          int64_t rows, int64_t channels, float *y) {
  for (int64_t g = 0; g < groups; g++, mean += channels, scale += channels, shift += channels)
    for (int64_t r = 0; r < rows; r++, x += channels, y += channels)
      for (int64_t c = 0; c < channels; c++) y[c] = (x[c] - mean[c]) * scale[c] + shift[c];
}

MK_VARIANTS
void mk_channel_gradient_sums_f64(const float *dy, const float *x, const float *mean, const float *inverse,
                                  int64_t groups, int64_t rows, int64_t channels, double *sums, double *products) {
  for (int64_t i = 0; i < groups * channels; i++) sums[i] = products[i] = 0.0;
  for (int64_t g = 0; g < groups; g++) {
    for (int64_t r0 = 0; r0 < rows; r0 += BLOCK)
      for (int64_t c0 = 0; c0 < channels; c0 += BLOCK) {
        int64_t width = smaller(BLOCK, channels - c0), last = smaller(r0 + BLOCK, rows);
        double sum[BLOCK] = {0}, product[BLOCK] = {0};
        for (int64_t r = r0; r < last; r++) {
          const float *d = dy + r * channels + c0, *v = x + r * channels + c0;
          for (int64_t c = 0; c < width; c++) {
            sum[c] += (double)d[c];
            product[c] += (double)(d[c] * ((v[c] - mean[c0 + c]) * inverse[c0 + c]));
          }
        }
        for (int64_t c = 0; c < width; c++) sums[c0 + c] += sum[c], products[c0 + c] += product[c];
      }
    dy += rows * channels, x += rows * channels;
    mean += channels, inverse += channels, sums += channels, products += channels;
  }
}

MK_VARIANTS
void mk_channel_input_gradient_f32(const float *dy, const float *x, const float *mean, const float *inverse,
                                   const float *weight, const float *a, const float *b, int64_t groups, int64_t rows,
                                   int64_t channels, float *dx) {
  for (int64_t g = 0; g < groups; g++) {
    for (int64_t r = 0; r < rows; r++, dy += channels, x += channels, dx += channels)
      for (int64_t c = 0; c < channels; c++)
        dx[c] = inverse[c] * (weight[c] * dy[c] - a[c] - (x[c] - mean[c]) * inverse[c] * b[c]);
    mean += channels, inverse += channels, weight += channels, a += channels, b += channels;
  }
}

// total = Σ_c EXPRESSION(c) in 16 lanes, then a tree.
#define LANE_SUM(total, EXPRESSION)                                   \
  do {                                                                \
    float lane[LANES] = {0};                                          \
    int64_t start = 0;                                                \
    for (; start + LANES <= cols; start += LANES)                     \
      for (int l = 0; l < LANES; l++) {                               \
        int64_t c = start + l;                                        \
        lane[l] += (EXPRESSION);                                      \
      }                                                               \
    for (int64_t c = start; c < cols; c++) lane[c - start] += (EXPRESSION); \
    for (int half = LANES / 2; half >= 1; half /= 2)                  \
      for (int l = 0; l < half; l++) lane[l] += lane[l + half];       \
    total = lane[0];                                                  \
  } while (0)

MK_VARIANTS
void mk_layer_norm_f32(const float *x, const float *weight, const float *bias, float epsilon, int64_t rows,
                       int64_t cols, float *y, float *mean, float *inverse) {
  float share = 1.0f / (float)cols;
  for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
    float sum, square;
    LANE_SUM(sum, x[c]);
    float m = sum * share;
    LANE_SUM(square, (x[c] - m) * (x[c] - m));
    float s = 1.0f / mk_sqrtf(square * share + epsilon);
    mean[r] = m, inverse[r] = s;
    if (weight && bias)
      for (int64_t c = 0; c < cols; c++) y[c] = (x[c] - m) * s * weight[c] + bias[c];
    else if (weight)
      for (int64_t c = 0; c < cols; c++) y[c] = (x[c] - m) * s * weight[c];
    else if (bias)
      for (int64_t c = 0; c < cols; c++) y[c] = (x[c] - m) * s + bias[c];
    else
      for (int64_t c = 0; c < cols; c++) y[c] = (x[c] - m) * s;
  }
}

MK_VARIANTS
void mk_layer_norm_gradient_f32(const float *dy, const float *x, const float *weight, const float *mean,
                                const float *inverse, int64_t rows, int64_t cols, float *scratch, float *dx,
                                float *dweight, float *dbias) {
  float share = 1.0f / (float)cols;
  for (int64_t r0 = 0; r0 < rows; r0 += BLOCK) {
    for (int64_t c = 0; c < 2 * cols; c++) scratch[c] = 0.0f;
    for (int64_t r = r0; r < smaller(r0 + BLOCK, rows); r++, dy += cols, x += cols, dx += cols) {
      float m = mean[r], s = inverse[r], a, b;
      if (weight) {
        LANE_SUM(a, dy[c] * weight[c]);
        LANE_SUM(b, dy[c] * weight[c] * ((x[c] - m) * s));
      } else {
        LANE_SUM(a, dy[c]);
        LANE_SUM(b, dy[c] * ((x[c] - m) * s));
      }
      a *= share, b *= share;
      for (int64_t c = 0; c < cols; c++) {
        float unit = (x[c] - m) * s;
        scratch[c] += dy[c] * unit;
        scratch[cols + c] += dy[c];
        dx[c] = s * ((weight ? dy[c] * weight[c] : dy[c]) - a - unit * b);
      }
    }
    for (int64_t c = 0; c < cols; c++) dweight[c] += scratch[c], dbias[c] += scratch[cols + c];
  }
}
