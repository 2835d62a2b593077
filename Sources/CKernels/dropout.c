#include "CKernels.h"

enum { LANES = 16 };

// Philox4x32-10 for LANES consecutive draws, the rounds side by side so that they vectorise: the words mk_philox gives.
static inline __attribute__((always_inline)) void philox_lanes(uint64_t key, uint64_t stream, uint64_t first,
                                                               uint32_t words[LANES * 4]) {
  uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int l = 0; l < LANES; l++) {
    uint64_t index = first + (uint64_t)l;
    c0[l] = (uint32_t)index, c1[l] = (uint32_t)(index >> 32);
    c2[l] = (uint32_t)stream, c3[l] = (uint32_t)(stream >> 32);
  }
  for (int round = 0; round < 10; round++) {
    for (int l = 0; l < LANES; l++) {
      uint64_t p0 = (uint64_t)0xD2511F53u * c0[l], p1 = (uint64_t)0xCD9E8D57u * c2[l];
      uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1[l] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3[l] ^ k1;
      c0[l] = n0, c1[l] = (uint32_t)p1, c2[l] = n2, c3[l] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  for (int l = 0; l < LANES; l++)
    words[4 * l] = c0[l], words[4 * l + 1] = c1[l], words[4 * l + 2] = c2[l], words[4 * l + 3] = c3[l];
}

MK_VARIANTS
void mk_dropout_f32(uint64_t key, uint64_t stream, uint32_t threshold, float scale, const float *x, float *y,
                    int64_t n) {
  for (int64_t i = 0; i < n; i += LANES * 4) {
    uint32_t words[LANES * 4];
    philox_lanes(key, stream, (uint64_t)(i / 4), words);
    int64_t left = n - i < LANES * 4 ? n - i : LANES * 4;
    for (int64_t j = 0; j < left; j++) y[i + j] = words[j] >= threshold ? x[i + j] * scale : 0.0f;
  }
}
