// Inlined float approximations, so that loops over them vectorise and no result depends on libm.
#pragma once
#include <stdint.h>
#include <string.h>

// Inlined whatever the size: a call inside a loop would keep it from being vectorised.
#define MK_INLINE static inline __attribute__((always_inline))

MK_INLINE float mk_bits_to_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

MK_INLINE uint32_t mk_float_to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

MK_INLINE float mk_absf(float x) { return mk_bits_to_float(mk_float_to_bits(x) & 0x7fffffffu); }

// Not sqrtf, which must set errno and therefore is not vectorised.
MK_INLINE float mk_sqrtf(float x) { return __builtin_elementwise_sqrt(x); }

// eˣ with a relative error near 1e-7; 0 below -87.3 (denormals are flushed), +inf above 88.72; NaN passes.
MK_INLINE float mk_expf(float x) {
  float t = x * 1.44269504088896341f;
  float n = __builtin_rintf(t < -150.0f ? -150.0f : (t > 150.0f ? 150.0f : t));
  float r = __builtin_fmaf(n, -0.693359375f, x);
  r = __builtin_fmaf(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = __builtin_fmaf(p, r, 1.3981999507e-3f);
  p = __builtin_fmaf(p, r, 8.3334519073e-3f);
  p = __builtin_fmaf(p, r, 4.1665795894e-2f);
  p = __builtin_fmaf(p, r, 1.6666665459e-1f);
  p = __builtin_fmaf(p, r, 5.0000001201e-1f);
  float y = __builtin_fmaf(p * r, r, r) + 1.0f;
  int32_t e = (int32_t)n;
  int32_t half = e >> 1;
  // Two factors, so that 2^128 next to a mantissa below 1 stays finite.
  float s1 = mk_bits_to_float((uint32_t)(half + 127) << 23);
  float s2 = mk_bits_to_float((uint32_t)(e - half + 127) << 23);
  y = y * s1 * s2;
  y = x > 88.7228394f ? __builtin_inff() : y;
  y = x < -87.3365479f ? 0.0f : y;
  return x != x ? x : y;
}

// Natural logarithm, relative error near 1e-7; -inf at 0, NaN below.
MK_INLINE float mk_logf(float x) {
  uint32_t bits = mk_float_to_bits(x);
  int32_t e = (int32_t)(bits >> 23) - 126;
  float m = mk_bits_to_float((bits & 0x007fffffu) | 0x3f000000u);
  int small = m < 0.707106781186547524f;
  e -= small;
  m = (small ? m + m : m) - 1.0f;
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = __builtin_fmaf(p, m, -1.1514610310e-1f);
  p = __builtin_fmaf(p, m, 1.1676998740e-1f);
  p = __builtin_fmaf(p, m, -1.2420140846e-1f);
  p = __builtin_fmaf(p, m, 1.4249322787e-1f);
  p = __builtin_fmaf(p, m, -1.6668057665e-1f);
  p = __builtin_fmaf(p, m, 2.0000714765e-1f);
  p = __builtin_fmaf(p, m, -2.4999993993e-1f);
  p = __builtin_fmaf(p, m, 3.3333331174e-1f);
  float y = p * m * z;
  float fe = (float)e;
  y = __builtin_fmaf(fe, -2.12194440e-4f, y);
  y = __builtin_fmaf(-0.5f, z, y);
  y = m + y;
  y = __builtin_fmaf(fe, 0.693359375f, y);
  y = x > 3.4028234e38f ? x : y;
  y = x < 1.17549435e-38f ? -__builtin_inff() : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  return x != x ? x : y;
}

// cos(2π t) for |t| ≤ 1, absolute error below 2e-7.
MK_INLINE float mk_cos_turn(float t) {
  t = t - __builtin_rintf(t);
  float q = 0.25f - mk_absf(t);  // cos(2πt) = sin(2πq), q in [-0.25, 0.25]
  float x = q * 6.28318530717958648f;
  float z = x * x;
  float p = -2.3889859e-8f;
  p = __builtin_fmaf(p, z, 2.7525562e-6f);
  p = __builtin_fmaf(p, z, -1.9840874e-4f);
  p = __builtin_fmaf(p, z, 8.3333310e-3f);
  p = __builtin_fmaf(p, z, -1.6666667e-1f);
  return __builtin_fmaf(p * z, x, x);
}

// tanh, absolute error near 1e-7; odd, saturating.
MK_INLINE float mk_tanhf(float x) {
  float a = x < 0.0f ? -x : x;
  float c = a > 9.1f ? 9.1f : a;
  float e = mk_expf(-2.0f * c);
  float big = (1.0f - e) / (1.0f + e);
  float z = c * c;
  float p = -5.70498872745e-3f;
  p = __builtin_fmaf(p, z, 2.06390887954e-2f);
  p = __builtin_fmaf(p, z, -5.37397155531e-2f);
  p = __builtin_fmaf(p, z, 1.33314422036e-1f);
  p = __builtin_fmaf(p, z, -3.33332819422e-1f);
  float small = __builtin_fmaf(p * z, c, c);
  float y = a < 0.625f ? small : big;
  y = x < 0.0f ? -y : y;
  return x != x ? x : y;
}

// erf (Abramowitz and Stegun 7.1.26 is too coarse): a rational form in x below 1, 1 - exp(...) above; error near 2e-7.
MK_INLINE float mk_erff(float x) {
  float a = x < 0.0f ? -x : x;
  float z = x * x;
  float p = 7.853861353153693e-5f;
  p = __builtin_fmaf(p, z, -8.010193625184903e-4f);
  p = __builtin_fmaf(p, z, 5.188327685732524e-3f);
  p = __builtin_fmaf(p, z, -2.685381193529856e-2f);
  p = __builtin_fmaf(p, z, 1.128358514861418e-1f);
  p = __builtin_fmaf(p, z, -3.761262582423300e-1f);
  p = __builtin_fmaf(p, z, 1.128379165726710f);
  float small = p * x;
  // erfc(a) = exp(-a²) · P(1/a) / a for a ≥ 1 (Cephes).
  float b = a < 1.0f ? 1.0f : (a > 10.0f ? 10.0f : a);
  float q = 1.0f / b;
  float w = q * q;
  float lo = 2.326819970068386e-2f;
  lo = __builtin_fmaf(lo, w, -1.387039388740657e-1f);
  lo = __builtin_fmaf(lo, w, 3.687424674597105e-1f);
  lo = __builtin_fmaf(lo, w, -5.824733027278666e-1f);
  lo = __builtin_fmaf(lo, w, 6.210004621745983e-1f);
  lo = __builtin_fmaf(lo, w, -4.944515323274145e-1f);
  lo = __builtin_fmaf(lo, w, 3.404879937665872e-1f);
  lo = __builtin_fmaf(lo, w, -2.741127028184656e-1f);
  lo = __builtin_fmaf(lo, w, 5.638259427386472e-1f);
  float hi = -1.047766399936249e+1f;
  hi = __builtin_fmaf(hi, w, 1.297719955372516e+1f);
  hi = __builtin_fmaf(hi, w, -7.495518717768503e+0f);
  hi = __builtin_fmaf(hi, w, 2.921019019210786e+0f);
  hi = __builtin_fmaf(hi, w, -1.015265279202700e+0f);
  hi = __builtin_fmaf(hi, w, 4.218463358204948e-1f);
  hi = __builtin_fmaf(hi, w, -2.820767439740514e-1f);
  hi = __builtin_fmaf(hi, w, 5.641895067754075e-1f);
  float tail = 1.0f - mk_expf(-b * b) * q * (b < 2.0f ? lo : hi);
  float big = x < 0.0f ? -tail : tail;
  float y = a < 1.0f ? small : big;
  return x != x ? x : y;
}

// 1 / (1 + e⁻ˣ), without overflow on either side.
MK_INLINE float mk_sigmoidf(float x) {
  float e = mk_expf(x < 0.0f ? x : -x);
  float s = 1.0f / (1.0f + e);
  return x < 0.0f ? e * s : s;
}

// log(1 + x): the logarithm of the rounded sum, corrected by what the rounding lost.
MK_INLINE float mk_log1pf(float x) {
  float u = 1.0f + x;
  float lost = x - (u - 1.0f);
  float y = mk_logf(u) + lost / u;
  return u > 3.4028234e38f || u == 0.0f ? mk_logf(u) : y;
}

// eˣ - 1: a Taylor polynomial where the difference would cancel.
MK_INLINE float mk_expm1f(float x) {
  float p = 2.48015873e-5f;
  p = __builtin_fmaf(p, x, 1.98412698e-4f);
  p = __builtin_fmaf(p, x, 1.38888889e-3f);
  p = __builtin_fmaf(p, x, 8.33333333e-3f);
  p = __builtin_fmaf(p, x, 4.16666667e-2f);
  p = __builtin_fmaf(p, x, 1.66666667e-1f);
  p = __builtin_fmaf(p, x, 0.5f);
  float small = __builtin_fmaf(p * x, x, x);
  return mk_absf(x) < 0.5f ? small : mk_expf(x) - 1.0f;
}

// log(1 + eˣ)
MK_INLINE float mk_softplusf(float x) {
  return (x > 0.0f ? x : 0.0f) + mk_log1pf(mk_expf(x < 0.0f ? x : -x));
}

// sin of x + quarters · π/2 radians (Cephes); the reduction holds to |x| near 1e4, beyond that the argument's own
// rounding rules. NaN for infinities.
MK_INLINE float mk_sine(float x, int32_t quarters) {
  float n = __builtin_rintf(x * 0.63661977236758134f);
  float r = __builtin_fmaf(n, -1.5703125f, x);
  r = __builtin_fmaf(n, -4.837512969970703125e-4f, r);
  r = __builtin_fmaf(n, -7.54978995489188216e-8f, r);
  float z = r * r;
  float s = -1.9515295891e-4f;
  s = __builtin_fmaf(s, z, 8.3321608736e-3f);
  s = __builtin_fmaf(s, z, -1.6666654611e-1f);
  s = __builtin_fmaf(s * z, r, r);
  float c = 2.443315711809948e-5f;
  c = __builtin_fmaf(c, z, -1.388731625493765e-3f);
  c = __builtin_fmaf(c, z, 4.166664568298827e-2f);
  c = __builtin_fmaf(c, z * z, __builtin_fmaf(-0.5f, z, 1.0f));
  int32_t quadrant = (int32_t)(mk_absf(n) < 1e9f ? n : 0.0f) + quarters;
  float y = quadrant & 1 ? c : s;
  y = quadrant & 2 ? -y : y;
  return mk_absf(x) < 1e9f ? y : x - x;
}

MK_INLINE float mk_cosf(float x) { return mk_sine(x, 1); }

MK_INLINE float mk_sinf(float x) { return mk_sine(x, 0); }
