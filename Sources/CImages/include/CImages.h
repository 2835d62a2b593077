// libjpeg-turbo and libpng report errors by longjmp, which Swift must not see: this module turns
// them into return values. It owns no policy: sizes are bounded by the caller, between the call
// that reads a header and the call that decodes into the caller's memory.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CI_MESSAGE_SIZE = 200 };

typedef struct {
  int32_t width, height;
  int32_t channels;  // as stored: 1 gray or palette, 2 gray + alpha, 3 RGB, 4 RGBA or CMYK
  int32_t bit_depth;
  int32_t is_palette;
} ci_header;

// All functions return 0, or -1 with a sentence in `message` (CI_MESSAGE_SIZE bytes).

int ci_jpeg_header(const uint8_t *bytes, size_t size, ci_header *header, char *message);

// In pixels of the picture as it is decoded.
typedef struct {
  int32_t left, top, width, height;
} ci_region;

// Decodes a region of the picture to `channels` (1 or 3) 8-bit channels, at eighths/8 (1 ... 8) of its size, sides
// rounded up. The pixels are those that decoding all of it would give there. Of the lines below the region nothing is
// read, and so damage there is not seen. `out` holds exactly out_size bytes, checked against region and file.
int ci_jpeg_decode(
    const uint8_t *bytes, size_t size, int32_t eighths, int32_t channels, ci_region region,
    uint8_t *out, size_t out_size, char *message);

// `*encoded` is to be freed with ci_free.
int ci_jpeg_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t quality,
    uint8_t **encoded, size_t *encoded_size, char *message);

int ci_png_header(const uint8_t *bytes, size_t size, ci_header *header, char *message);

enum ci_png_mode {
  CI_PNG_RGB = 0,      // everything becomes 8-bit RGB; alpha is dropped
  CI_PNG_INDICES = 1,  // palette indices or gray values as stored, one byte each; 8 bits at most
  CI_PNG_GRAY = 2,     // gray files only: 8-bit gray, low depths stretched, alpha dropped
};

int ci_png_decode(
    const uint8_t *bytes, size_t size, int32_t mode, uint8_t *out, size_t out_size, char *message);

// channels 1 or 3; with a palette (RGB triples, at most 256) channels is 1 and bytes are indices.
int ci_png_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, const uint8_t *palette,
    int32_t palette_count, uint8_t **encoded, size_t *encoded_size, char *message);

void ci_free(void *memory);

// For the arithmetic fingerprint: LIBJPEG_TURBO_VERSION_NUMBER and PNG_LIBPNG_VER_STRING.
int32_t ci_jpeg_version(void);
const char *ci_png_version(void);
