#include "CKernels.h"

// Runs BODY for each output position and tap with `input` and `output`, positions in x and y, and the tap's factor.
#define FOR_TAPS(BEFORE, BODY)                                                                                  \
  const int32_t *ix[3] = {index, index + taps[0] * out[0], index + taps[0] * out[0] + taps[1] * out[1]};        \
  const float *wt[3] = {weight, weight + taps[0] * out[0], weight + taps[0] * out[0] + taps[1] * out[1]};       \
  for (int64_t b = 0; b < batch; b++)                                                                           \
    for (int64_t i = 0; i < out[0]; i++)                                                                        \
      for (int64_t j = 0; j < out[1]; j++)                                                                      \
        for (int64_t k = 0; k < out[2]; k++) {                                                                  \
          int64_t output = (((b * out[0] + i) * out[1] + j) * out[2] + k) * channels;                           \
          BEFORE                                                                                                \
          for (int64_t p = i * taps[0]; p < (i + 1) * taps[0]; p++)                                             \
            for (int64_t q = j * taps[1]; q < (j + 1) * taps[1]; q++)                                           \
              for (int64_t r = k * taps[2]; r < (k + 1) * taps[2]; r++) {                                       \
                float factor = wt[0][p] * wt[1][q] * wt[2][r];                                                  \
                if (factor == 0.0f) continue;                                                                   \
                int64_t input = (((b * in[0] + ix[0][p]) * in[1] + ix[1][q]) * in[2] + ix[2][r]) * channels;    \
                BODY                                                                                            \
              }                                                                                                 \
        }

MK_VARIANTS
void mk_resize_f32(const float *x, int64_t batch, const int64_t in[3], const int64_t out[3], const int64_t taps[3],
                   int64_t channels, const int32_t *index, const float *weight, float *y) {
  FOR_TAPS(
      { for (int64_t c = 0; c < channels; c++) y[output + c] = 0.0f; },
      {
        const float *from = x + input;
        float *to = y + output;
        for (int64_t c = 0; c < channels; c++) to[c] += factor * from[c];
      })
}

MK_VARIANTS
void mk_resize_adjoint_f32(const float *dy, int64_t batch, const int64_t in[3], const int64_t out[3],
                           const int64_t taps[3], int64_t channels, const int32_t *index, const float *weight,
                           float *dx) {
  FOR_TAPS({}, {
    const float *from = dy + output;
    float *to = dx + input;
    for (int64_t c = 0; c < channels; c++) to[c] += factor * from[c];
  })
}
