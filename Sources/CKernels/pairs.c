#include "CKernels.h"
#include "lanes.h"

MK_VARIANTS
void mk_stream_rows_f32(const float *z, float *m, float *l, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++, z += cols) {
    float top = mk_row_max(z, cols);
    if (!(top > m[r])) top = m[r];
    if (top == -__builtin_inff()) continue;
    float total;
    MK_SUM(float, total, cols, mk_expf(z[i] - top));
    l[r] = l[r] * mk_expf(m[r] - top) + total;
    m[r] = top;
  }
}

MK_VARIANTS
void mk_column_sums_f32(const float *z, float *m, float *l, int64_t rows, int64_t cols) {
  for (int64_t c = 0; c < cols; c++) m[c] = -__builtin_inff();
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < cols; c++) m[c] = MK_LARGER(z[r * cols + c], m[c]);
  for (int64_t c = 0; c < cols; c++) l[c] = 0.0f;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < cols; c++) {
      // A column of -inf alone would give -inf - -inf; lifted to a finite shift it adds exp(-inf) = 0.
      float shift = m[c] < -3.0e38f ? -3.0e38f : m[c];
      l[c] += mk_expf(z[r * cols + c] - shift);
    }
}

MK_VARIANTS
void mk_pair_weights_f32(float *z, const float *row, float a, const float *column, float b, int64_t rows,
                         int64_t cols) {
  for (int64_t r = 0; r < rows; r++, z += cols) {
    if (row && column)
      for (int64_t c = 0; c < cols; c++) z[c] = a * mk_expf(z[c] - row[r]) + b * mk_expf(z[c] - column[c]);
    else if (row)
      for (int64_t c = 0; c < cols; c++) z[c] = a * mk_expf(z[c] - row[r]);
    else
      for (int64_t c = 0; c < cols; c++) z[c] = b * mk_expf(z[c] - column[c]);
  }
}

MK_VARIANTS
double mk_dot_f64(const float *x, const float *y, int64_t n) {
  double total;
  MK_SUM(double, total, n, (double)x[i] * (double)y[i]);
  return total;
}

MK_VARIANTS
double mk_total_f64(const float *x, int64_t n) {
  double total;
  MK_SUM(double, total, n, (double)x[i]);
  return total;
}
