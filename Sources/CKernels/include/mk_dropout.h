#pragma once
#include "mk_base.h"

// y[i] = x[i] · scale where word i of the stream (word i mod 4 of Philox draw i / 4) is at least threshold, else 0.
// y may be x.
void mk_dropout_f32(uint64_t key, uint64_t stream, uint32_t threshold, float scale, const float *x, float *y,
                    int64_t n);
