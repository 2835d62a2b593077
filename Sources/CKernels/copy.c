#include "CKernels.h"
#include <string.h>

void mk_copy_strided_f32(const float *x, const int64_t *shape, const int64_t *strides, int32_t rank, float *y) {
  if (rank == 0) {
    y[0] = x[0];
    return;
  }
  int64_t count = 1;
  for (int32_t a = 0; a < rank; a++) count *= shape[a];
  if (count == 0) return;
  int64_t index[16] = {0};
  int64_t inner = shape[rank - 1], step = strides[rank - 1];
  const float *row = x;
  for (int64_t done = 0; done < count; done += inner, y += inner) {
    if (step == 1) memcpy(y, row, (size_t)inner * sizeof(float));
    else
      for (int64_t i = 0; i < inner; i++) y[i] = row[i * step];
    for (int32_t a = rank - 2; a >= 0; a--) {
      row += strides[a];
      if (++index[a] < shape[a]) break;
      row -= strides[a] * shape[a];
      index[a] = 0;
    }
  }
}

MK_VARIANTS
void mk_sum_rows_f32(const float *x, float *y, int64_t rows, int64_t cols) {
  if (cols == 1) {
    float lane[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= rows; i += 16)
      for (int l = 0; l < 16; l++) lane[l] += x[i + l];
    for (int l = 0; i < rows; i++, l++) lane[l] += x[i];
    for (int half = 8; half >= 1; half /= 2)
      for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    y[0] = lane[0];
    return;
  }
  for (int64_t c = 0; c < cols; c++) y[c] = 0.0f;
  enum { STRIP = 256 };
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
