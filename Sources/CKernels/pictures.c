#include "CKernels.h"
#include <string.h>

#include "lanes.h"

#pragma STDC FP_CONTRACT OFF

enum { SHIFT = 15, HALF = 1 << (SHIFT - 1), BLOCK = 64 };

// Vectors whatever the variant: 64 bytes are four registers of the smallest and one of the largest.
typedef int32_t wide __attribute__((vector_size(64)));
typedef uint8_t wide_bytes __attribute__((vector_size(16)));

MK_INLINE uint8_t whole(int32_t sum) {
  int32_t value = sum >> SHIFT;
  return (uint8_t)(value < 0 ? 0 : (value > 255 ? 255 : value));
}

static void filter_line(const uint8_t *x, int64_t channels, const mk_taps *taps, uint8_t fill, uint8_t *y) {
  for (int64_t i = 0; i < taps->outputs; i++, y += channels) {
    const uint8_t *from = x + taps->start[i] * channels;
    const int32_t *weight = taps->weight + i * taps->width;
    if (taps->count[i] == 0) {
      memset(y, fill, (size_t)channels);
      continue;
    }
    for (int64_t c = 0; c < channels; c++) {
      int32_t sum = HALF;
      for (int32_t t = 0; t < taps->count[i]; t++) sum += weight[t] * from[t * channels + c];
      y[c] = whole(sum);
    }
  }
}

enum { LINES = 4 };

// Four lines of RGB at once, in a vector of four values for each. Reads a fourth byte beside each pixel's three: there
// must be one after each line.
MK_INLINE void filter_rgb_lines(const uint8_t *x, int64_t inputs, const mk_taps *taps, uint8_t fill, uint8_t *y) {
  for (int64_t i = 0; i < taps->outputs; i++) {
    const uint8_t *from = x + taps->start[i] * 3;
    const int32_t *weight = taps->weight + i * taps->width;
    uint8_t *to = y + 3 * i;
    uint32_t pixels[LINES];
    wide_bytes bytes;
    wide sum = (wide){0} + HALF;
    for (int32_t t = 0; t < taps->count[i]; t++) {
      for (int k = 0; k < LINES; k++) memcpy(&pixels[k], from + 3 * (k * inputs + t), 4);
      memcpy(&bytes, pixels, 16);
      sum += __builtin_convertvector(bytes, wide) * weight[t];
    }
    sum = __builtin_elementwise_max(sum >> SHIFT, (wide){0});
    bytes = __builtin_convertvector(__builtin_elementwise_min(sum, (wide){0} + 255), wide_bytes);
    if (taps->count[i] == 0) memset(&bytes, fill, sizeof bytes);
    memcpy(pixels, &bytes, 16);
    for (int k = 0; k < LINES; k++, to += 3 * taps->outputs) {
      // The next pixel is written over the fourth byte.
      if (i + 1 < taps->outputs) {
        memcpy(to, &pixels[k], 4);
      } else {
        memcpy(to, &pixels[k], 3);
      }
    }
  }
}

MK_VARIANTS
void mk_filter_columns_u8(const uint8_t *x, int64_t lines, int64_t inputs, int64_t channels, const mk_taps *taps,
                          uint8_t fill, uint8_t *y) {
  int64_t line = 0;
  // After the last line there is no fourth byte.
  if (channels == 3) {
    for (; line + LINES < lines; line += LINES)
      filter_rgb_lines(x + line * inputs * 3, inputs, taps, fill, y + line * taps->outputs * 3);
  }
  for (; line < lines; line++)
    filter_line(x + line * inputs * channels, channels, taps, fill, y + line * taps->outputs * channels);
}

