#include "CKernels.h"
#include <string.h>

// An output position and where its window begins in the input.
typedef struct {
  int64_t image, at[3], start[3];
} position;

static inline void place(position *p, const mk_window *w) {
  for (int a = 0; a < 3; a++) p->start[a] = p->at[a] * w->stride[a] - w->padding[a];
}

static inline position position_at(const mk_window *w, int64_t index) {
  position p;
  for (int a = 2; a >= 0; a--) {
    p.at[a] = index % w->out[a];
    index /= w->out[a];
  }
  p.image = index;
  place(&p, w);
  return p;
}

static inline void advance(position *p, const mk_window *w) {
  for (int a = 2; a >= 0; a--) {
    if (++p->at[a] < w->out[a]) break;
    p->at[a] = 0;
    if (a == 0) p->image++;
  }
  place(p, w);
}

// The taps first ..< last of an axis that read inside the input.
static inline void inside(const mk_window *w, int axis, int64_t start, int64_t *first, int64_t *last) {
  int64_t d = w->dilation[axis], n = w->in[axis], lo = 0, hi = w->kernel[axis];
  if (start < 0) lo = (-start + d - 1) / d;
  if (start + (hi - 1) * d >= n) hi = n - start <= 0 ? 0 : (n - start + d - 1) / d;
  *first = lo < hi ? lo : 0;
  *last = lo < hi ? hi : 0;
}

static inline int64_t row_offset(const mk_window *w, const position *p, int64_t z, int64_t y) {
  int64_t depth = p->start[0] + z * w->dilation[0], height = p->start[1] + y * w->dilation[1];
  return ((p->image * w->in[0] + depth) * w->in[1] + height) * w->in[2];
}

void mk_im2col_f32(const float *x, const mk_window *w, int64_t c0, int64_t width, int64_t first, int64_t count,
                   float *columns) {
  int64_t taps = w->kernel[2], run = taps * width;
  int whole = w->dilation[2] == 1 && width == w->channels;
  position p = position_at(w, first);
  for (int64_t r = 0; r < count; r++, advance(&p, w)) {
    int64_t z0, z1, y0, y1, x0, x1;
    inside(w, 0, p.start[0], &z0, &z1);
    inside(w, 1, p.start[1], &y0, &y1);
    inside(w, 2, p.start[2], &x0, &x1);
    for (int64_t z = 0; z < w->kernel[0]; z++)
      for (int64_t y = 0; y < w->kernel[1]; y++, columns += run) {
        if (z < z0 || z >= z1 || y < y0 || y >= y1 || x0 == x1) {
          memset(columns, 0, (size_t)run * sizeof(float));
          continue;
        }
        const float *row = x + row_offset(w, &p, z, y) * w->channels + c0;
        if (x0 > 0) memset(columns, 0, (size_t)(x0 * width) * sizeof(float));
        if (whole)
          memcpy(columns + x0 * width, row + (p.start[2] + x0) * width, (size_t)((x1 - x0) * width) * sizeof(float));
        else
          for (int64_t t = x0; t < x1; t++)
            memcpy(columns + t * width, row + (p.start[2] + t * w->dilation[2]) * w->channels,
                   (size_t)width * sizeof(float));
        if (x1 < taps) memset(columns + x1 * width, 0, (size_t)((taps - x1) * width) * sizeof(float));
      }
  }
}

MK_VARIANTS
void mk_col2im_f32(const float *columns, const mk_window *w, int64_t c0, int64_t width, int64_t first, int64_t count,
                   float *dx) {
  int64_t run = w->kernel[2] * width;
  position p = position_at(w, first);
  for (int64_t r = 0; r < count; r++, advance(&p, w)) {
    int64_t z0, z1, y0, y1, x0, x1;
    inside(w, 0, p.start[0], &z0, &z1);
    inside(w, 1, p.start[1], &y0, &y1);
    inside(w, 2, p.start[2], &x0, &x1);
    const float *row = columns + r * w->kernel[0] * w->kernel[1] * run;
    for (int64_t z = z0; z < z1; z++)
      for (int64_t y = y0; y < y1; y++)
        for (int64_t t = x0; t < x1; t++) {
          const float *from = row + (z * w->kernel[1] + y) * run + t * width;
          float *to = dx + (row_offset(w, &p, z, y) + p.start[2] + t * w->dilation[2]) * w->channels + c0;
          for (int64_t c = 0; c < width; c++) to[c] += from[c];
        }
  }
}

void mk_fill_rows_f32(const float *row, float *y, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++) memcpy(y + r * cols, row, (size_t)cols * sizeof(float));
}

void mk_flip_weight_f32(const float *weight, float *y, int64_t taps, int64_t in, int64_t out, int64_t groups) {
  int64_t ins = in / groups, outs = out / groups;
  for (int64_t t = 0; t < taps; t++) {
    const float *from = weight + (taps - 1 - t) * ins * out;
    float *to = y + t * outs * in;
    for (int64_t o = 0; o < outs; o++)
      for (int64_t g = 0; g < groups; g++)
        for (int64_t i = 0; i < ins; i++) to[o * in + g * ins + i] = from[i * out + g * outs + o];
  }
}

