#pragma once
#include "mk_base.h"

// Bytes of pictures, channels last. Sums are of integers, and no float product is fused with its sum: the same bits
// from every variant and processor.

// Which inputs make each output along an axis: output i is the sum of count[i] inputs from start[i] on, times the
// weights from weight[i * width] on, which add up to 2^15. Outputs of count 0 get a fill.
typedef struct {
  int64_t outputs, width;
  const int32_t *start, *count, *weight;
} mk_taps;

// y [lines, outputs, channels] from x [lines, inputs, channels].
void mk_filter_columns_u8(const uint8_t *x, int64_t lines, int64_t inputs, int64_t channels, const mk_taps *taps,
                          uint8_t fill, uint8_t *y);
// y [outputs, length] from x [inputs, length].
void mk_filter_rows_u8(const uint8_t *x, int64_t length, const mk_taps *taps, uint8_t fill, uint8_t *y);
// One input an output: the start of each tap.
void mk_pick_u8(const uint8_t *x, int64_t inputs, int64_t channels, const mk_taps *rows, const mk_taps *columns,
                uint8_t fill, uint8_t *y);

// y [out_height, out_width, channels]: output (i, j), whose middle is (j + 1/2, i + 1/2), shows the place
// (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]) of x [height, width, channels], or `fill` outside it.
void mk_affine_bilinear_u8(const uint8_t *x, int64_t height, int64_t width, int64_t channels, const double m[6],
                           int64_t out_height, int64_t out_width, uint8_t fill, uint8_t *y);
void mk_affine_nearest_u8(const uint8_t *x, int64_t height, int64_t width, int64_t channels, const double m[6],
                          int64_t out_height, int64_t out_width, uint8_t fill, uint8_t *y);

// base + factor * (x - base), cut to 0 ... 255 and to whole numbers, for n bytes. y may be x.
void mk_blend_u8(const uint8_t *x, int64_t n, float base, float factor, uint8_t *y);
// The same, away from each RGB pixel's brightness. y may be x.
void mk_saturate_u8(const uint8_t *x, int64_t pixels, float factor, uint8_t *y);
// Hues of RGB pixels turned by `sixths` sixths of the circle, -3 ... 3. y may be x.
void mk_turn_hue_u8(const uint8_t *x, int64_t pixels, float sixths, uint8_t *y);
// The sum of the brightness (ITU-R BT.601, rounded) of RGB pixels.
int64_t mk_sum_luma_u8(const uint8_t *x, int64_t pixels);
// y = table[channel][x], with 256 entries a channel.
void mk_lookup_u8_f32(const uint8_t *x, int64_t pixels, int64_t channels, const float *table, float *y);