MK_VARIANTS
void mk_filter_rows_u8(const uint8_t *x, int64_t length, const mk_taps *taps, uint8_t fill, uint8_t *y) {
  for (int64_t i = 0; i < taps->outputs; i++, y += length) {
    const uint8_t *from = x + taps->start[i] * length;
    const int32_t *weight = taps->weight + i * taps->width;
    int32_t count = taps->count[i];
    if (count == 0) {
      memset(y, fill, (size_t)length);
      continue;
    }
    int64_t j = 0;
    for (; j + BLOCK <= length; j += BLOCK) {
      wide sum[4];
      for (int k = 0; k < 4; k++) sum[k] = (wide){0} + HALF;
      for (int32_t t = 0; t < count; t++) {
        for (int k = 0; k < 4; k++) {
          wide_bytes bytes;
          memcpy(&bytes, from + t * length + j + 16 * k, 16);
          sum[k] += __builtin_convertvector(bytes, wide) * weight[t];
        }
      }
      for (int k = 0; k < 4; k++) {
        wide value = __builtin_elementwise_max(sum[k] >> SHIFT, (wide){0});
        wide_bytes bytes = __builtin_convertvector(__builtin_elementwise_min(value, (wide){0} + 255), wide_bytes);
        memcpy(y + j + 16 * k, &bytes, 16);
      }
    }
    for (; j < length; j++) {
      int32_t sum = HALF;
      for (int32_t t = 0; t < count; t++) sum += weight[t] * from[t * length + j];
      y[j] = whole(sum);
    }
  }
}

void mk_pick_u8(const uint8_t *x, int64_t inputs, int64_t channels, const mk_taps *rows, const mk_taps *columns,
                uint8_t fill, uint8_t *y) {
  for (int64_t i = 0; i < rows->outputs; i++) {
    const uint8_t *line = x + rows->start[i] * inputs * channels;
    for (int64_t j = 0; j < columns->outputs; j++, y += channels) {
      if (rows->count[i] == 0 || columns->count[j] == 0) {
        memset(y, fill, (size_t)channels);
      } else {
        const uint8_t *from = line + columns->start[j] * channels;
        for (int64_t c = 0; c < channels; c++) y[c] = from[c];
      }
    }
  }
}

// Runs BODY for each output pixel with its place (u, v) in x, where that is inside.
#define FOR_PLACES(...)                                                     \
  for (int64_t i = 0; i < out_height; i++)                                  \
    for (int64_t j = 0; j < out_width; j++, y += channels) {                \
      double across = (double)j + 0.5, down = (double)i + 0.5;              \
      double u = m[0] * across + m[1] * down + m[2];                        \
      double v = m[3] * across + m[4] * down + m[5];                        \
      if (!(u >= 0 && u < (double)width && v >= 0 && v < (double)height)) { \
        memset(y, fill, (size_t)channels);                                  \
        continue;                                                           \
      }                                                                     \
      __VA_ARGS__                                                           \
    }

MK_VARIANTS
void mk_affine_bilinear_u8(const uint8_t *x, int64_t height, int64_t width, int64_t channels, const double m[6],
                           int64_t out_height, int64_t out_width, uint8_t fill, uint8_t *y) {
  FOR_PLACES({
    // From one half up, so that cutting rounds down; half a pixel is the first one's middle.
    int64_t right = (int64_t)(u + 0.5), below = (int64_t)(v + 0.5);
    int32_t wu = (int32_t)((u + 0.5 - (double)right) * 2048 + 0.5);
    int32_t wv = (int32_t)((v + 0.5 - (double)below) * 2048 + 0.5);
    int64_t left = right > 0 ? right - 1 : 0, above = below > 0 ? below - 1 : 0;
    if (right >= width) right = width - 1;
    if (below >= height) below = height - 1;
    const uint8_t *upper = x + above * width * channels, *lower = x + below * width * channels;
    for (int64_t c = 0; c < channels; c++) {
      int32_t top = upper[left * channels + c] * (2048 - wu) + upper[right * channels + c] * wu;
      int32_t bottom = lower[left * channels + c] * (2048 - wu) + lower[right * channels + c] * wu;
      y[c] = (uint8_t)((top * (2048 - wv) + bottom * wv + (1 << 21)) >> 22);
    }
  })
}

MK_VARIANTS
void mk_affine_nearest_u8(const uint8_t *x, int64_t height, int64_t width, int64_t channels, const double m[6],
                          int64_t out_height, int64_t out_width, uint8_t fill, uint8_t *y) {
  FOR_PLACES({ memcpy(y, x + ((int64_t)v * width + (int64_t)u) * channels, (size_t)channels); })
}

MK_INLINE uint8_t cut(float value) {
  value = value < 0.0f ? 0.0f : value;
  return (uint8_t)(int32_t)(value > 255.0f ? 255.0f : value);
}

MK_INLINE int32_t luma(int32_t red, int32_t green, int32_t blue) {
  return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
}

