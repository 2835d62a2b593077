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

enum { BLOCKS = 16, DRAWS = 4 * BLOCKS };

// BLOCKS counters from `first` on, side by side, so that the rounds run on vectors: words[word][block].
MK_INLINE void philox_blocks(uint64_t key, uint64_t stream, uint64_t first, uint32_t words[4][BLOCKS]) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int b = 0; b < BLOCKS; b++) {
    uint64_t index = first + (uint64_t)b;
    words[0][b] = (uint32_t)index, words[1][b] = (uint32_t)(index >> 32);
    words[2][b] = (uint32_t)stream, words[3][b] = (uint32_t)(stream >> 32);
  }
  for (int round = 0; round < 10; round++) {
    for (int b = 0; b < BLOCKS; b++) {
      uint64_t p0 = (uint64_t)0xD2511F53u * words[0][b], p1 = (uint64_t)0xCD9E8D57u * words[2][b];
      words[0][b] = (uint32_t)(p1 >> 32) ^ words[1][b] ^ k0, words[1][b] = (uint32_t)p1;
      words[2][b] = (uint32_t)(p0 >> 32) ^ words[3][b] ^ k1, words[3][b] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
}

// Writes the words' floats in draw order, as many as fit.
MK_INLINE void store(float values[4][BLOCKS], float *y, int64_t left) {
  if (left >= DRAWS) {
    for (int b = 0; b < BLOCKS; b++)
      for (int w = 0; w < 4; w++) y[b * 4 + w] = values[w][b];
    return;
  }
  for (int64_t i = 0; i < left; i++) y[i] = values[i & 3][i >> 2];
}

MK_VARIANTS
void mk_fill_uniform_f32(uint64_t key, uint64_t stream, float *y, int64_t n) {
  for (int64_t start = 0; start < n; start += DRAWS) {
    uint32_t words[4][BLOCKS];
    float values[4][BLOCKS];
    philox_blocks(key, stream, (uint64_t)start / 4, words);
    for (int w = 0; w < 4; w++)
      for (int b = 0; b < BLOCKS; b++) values[w][b] = (float)(int32_t)(words[w][b] >> 8) * 0x1p-24f;
    store(values, y + start, n - start);
  }
}

MK_VARIANTS
void mk_fill_normal_f32(uint64_t key, uint64_t stream, float *y, int64_t n) {
  for (int64_t start = 0; start < n; start += DRAWS) {
    uint32_t words[4][BLOCKS];
    float values[4][BLOCKS];
    philox_blocks(key, stream, (uint64_t)start / 4, words);
    for (int pair = 0; pair < 4; pair += 2)
      for (int b = 0; b < BLOCKS; b++) {
        // (0, 1] so that the logarithm is finite; the angle is a fraction of a turn.
        float u = ((float)(int32_t)(words[pair][b] >> 8) + 1.0f) * 0x1p-24f;
        float turn = (float)(int32_t)(words[pair + 1][b] >> 8) * 0x1p-24f;
        float radius = mk_sqrtf(-2.0f * mk_logf(u));
        values[pair][b] = radius * mk_cos_turn(turn);
        values[pair + 1][b] = radius * mk_cos_turn(turn - 0.25f);
      }
    store(values, y + start, n - start);
  }
}
