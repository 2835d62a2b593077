#include "CKernels.h"
#include "lanes.h"

MK_INLINE float sum_row(const float *x, int64_t n) {
  double total = 0.0;
  for (int64_t start = 0; start < n; start += 1024) {
    int64_t length = n - start < 1024 ? n - start : 1024;
    const float *block = x + start;
    float part;
    MK_SUM(float, part, length, block[i]);
    total += part;
  }
  return (float)total;
}

MK_INLINE void sum_columns(const float *x, float *y, int64_t rows, int64_t cols) {
  enum { STRIP = 256 };
  for (int64_t c = 0; c < cols; c++) y[c] = 0.0f;
  for (int64_t c0 = 0; c0 < cols; c0 += STRIP) {
    int64_t width = cols - c0 < STRIP ? cols - c0 : STRIP;
    for (int64_t r0 = 0; r0 < rows; r0 += 64) {
      float partial[STRIP] = {0};
      int64_t end = r0 + 64 < rows ? r0 + 64 : rows;
      for (int64_t r = r0; r < end; r++) {
        const float *row = x + r * cols + c0;
        for (int64_t c = 0; c < width; c++) partial[c] += row[c];
      }
      for (int64_t c = 0; c < width; c++) y[c0 + c] += partial[c];
    }
  }
}

MK_VARIANTS
void mk_sum_f32(const float *x, float *y, int64_t outer, int64_t n, int64_t inner) {
  if (inner == 1)
    for (int64_t o = 0; o < outer; o++) y[o] = sum_row(x + o * n, n);
  else
    for (int64_t o = 0; o < outer; o++) sum_columns(x + o * n * inner, y + o * inner, n, inner);
}

// Whether candidate a beats b: larger, or NaN where b is a number.
#define BEATS(a, b) (((a) > (b)) | (((a) != (a)) & ((b) == (b))))

MK_INLINE void extreme_row(float sign, const float *x, float *y, int32_t *position, int64_t n) {
  float best[MK_LANES];
  int32_t place[MK_LANES];
  int used = n < MK_LANES ? (int)n : MK_LANES;
  for (int l = 0; l < MK_LANES; l++) {
    best[l] = l < used ? sign * x[l] : -__builtin_inff();
    place[l] = l < used ? l : INT32_MAX;
  }
  int64_t base = MK_LANES;
  for (; base + MK_LANES <= n; base += MK_LANES)
    for (int l = 0; l < MK_LANES; l++) {
      float value = sign * x[base + l];
      int better = BEATS(value, best[l]);
      best[l] = better ? value : best[l];
      place[l] = better ? (int32_t)(base + l) : place[l];
    }
  for (int l = 0; base + l < n; l++) {
    float value = sign * x[base + l];
    if (BEATS(value, best[l])) best[l] = value, place[l] = (int32_t)(base + l);
  }
  for (int l = 1; l < used; l++) {
    int tie = (best[l] == best[0]) | ((best[l] != best[l]) & (best[0] != best[0]));
    if (BEATS(best[l], best[0]) || (tie && place[l] < place[0])) best[0] = best[l], place[0] = place[l];
  }
  *y = sign * best[0];
  *position = place[0];
}

MK_VARIANTS
void mk_extreme_f32(float sign, const float *x, float *y, int32_t *positions, int64_t outer, int64_t n, int64_t inner) {
  for (int64_t o = 0; o < outer; o++, x += n * inner, y += inner, positions += inner) {
    if (inner == 1) {
      extreme_row(sign, x, y, positions, n);
      continue;
    }
    for (int64_t c = 0; c < inner; c++) y[c] = x[c], positions[c] = 0;
    for (int64_t r = 1; r < n; r++) {
      const float *row = x + r * inner;
      for (int64_t c = 0; c < inner; c++) {
        float value = row[c], best = y[c];
        int better = BEATS(sign * value, sign * best);
        y[c] = better ? value : best;
        positions[c] = better ? (int32_t)r : positions[c];
      }
    }
  }
}

void mk_place_f32(const float *dy, const int32_t *positions, float *dx, int64_t outer, int64_t n, int64_t inner) {
  for (int64_t o = 0; o < outer; o++, dx += n * inner)
    for (int64_t c = 0; c < inner; c++, dy++, positions++) dx[*positions * inner + c] = *dy;
}

void mk_pick_f32(const float *x, const int32_t *positions, float *y, int64_t outer, int64_t n, int64_t inner) {
  for (int64_t o = 0; o < outer; o++, x += n * inner)
    for (int64_t c = 0; c < inner; c++, y++, positions++) *y = x[*positions * inner + c];
}

void mk_cumulative_sum_f32(const float *x, float *y, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
    float total = 0.0f;
    for (int64_t c = 0; c < cols; c++) y[c] = total += x[c];
  }
}
