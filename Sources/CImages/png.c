#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "CImages.h"

typedef struct {
  const uint8_t *bytes;
  size_t size, position;
} source;

typedef struct {
  uint8_t *bytes;
  size_t size, capacity;
} sink;

static void fail(png_structp png, png_const_charp text) {
  snprintf((char *)png_get_error_ptr(png), CI_MESSAGE_SIZE, "%s", text);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->size - from->position) png_error(png, "the file ends too early");
  memcpy(out, from->bytes + from->position, count);
  from->position += count;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  sink *to = png_get_io_ptr(png);
  if (to->size + count > to->capacity) {
    size_t capacity = 2 * to->capacity + count;
    uint8_t *grown = realloc(to->bytes, capacity);
    if (grown == NULL) png_error(png, "no memory for the encoded file");
    to->bytes = grown;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->size, bytes, count);
  to->size += count;
}

static void flush(png_structp png) { (void)png; }

static void describe(png_structp png, png_infop info, ci_header *header) {
  header->width = (int32_t)png_get_image_width(png, info);
  header->height = (int32_t)png_get_image_height(png, info);
  header->channels = png_get_channels(png, info);
  header->bit_depth = png_get_bit_depth(png, info);
  header->is_palette = png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE;
}

static png_structp begin(source *from, png_infop *info, char *message) {
  message[0] = 0;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  if (png == NULL) return NULL;
  *info = png_create_info_struct(png);
  if (*info == NULL) {
    png_destroy_read_struct(&png, NULL, NULL);
    return NULL;
  }
  png_set_read_fn(png, from, read_bytes);
  // Texts, profiles and the like, which may be packed, are of no use here and passed over unread.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_chunk_malloc_max(png, 8 << 20);
  return png;
}

int ci_png_header(const uint8_t *bytes, size_t size, ci_header *header, char *message) {
  source from = {bytes, size, 0};
  png_infop info = NULL;
  png_structp png = begin(&from, &info, message);
  if (png == NULL) {
    snprintf(message, CI_MESSAGE_SIZE, "no memory for the decoder");
    return -1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return -1;
  }
  png_read_info(png, info);
  describe(png, info, header);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}

static void select_transforms(png_structp png, int32_t mode, const ci_header *stored, int type) {
  if (mode == CI_PNG_INDICES) {
    if (stored->channels != 1) png_error(png, "it has colours where class indices are expected");
    if (stored->bit_depth > 8) png_error(png, "it has 16-bit values where 8-bit indices are expected");
    png_set_packing(png);
    return;
  }
  png_set_scale_16(png);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (!(type & PNG_COLOR_MASK_COLOR)) png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_alpha(png);
  if (mode == CI_PNG_RGB) {
    if (!(type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
  } else if (type & PNG_COLOR_MASK_COLOR) {
    png_error(png, "it has colours where gray is expected");
  }
}

int ci_png_decode(
    const uint8_t *bytes, size_t size, int32_t mode, uint8_t *out, size_t out_size, char *message) {
  source from = {bytes, size, 0};
  png_infop info = NULL;
  png_bytep *volatile rows = NULL;
  png_structp png = begin(&from, &info, message);
  if (png == NULL) {
    snprintf(message, CI_MESSAGE_SIZE, "no memory for the decoder");
    return -1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    free((void *)rows);
    return -1;
  }
  png_read_info(png, info);
  ci_header stored;
  describe(png, info, &stored);
  select_transforms(png, mode, &stored, png_get_color_type(png, info));
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t stride = png_get_rowbytes(png, info);
  if (stride * (size_t)stored.height != out_size) png_error(png, "the size changed while decoding");
  rows = malloc(sizeof(png_bytep) * (size_t)stored.height);
  if (rows == NULL) png_error(png, "no memory for the rows");
  for (int32_t y = 0; y < stored.height; y++) rows[y] = out + (size_t)y * stride;
  png_read_image(png, rows);
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  free((void *)rows);
  return 0;
}

int ci_png_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, const uint8_t *palette,
    int32_t palette_count, uint8_t **encoded, size_t *encoded_size, char *message) {
  sink to = {NULL, 0, 0};
  message[0] = 0;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_write_struct(&png, NULL);
    snprintf(message, CI_MESSAGE_SIZE, "no memory for the encoder");
    return -1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    free(to.bytes);
    return -1;
  }
  png_set_write_fn(png, &to, write_bytes, flush);
  int type = palette ? PNG_COLOR_TYPE_PALETTE
                     : (channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB);
  png_set_IHDR(
      png, info, (png_uint_32)width, (png_uint_32)height, 8, type, PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (palette) {
    png_color colours[256];
    for (int32_t i = 0; i < palette_count; i++) {
      colours[i] = (png_color){palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]};
    }
    png_set_PLTE(png, info, colours, palette_count);
  }
  png_write_info(png, info);
  for (int32_t y = 0; y < height; y++) {
    png_write_row(png, pixels + (size_t)y * (size_t)width * (size_t)channels);
  }
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  *encoded = to.bytes;
  *encoded_size = to.size;
  return 0;
}

const char *ci_png_version(void) { return PNG_LIBPNG_VER_STRING; }
