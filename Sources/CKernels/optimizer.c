#include "CKernels.h"
#include "lanes.h"

#define EACH                                     \
  _Pragma("clang loop vectorize(assume_safety)") \
  for (int64_t i = 0; i < n; i++)

MK_VARIANTS
void mk_sgd_f32(const struct mk_sgd *step, float *p, const float *g, float *buffer, int64_t n) {
  float rate = step->rate, decay = step->weight_decay, momentum = step->momentum;
  if (!buffer) {
    EACH p[i] -= rate * (g[i] + decay * p[i]);
    return;
  }
  float keep = step->first ? 0.0f : momentum, take = step->first ? 1.0f : 1.0f - step->dampening;
  if (step->first) EACH buffer[i] = 0.0f;
  if (step->nesterov) {
    EACH {
      float d = g[i] + decay * p[i];
      buffer[i] = keep * buffer[i] + take * d;
      p[i] -= rate * (d + momentum * buffer[i]);
    }
  } else {
    EACH {
      buffer[i] = keep * buffer[i] + take * (g[i] + decay * p[i]);
      p[i] -= rate * buffer[i];
    }
  }
}

MK_VARIANTS
void mk_adam_f32(const struct mk_adam *step, float *p, const float *g, float *m, float *v, int64_t n) {
  float take1 = (float)(1.0 - (double)step->beta1), take2 = (float)(1.0 - (double)step->beta2), beta2 = step->beta2;
  float size = (float)((double)step->rate / step->correction1);
  float root = (float)__builtin_elementwise_sqrt(step->correction2), epsilon = step->epsilon;
  float shrink = step->decoupled ? (float)(1.0 - (double)step->rate * (double)step->weight_decay) : 1.0f;
  float decay = step->decoupled ? 0.0f : step->weight_decay;
  EACH {
    float w = p[i] * shrink;
    float d = g[i] + decay * w;
    m[i] += take1 * (d - m[i]);
    v[i] = beta2 * v[i] + take2 * d * d;
    p[i] = w - size * (m[i] / (mk_sqrtf(v[i]) / root + epsilon));
  }
}

MK_VARIANTS
void mk_lars_f32(float rate, float momentum, float weight_decay, float local, float *p, const float *g, float *buffer,
                 int64_t n) {
  EACH {
    buffer[i] = momentum * buffer[i] + local * (g[i] + weight_decay * p[i]);
    p[i] -= rate * buffer[i];
  }
}

MK_VARIANTS
void mk_ema_f32(float momentum, const float *x, float *y, int64_t n) {
  float take = (float)(1.0 - (double)momentum);
  EACH y[i] += take * (x[i] - y[i]);
}

MK_VARIANTS
void mk_scale_f32(float a, float *x, int64_t n) { EACH x[i] *= a; }

MK_VARIANTS
void mk_axpy_f32(float a, const float *x, float *y, int64_t n) { EACH y[i] += a * x[i]; }

MK_VARIANTS
void mk_sum_of_squares_f32(const float *x, double *sums, int64_t n) {
  for (int64_t start = 0; start < n; start += 4096, sums++) {
    int64_t length = n - start < 4096 ? n - start : 4096;
    const float *block = x + start;
    MK_SUM(double, *sums, length, (double)block[i] * (double)block[i]);
  }
}
