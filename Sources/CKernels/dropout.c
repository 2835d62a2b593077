#include "CKernels.h"
#include <string.h>

enum { LANES = 16 };

typedef uint32_t lanes32 __attribute__((vector_size(4 * LANES)));
typedef uint64_t lanes64 __attribute__((vector_size(8 * LANES)));

// Two of four words of LANES draws each, woven for half of the draws: a0 b0 a1 b1 …
#define WEAVE(a, b, h)                                                                                               \
  __builtin_shufflevector(a, b, h, h + 16, h + 1, h + 17, h + 2, h + 18, h + 3, h + 19, h + 4, h + 20, h + 5, h + 21, \
                          h + 6, h + 22, h + 7, h + 23)
// The same for pairs, from two woven halves.
#define WEAVE_PAIRS(a, b, h)                                                                                          \
  __builtin_shufflevector(a, b, h, h + 1, h + 16, h + 17, h + 2, h + 3, h + 18, h + 19, h + 4, h + 5, h + 20, h + 21, \
                          h + 6, h + 7, h + 22, h + 23)

// Philox4x32-10 for LANES draws from `first` on, side by side because one draw's rounds wait for each other: the words
// of mk_philox in the order of the draws.
static inline __attribute__((always_inline)) void philox_lanes(uint64_t key, uint64_t stream, uint64_t first,
                                                               uint32_t words[LANES * 4]) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  lanes64 index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  index += first;
  lanes32 c0 = __builtin_convertvector(index, lanes32), c1 = __builtin_convertvector(index >> 32, lanes32);
  lanes32 c2 = (lanes32){0} + (uint32_t)stream, c3 = (lanes32){0} + (uint32_t)(stream >> 32);
  for (int round = 0; round < 10; round++) {
    lanes64 p0 = __builtin_convertvector(c0, lanes64) * (uint64_t)0xD2511F53u;
    lanes64 p1 = __builtin_convertvector(c2, lanes64) * (uint64_t)0xCD9E8D57u;
    lanes32 n0 = __builtin_convertvector(p1 >> 32, lanes32) ^ c1 ^ k0;
    lanes32 n2 = __builtin_convertvector(p0 >> 32, lanes32) ^ c3 ^ k1;
    c0 = n0, c1 = __builtin_convertvector(p1, lanes32), c2 = n2, c3 = __builtin_convertvector(p0, lanes32);
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  lanes32 low01 = WEAVE(c0, c1, 0), high01 = WEAVE(c0, c1, 8), low23 = WEAVE(c2, c3, 0), high23 = WEAVE(c2, c3, 8);
  lanes32 woven[4] = {WEAVE_PAIRS(low01, low23, 0), WEAVE_PAIRS(low01, low23, 8), WEAVE_PAIRS(high01, high23, 0),
                      WEAVE_PAIRS(high01, high23, 8)};
  memcpy(words, woven, sizeof woven);
}

MK_VARIANTS
void mk_dropout_f32(uint64_t key, uint64_t stream, uint32_t threshold, float scale, const float *x, float *y,
                    int64_t n) {
  for (int64_t i = 0; i < n; i += LANES * 4) {
    uint32_t words[LANES * 4];
    philox_lanes(key, stream, (uint64_t)(i / 4), words);
    int64_t left = n - i;
    if (left >= LANES * 4)
      for (int j = 0; j < LANES * 4; j++) y[i + j] = words[j] >= threshold ? x[i + j] * scale : 0.0f;
    else
      for (int64_t j = 0; j < left; j++) y[i + j] = words[j] >= threshold ? x[i + j] * scale : 0.0f;
  }
}
