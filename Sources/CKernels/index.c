#include "CKernels.h"
#include "polynomials.h"

void mk_gather_rows_f32(const float *x, const int32_t *indices, float *y, int64_t n, int64_t width) {
  for (int64_t i = 0; i < n; i++) memcpy(y + i * width, x + indices[i] * width, (size_t)width * sizeof(float));
}

MK_VARIANTS
void mk_scatter_add_rows_f32(const float *x, const int32_t *indices, float *y, int64_t n, int64_t width) {
  for (int64_t i = 0; i < n; i++, x += width) {
    float *row = y + indices[i] * width;
    for (int64_t c = 0; c < width; c++) row[c] += x[c];
  }
}

void mk_take_along_f32(const float *x, const int32_t *indices, float *y, int64_t rows, int64_t cols, int64_t n) {
  for (int64_t r = 0; r < rows; r++, x += cols, y += n, indices += n)
    for (int64_t i = 0; i < n; i++) y[i] = x[indices[i]];
}

void mk_scatter_add_along_f32(const float *x, const int32_t *indices, float *y, int64_t rows, int64_t cols, int64_t n) {
  for (int64_t r = 0; r < rows; r++, x += n, y += cols, indices += n)
    for (int64_t i = 0; i < n; i++) y[indices[i]] += x[i];
}

// A number that sorts as (value, position) does; no two are equal, so any sort of them is stable.
MK_INLINE uint64_t rank_of(float x, int64_t position, bool descending) {
  uint32_t bits = x != x ? 0x7fffffffu : mk_float_to_bits(x + 0.0f);
  uint32_t key = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (uint64_t)(descending ? ~key : key) << 32 | (uint64_t)position;
}

// Radix sort by the upper word, 11 bits at a time; the result is in `a` or `b`, which is returned.
static uint64_t *sort_ranks(uint64_t *a, uint64_t *b, int64_t n) {
  for (int shift = 32; shift < 64; shift += 11) {
    int64_t start[2049] = {0};
    for (int64_t i = 0; i < n; i++) start[(a[i] >> shift & 2047) + 1]++;
    for (int digit = 0; digit < 2048; digit++) start[digit + 1] += start[digit];
    for (int64_t i = 0; i < n; i++) b[start[a[i] >> shift & 2047]++] = a[i];
    uint64_t *swap = a;
    a = b, b = swap;
  }
  return a;
}

// The k smallest ranks in order; those kept stand sorted in `best`.
static void select_ranks(const float *x, bool descending, uint64_t *best, int64_t n, int64_t k) {
  int64_t kept = 0;
  for (int64_t i = 0; i < n; i++) {
    uint64_t rank = rank_of(x[i], i, descending);
    if (kept == k && rank > best[k - 1]) continue;
    int64_t place = kept < k ? kept++ : k - 1;
    for (; place > 0 && best[place - 1] > rank; place--) best[place] = best[place - 1];
    best[place] = rank;
  }
}

void mk_order_f32(const float *x, bool descending, int32_t *positions, uint64_t *scratch, int64_t rows, int64_t cols,
                  int64_t k) {
  for (int64_t r = 0; r < rows && k > 0; r++, x += cols, positions += k) {
    uint64_t *sorted = scratch;
    if (cols <= 64 || k <= 16) {
      select_ranks(x, descending, scratch, cols, k);
    } else {
      for (int64_t i = 0; i < cols; i++) scratch[i] = rank_of(x[i], i, descending);
      sorted = sort_ranks(scratch, scratch + cols, cols);
    }
    for (int64_t i = 0; i < k; i++) positions[i] = (int32_t)(uint32_t)sorted[i];
  }
}
