#pragma once
#include "mk_base.h"

// One pass over n parameters p with gradients g, in place; nothing overlaps. Formulas and their order are PyTorch's.

struct mk_sgd {
  float rate, momentum, dampening, weight_decay;
  bool nesterov;
  bool first;  // the momentum buffer starts as the gradient
};
// g += wd p; buffer = m buffer + (1 - dampening) g; p -= rate (nesterov ? g + m buffer : buffer). buffer may be NULL
// where momentum is 0.
void mk_sgd_f32(const struct mk_sgd *step, float *p, const float *g, float *buffer, int64_t n);

struct mk_adam {
  float rate, beta1, beta2, epsilon, weight_decay;
  bool decoupled;                    // AdamW: p *= 1 - rate · wd, instead of g += wd p
  double correction1, correction2;   // 1 - βᵗ
};
// m += (1 - β1)(g - m); v = β2 v + (1 - β2) g²; p -= (rate / correction1) m / (√v / √correction2 + ε)
void mk_adam_f32(const struct mk_adam *step, float *p, const float *g, float *m, float *v, int64_t n);

// buffer = momentum buffer + local (g + wd p); p -= rate buffer (You et al. 2017; `local` is the trust ratio).
void mk_lars_f32(float rate, float momentum, float weight_decay, float local, float *p, const float *g, float *buffer,
                 int64_t n);

// y += (1 - momentum)(x - y)
void mk_ema_f32(float momentum, const float *x, float *y, int64_t n);
// x *= a
void mk_scale_f32(float a, float *x, int64_t n);
// y += a x
void mk_axpy_f32(float a, const float *x, float *y, int64_t n);
// sums[b] = Σ x² of block b of 4096 elements (the last may be shorter), in float64, 16 lanes and a tree
void mk_sum_of_squares_f32(const float *x, double *sums, int64_t n);
