#pragma once
#include "mk_base.h"

// A tile of attention scores, (rows, cols), row r being query first + r. `mask` is added if not NULL, read with the
// steps maskRow and maskCol; where `causal`, columns above the query's number are left out.

// s becomes softmax(s + mask), logs[r] the logarithm of the row's sum of exponentials. Rows are shifted by their
// maximum; sums in 16 lanes, then a tree. A row that is masked as a whole becomes zeros, its logarithm +inf.
void mk_attention_softmax_f32(float *s, int64_t rows, int64_t cols, int64_t first, int32_t causal, const float *mask,
                              int64_t maskRow, int64_t maskCol, float *logs);
// s becomes the same probabilities from the logarithms saved.
void mk_attention_recover_f32(float *s, int64_t rows, int64_t cols, int64_t first, int32_t causal, const float *mask,
                              int64_t maskRow, int64_t maskCol, const float *logs);
// dp becomes the gradient of the scores, p · (dp − Σ dp·p) by rows; sums in 16 lanes, then a tree.
void mk_attention_gradient_f32(const float *p, float *dp, int64_t rows, int64_t cols);