MK_VARIANTS
void mk_blend_u8(const uint8_t *x, int64_t n, float base, float factor, uint8_t *y) {
  for (int64_t i = 0; i < n; i++) {
    float step = factor * ((float)x[i] - base);
    y[i] = cut(base + step);
  }
}

MK_VARIANTS
int64_t mk_sum_luma_u8(const uint8_t *x, int64_t pixels) {
  int64_t sum = 0;
  for (int64_t i = 0; i < pixels; i++) sum += luma(x[3 * i], x[3 * i + 1], x[3 * i + 2]);
  return sum;
}

// Runs BODY for BLOCK pixels at a time, with red, green and blue apart as int32 so that it becomes vectors.
#define FOR_COLOURS(...)                                             \
  for (int64_t first = 0; first < pixels; first += BLOCK) {          \
    int64_t n = pixels - first < BLOCK ? pixels - first : BLOCK;     \
    uint8_t red[BLOCK] = {0}, green[BLOCK] = {0}, blue[BLOCK] = {0}; \
    const uint8_t *from = x + 3 * first;                             \
    uint8_t *to = y + 3 * first;                                     \
    for (int64_t i = 0; i < n; i++) {                                \
      red[i] = from[3 * i];                                          \
      green[i] = from[3 * i + 1];                                    \
      blue[i] = from[3 * i + 2];                                     \
    }                                                                \
    for (int i = 0; i < BLOCK; i++) __VA_ARGS__                      \
    for (int64_t i = 0; i < n; i++) {                                \
      to[3 * i] = red[i];                                            \
      to[3 * i + 1] = green[i];                                      \
      to[3 * i + 2] = blue[i];                                       \
    }                                                                \
  }

MK_VARIANTS
void mk_saturate_u8(const uint8_t *x, int64_t pixels, float factor, uint8_t *y) {
  FOR_COLOURS({
    float gray = (float)luma(red[i], green[i], blue[i]);
    float more = factor * ((float)red[i] - gray);
    red[i] = cut(gray + more);
    more = factor * ((float)green[i] - gray);
    green[i] = cut(gray + more);
    more = factor * ((float)blue[i] - gray);
    blue[i] = cut(gray + more);
  })
}

// One channel of HSV to RGB: v - v s max(0, min(k, 4 - k, 1)), k = (n + h) mod 6, where v s is the range. k is above 0
// before the remainder, so that cutting rounds it down.
MK_INLINE uint8_t channel(float n, float hue, float high, float range) {
  float k = n + hue + 6.0f;
  k = k - 6.0f * (float)(int32_t)(k / 6.0f);
  float slope = k < 4.0f - k ? k : 4.0f - k;
  slope = slope < 1.0f ? slope : 1.0f;
  slope = slope > 0.0f ? slope : 0.0f;
  return (uint8_t)(int32_t)(high - range * slope + 0.5f);
}

MK_VARIANTS
void mk_turn_hue_u8(const uint8_t *x, int64_t pixels, float sixths, uint8_t *y) {
  FOR_COLOURS({
    float r = red[i], g = green[i], b = blue[i];
    float high = r > g ? r : g, low = r < g ? r : g;
    high = high > b ? high : b;
    low = low < b ? low : b;
    float range = high - low;
    float divisor = range > 0.0f ? range : 1.0f;
    float hue = high == r ? (g - b) / divisor
                          : (high == g ? 2.0f + (b - r) / divisor : 4.0f + (r - g) / divisor);
    hue = hue + sixths;
    red[i] = channel(5.0f, hue, high, range);
    green[i] = channel(3.0f, hue, high, range);
    blue[i] = channel(1.0f, hue, high, range);
  })
}

void mk_lookup_u8_f32(const uint8_t *x, int64_t pixels, int64_t channels, const float *table, float *y) {
  if (channels == 3) {
    for (int64_t i = 0; i < 3 * pixels; i += 3) {
      y[i] = table[x[i]];
      y[i + 1] = table[256 + x[i + 1]];
      y[i + 2] = table[512 + x[i + 2]];
    }
    return;
  }
  for (int64_t i = 0; i < pixels; i++, x += channels, y += channels)
    for (int64_t c = 0; c < channels; c++) y[c] = table[256 * c + x[c]];
}
