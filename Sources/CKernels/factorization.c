#include "CKernels.h"
#include "lanes.h"

MK_VARIANTS
int64_t mk_cholesky_f64(double *a, int64_t n) {
  for (int64_t r = 0; r < n; r++) {
    double *row = a + r * n;
    for (int64_t c = 0; c <= r; c++) {
      const double *other = a + c * n;
      double known;
      MK_SUM(double, known, c, row[i] * other[i]);
      double rest = row[c] - known;
      if (c < r) {
        row[c] = rest / other[c];
      } else {
        if (!(rest > 0) || rest > 1.7e308) return r;
        row[r] = __builtin_sqrt(rest);
      }
    }
  }
  return n;
}

// So many columns at a time stay in the cache while all rows pass.
enum { COLUMNS = 64 };

MK_VARIANTS
void mk_cholesky_solve_f64(const double *l, int64_t n, double *x, int64_t m) {
  for (int64_t first = 0; first < m; first += COLUMNS) {
    int64_t width = m - first < COLUMNS ? m - first : COLUMNS;
    double *tile = x + first;
    for (int64_t r = 0; r < n; r++) {
      double *row = tile + r * m;
      for (int64_t k = 0; k < r; k++)
        for (int64_t c = 0; c < width; c++) row[c] -= l[r * n + k] * tile[k * m + c];
      for (int64_t c = 0; c < width; c++) row[c] /= l[r * n + r];
    }
    for (int64_t r = n - 1; r >= 0; r--) {
      double *row = tile + r * m;
      for (int64_t k = r + 1; k < n; k++)
        for (int64_t c = 0; c < width; c++) row[c] -= l[k * n + r] * tile[k * m + c];
      for (int64_t c = 0; c < width; c++) row[c] /= l[r * n + r];
    }
  }
}
