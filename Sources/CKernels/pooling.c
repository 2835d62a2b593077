#include "CKernels.h"
#include <string.h>

enum { BLOCK = 64 };  // channels worked on at once

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

MK_VARIANTS
void mk_pool_max_f32(const float *x, const mk_window *w, float *y, int32_t *index) {
  const int64_t *in = w->in, *out = w->out;
  int64_t channels = w->channels;
  for (int64_t b = 0; b < w->batch; b++, x += in[0] * in[1] * in[2] * channels)
    for (int64_t p = 0; p < out[0] * out[1] * out[2]; p++, y += channels, index += channels) {
      int64_t start[3] = {p / (out[1] * out[2]), p / out[2] % out[1], p % out[2]};
      for (int a = 0; a < 3; a++) start[a] = start[a] * w->stride[a] - w->padding[a];
      int fresh = 1;
      for (int64_t kz = 0; kz < w->kernel[0]; kz++) {
        int64_t z = start[0] + kz * w->dilation[0];
        if (z < 0 || z >= in[0]) continue;
        for (int64_t ky = 0; ky < w->kernel[1]; ky++) {
          int64_t v = start[1] + ky * w->dilation[1];
          if (v < 0 || v >= in[1]) continue;
          for (int64_t kx = 0; kx < w->kernel[2]; kx++) {
            int64_t u = start[2] + kx * w->dilation[2];
            if (u < 0 || u >= in[2]) continue;
            int32_t place = (int32_t)((z * in[1] + v) * in[2] + u);
            const float *from = x + (int64_t)place * channels;
            if (fresh) {
              memcpy(y, from, (size_t)channels * sizeof(float));
              for (int64_t c = 0; c < channels; c++) index[c] = place;
              fresh = 0;
              continue;
            }
            for (int64_t c = 0; c < channels; c++) {
              float value = from[c], best = y[c];
              int better = (value > best) | ((value != value) & (best == best));
              y[c] = better ? value : best;
              index[c] = better ? place : index[c];
            }
          }
        }
      }
    }
}

void mk_pool_gather_f32(const float *x, const int32_t *index, int64_t images, int64_t inputs, int64_t outputs,
                        int64_t channels, float *y) {
  for (int64_t b = 0; b < images; b++, x += inputs * channels)
    for (int64_t o = 0; o < outputs; o++, y += channels, index += channels)
      for (int64_t c = 0; c < channels; c++) y[c] = x[(int64_t)index[c] * channels + c];
}

void mk_pool_scatter_f32(const float *dy, const int32_t *index, int64_t images, int64_t inputs, int64_t outputs,
                         int64_t channels, float *dx) {
  for (int64_t b = 0; b < images; b++, dx += inputs * channels)
    for (int64_t o = 0; o < outputs; o++, dy += channels, index += channels)
      for (int64_t c = 0; c < channels; c++) dx[(int64_t)index[c] * channels + c] += dy[c];
}

// Runs BODY once for each output position with its three bounds z, v, u and its divisor's reciprocal.
#define FOR_BOXES(BODY)                                                                        \
  for (int64_t b = 0; b < batch; b++)                                                          \
    for (int64_t i = 0; i < out[0]; i++)                                                       \
      for (int64_t j = 0; j < out[1]; j++)                                                     \
        for (int64_t k = 0; k < out[2]; k++) {                                                 \
          const int64_t *z = bounds + 3 * i, *v = bounds + 3 * (out[0] + j);                   \
          const int64_t *u = bounds + 3 * (out[0] + out[1] + k);                               \
          float factor = 1.0f / (float)(z[2] * v[2] * u[2]);                                   \
          int64_t image = b * in[0];                                                           \
          int64_t output = ((b * out[0] + i) * out[1] + j) * out[2] + k;                       \
          BODY                                                                                 \
        }

MK_VARIANTS
void mk_pool_mean_f32(const float *x, int64_t batch, const int64_t in[3], const int64_t out[3], int64_t channels,
                      const int64_t *bounds, float *y) {
  FOR_BOXES({
    for (int64_t c0 = 0; c0 < channels; c0 += BLOCK) {
      int64_t width = smaller(BLOCK, channels - c0);
      float total[BLOCK] = {0};
      for (int64_t d = z[0]; d < z[1]; d++)
        for (int64_t h = v[0]; h < v[1]; h++) {
          float partial[BLOCK] = {0};
          const float *row = x + ((image + d) * in[1] + h) * in[2] * channels + c0;
          for (int64_t t = u[0]; t < u[1]; t++)
            for (int64_t c = 0; c < width; c++) partial[c] += row[t * channels + c];
          for (int64_t c = 0; c < width; c++) total[c] += partial[c];
        }
      for (int64_t c = 0; c < width; c++) y[output * channels + c0 + c] = total[c] * factor;
    }
  })
}

MK_VARIANTS
void mk_pool_mean_adjoint_f32(const float *dy, int64_t batch, const int64_t in[3], const int64_t out[3],
                              int64_t channels, const int64_t *bounds, float *dx) {
  FOR_BOXES({
    const float *from = dy + output * channels;
    for (int64_t d = z[0]; d < z[1]; d++)
      for (int64_t h = v[0]; h < v[1]; h++)
        for (int64_t t = u[0]; t < u[1]; t++) {
          float *to = dx + (((image + d) * in[1] + h) * in[2] + t) * channels;
          for (int64_t c = 0; c < channels; c++) to[c] += from[c] * factor;
        }
  })
}
