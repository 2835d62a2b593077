#include "CKernels.h"
#include "polynomials.h"

static inline void philox(uint64_t key, uint64_t stream, uint64_t index, uint32_t out[4]) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32);
  uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c0 = n0, c1 = (uint32_t)p1, c2 = n2, c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void mk_philox(uint64_t key, uint64_t stream, uint64_t index, uint32_t out[4]) {
  philox(key, stream, index, out);
}

MK_VARIANTS
void mk_fill_uniform_f32(uint64_t key, uint64_t stream, float *y, int64_t n) {
  for (int64_t block = 0; block * 4 < n; block++) {
    uint32_t words[4];
    philox(key, stream, (uint64_t)block, words);
    int64_t left = n - block * 4;
    for (int i = 0; i < 4 && i < left; i++) y[block * 4 + i] = (float)(words[i] >> 8) * 0x1p-24f;
  }
}

MK_VARIANTS
void mk_fill_normal_f32(uint64_t key, uint64_t stream, float *y, int64_t n) {
  for (int64_t block = 0; block * 4 < n; block++) {
    uint32_t words[4];
    float normal[4];
    philox(key, stream, (uint64_t)block, words);
    for (int pair = 0; pair < 4; pair += 2) {
      // (0, 1] so that the logarithm is finite; the angle is a fraction of a turn.
      float u = ((float)(words[pair] >> 8) + 1.0f) * 0x1p-24f;
      float turn = (float)(words[pair + 1] >> 8) * 0x1p-24f;
      float radius = mk_sqrtf(-2.0f * mk_logf(u));
      normal[pair] = radius * mk_cos_turn(turn);
      normal[pair + 1] = radius * mk_cos_turn(turn - 0.25f);
    }
    int64_t left = n - block * 4;
    for (int i = 0; i < 4 && i < left; i++) y[block * 4 + i] = normal[i];
  }
}
