// Sums and extremes over 16 explicit lanes: lane i takes elements i, i + 16 …; then a tree 8, 4, 2, 1. The order is a
// property of the length alone, and the lanes are what the compiler turns into vectors.
#pragma once
#include "polynomials.h"

enum { MK_LANES = 16 };

#define MK_TREE(lane, operation)                      \
  for (int half = MK_LANES / 2; half >= 1; half /= 2) \
    for (int l = 0; l < half; l++) lane[l] = operation(lane[l], lane[l + half])

#define MK_PLUS(a, b) ((a) + (b))
#define MK_LARGER(a, b) ((a) > (b) ? (a) : (b))

// total = Σ expression over i in 0 ..< n
#define MK_SUM(type, total, n, expression)                        \
  do {                                                            \
    type lane_[MK_LANES] = {0};                                   \
    int64_t base_ = 0, end_ = (n);                                \
    for (; base_ + MK_LANES <= end_; base_ += MK_LANES)           \
      for (int l_ = 0; l_ < MK_LANES; l_++) {                     \
        int64_t i = base_ + l_;                                   \
        lane_[l_] += (expression);                                \
      }                                                           \
    for (int l_ = 0; base_ + l_ < end_; l_++) {                   \
      int64_t i = base_ + l_;                                     \
      lane_[l_] += (expression);                                  \
    }                                                             \
    MK_TREE(lane_, MK_PLUS);                                      \
    total = lane_[0];                                             \
  } while (0)

// The largest of n floats, -inf if there are none; NaN where one is NaN is not promised.
MK_INLINE float mk_row_max(const float *x, int64_t n) {
  float lane[MK_LANES];
  for (int l = 0; l < MK_LANES; l++) lane[l] = -__builtin_inff();
  int64_t base = 0;
  for (; base + MK_LANES <= n; base += MK_LANES)
    for (int l = 0; l < MK_LANES; l++) lane[l] = MK_LARGER(x[base + l], lane[l]);
  for (int l = 0; base + l < n; l++) lane[l] = MK_LARGER(x[base + l], lane[l]);
  MK_TREE(lane, MK_LARGER);
  return lane[0];
}
