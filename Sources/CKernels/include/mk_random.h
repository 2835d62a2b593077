#pragma once
#include "mk_base.h"

// Philox4x32-10 (Salmon et al. 2011): four 32-bit words for counter (stream, index) under `key`.
void mk_philox(uint64_t key, uint64_t stream, uint64_t index, uint32_t out[4]);

// y[i] in [0, 1) from word i of the stream (24 bits); n floats.
void mk_fill_uniform_f32(uint64_t key, uint64_t stream, float *y, int64_t n);

// y[i] standard normal (Box-Muller over pairs of words); n floats.
void mk_fill_normal_f32(uint64_t key, uint64_t stream, float *y, int64_t n);