static inline int64_t positions(const mk_window *w) { return w->batch * w->out[0] * w->out[1] * w->out[2]; }

// Calls BODY with `input`, the channels of x read, and `tap`, the row of the weight, for each tap inside, in order.
#define FOR_TAPS(...)                                                                                          \
  {                                                                                                            \
    int64_t z0, z1, y0, y1, x0, x1;                                                                            \
    inside(w, 0, p.start[0], &z0, &z1);                                                                        \
    inside(w, 1, p.start[1], &y0, &y1);                                                                        \
    inside(w, 2, p.start[2], &x0, &x1);                                                                        \
    for (int64_t z = z0; z < z1; z++)                                                                          \
      for (int64_t yy = y0; yy < y1; yy++)                                                                     \
        for (int64_t t = x0; t < x1; t++) {                                                                    \
          int64_t tap = (z * w->kernel[1] + yy) * w->kernel[2] + t;                                            \
          int64_t input = (row_offset(w, &p, z, yy) + p.start[2] + t * w->dilation[2]) * w->channels;          \
          __VA_ARGS__                                                                                          \
        }                                                                                                      \
  }

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));

// The sums of `count` times 16 channels of one position from channel c0 on, in registers (arrays of floats stay in
// memory: the compiler vectorises too late to lift them out).
static inline __attribute__((always_inline)) void depthwise_block(const float *x, const float *weight,
                                                                  const float *bias, const mk_window *w, position p,
                                                                  int64_t c0, int count, float *y) {
  lanes sum[4] = {{0}};
  int64_t outs = w->channels;
  if (bias)
    for (int i = 0; i < count; i++) sum[i] = *(const lanes *)(bias + c0 + 16 * i);
  FOR_TAPS({
    const float *a = x + input + c0, *b = weight + tap * outs + c0;
    for (int i = 0; i < count; i++) sum[i] += *(const lanes *)(a + 16 * i) * *(const lanes *)(b + 16 * i);
  })
  for (int i = 0; i < count; i++) *(lanes *)(y + c0 + 16 * i) = sum[i];
}

MK_VARIANTS
void mk_depthwise_f32(const float *x, const float *weight, const float *bias, const mk_window *w, int64_t m, float *y) {
  int64_t n = positions(w), outs = w->channels * m;
  position p = position_at(w, 0);
  for (int64_t r = 0; r < n; r++, advance(&p, w), y += outs) {
    if (m > 1) {
      for (int64_t o = 0; o < outs; o++) y[o] = bias ? bias[o] : 0.0f;
      FOR_TAPS({
        for (int64_t c = 0; c < w->channels; c++)
          for (int64_t j = c * m; j < (c + 1) * m; j++) y[j] += x[input + c] * weight[tap * outs + j];
      })
      continue;
    }
    int64_t c0 = 0;
    for (; c0 + 64 <= outs; c0 += 64) depthwise_block(x, weight, bias, w, p, c0, 4, y);
    for (; c0 + 32 <= outs; c0 += 32) depthwise_block(x, weight, bias, w, p, c0, 2, y);
    for (; c0 + 16 <= outs; c0 += 16) depthwise_block(x, weight, bias, w, p, c0, 1, y);
    if (c0 == outs) continue;
    for (int64_t c = c0; c < outs; c++) y[c] = bias ? bias[c] : 0.0f;
    FOR_TAPS({
      for (int64_t c = c0; c < outs; c++) y[c] += x[input + c] * weight[tap * outs + c];
    })
  }
}

MK_VARIANTS
void mk_depthwise_input_f32(const float *dy, const float *weight, const mk_window *w, int64_t m, float *dx) {
  int64_t n = positions(w), outs = w->channels * m;
  position p = position_at(w, 0);
  for (int64_t r = 0; r < n; r++, advance(&p, w), dy += outs) {
    FOR_TAPS({
      const float *row = weight + tap * outs;
      float *to = dx + input;
      if (m == 1)
        for (int64_t c = 0; c < outs; c++) to[c] += dy[c] * row[c];
      else
        for (int64_t c = 0; c < w->channels; c++)
          for (int64_t j = c * m; j < (c + 1) * m; j++) to[c] += dy[j] * row[j];
    })
  }
}

MK_VARIANTS
void mk_depthwise_weight_f32(const float *x, const float *dy, const mk_window *w, int64_t m, float *scratch,
                             float *dweight) {
  int64_t n = positions(w), outs = w->channels * m;
  int64_t count = w->kernel[0] * w->kernel[1] * w->kernel[2] * outs;
  position p = position_at(w, 0);
  for (int64_t r = 0; r < n; r += w->out[2]) {
    memset(scratch, 0, (size_t)count * sizeof(float));
    for (int64_t i = 0; i < w->out[2]; i++, advance(&p, w), dy += outs) {
      FOR_TAPS({
        float *row = scratch + tap * outs;
        const float *from = x + input;
        if (m == 1)
          for (int64_t c = 0; c < outs; c++) row[c] += from[c] * dy[c];
        else
          for (int64_t c = 0; c < w->channels; c++)
            for (int64_t j = c * m; j < (c + 1) * m; j++) row[j] += from[c] * dy[j];
      })
    }
    for (int64_t i = 0; i < count; i++) dweight[i] += scratch[i];
  }
}
