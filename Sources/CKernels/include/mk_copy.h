#pragma once
#include "mk_base.h"

// y = x, both read through `shape` and their own strides (elements, any sign, 0 in x repeats); `rank` axes ≤ 16.
void mk_copy_strided_f32(const float *x, const int64_t *x_strides, float *y, const int64_t *y_strides,
                         const int64_t *shape, int32_t rank);
