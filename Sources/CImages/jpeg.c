#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CImages.h"

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
} error_manager;

static void fail(j_common_ptr info) {
  error_manager *errors = (error_manager *)info->err;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  // What libjpeg says of MEMORY_MAX is that it would need a temporary file.
  int is_memory = info->err->msg_code == JERR_NO_BACKING_STORE;
  snprintf(
      errors->message, CI_MESSAGE_SIZE, "%s",
      is_memory ? "progressive, and so large that decoding it takes more than 256 MiB" : text);
  longjmp(errors->escape, 1);
}

// libjpeg goes on after damage and paints the rest gray; training must not. Warnings that real
// cameras cause without harm to a pixel (stray bytes, odd Adobe markers) stay warnings.
static void emit(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
      fail(info);
    default:
      info->err->num_warnings++;
  }
}

static void be_silent(j_common_ptr info) { (void)info; }

static void prepare(error_manager *errors, char *message) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = fail;
  errors->base.emit_message = emit;
  errors->base.output_message = be_silent;
  errors->message = message;
  message[0] = 0;
}

// A progressive picture is kept as coefficients until its last scan: six bytes a pixel or more.
enum { MEMORY_MAX = 256 << 20 };

// A few kilobytes of progressive file can ask for thousands of scans over a huge picture.
static void limit_scans(j_common_ptr info) {
  if (((j_decompress_ptr)info)->input_scan_number > 200) {
    error_manager *errors = (error_manager *)info->err;
    snprintf(errors->message, CI_MESSAGE_SIZE, "more than 200 progressive scans");
    longjmp(errors->escape, 1);
  }
}

int ci_jpeg_header(const uint8_t *bytes, size_t size, ci_header *header, char *message) {
  struct jpeg_decompress_struct info;
  error_manager errors;
  prepare(&errors, message);
  info.err = &errors.base;
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&info);
    return -1;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes, size);
  jpeg_read_header(&info, TRUE);
  header->width = (int32_t)info.image_width;
  header->height = (int32_t)info.image_height;
  header->channels = info.num_components;
  header->bit_depth = info.data_precision;
  header->is_palette = 0;
  jpeg_destroy_decompress(&info);
  return 0;
}

// Adobe writes CMYK inverted: 255 is no ink. Files without its marker are rare and the other way.
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t count, int inverted) {
  for (size_t i = 0; i < count; i++) {
    for (int c = 0; c < 3; c++) {
      int ink = cmyk[4 * i + c], black = cmyk[4 * i + 3];
      if (!inverted) ink = 255 - ink, black = 255 - black;
      rgb[3 * i + c] = (uint8_t)((ink * black + 127) / 255);
    }
  }
}

static void gray_of_rgb(const uint8_t *rgb, uint8_t *gray, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int sum = 19595 * rgb[3 * i] + 38470 * rgb[3 * i + 1] + 7471 * rgb[3 * i + 2];
    gray[i] = (uint8_t)((sum + 32768) >> 16);
  }
}

// One line of the picture as decoded becomes `count` pixels of `channels`, from its pixel `first` on.
static void take_line(
    const struct jpeg_decompress_struct *info, uint8_t *line, size_t first, size_t count,
    size_t channels, uint8_t *out) {
  if (info->out_color_space != JCS_CMYK) {
    memcpy(out, line + first * channels, count * channels);
    return;
  }
  uint8_t *rgb = line + 4 * (size_t)info->output_width;
  cmyk_to_rgb(line + 4 * first, rgb, count, info->saw_Adobe_marker);
  if (channels == 3) {
    memcpy(out, rgb, 3 * count);
  } else {
    gray_of_rgb(rgb, out, count);
  }
}

// Beside a cut the upsampling of colour has no neighbour: that many more pixels make up for it.
enum { MARGIN = 4 };

int ci_jpeg_decode(
    const uint8_t *bytes, size_t size, int32_t eighths, int32_t channels, ci_region region,
    uint8_t *out, size_t out_size, char *message) {
  struct jpeg_decompress_struct info;
  struct jpeg_progress_mgr progress = {0};
  error_manager errors;
  uint8_t *volatile line = NULL;
  prepare(&errors, message);
  info.err = &errors.base;
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&info);
    free(line);
    return -1;
  }
  jpeg_create_decompress(&info);
  info.mem->max_memory_to_use = MEMORY_MAX;
  progress.progress_monitor = limit_scans;
  info.progress = &progress;
  jpeg_mem_src(&info, bytes, size);
  jpeg_read_header(&info, TRUE);
  int is_cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = is_cmyk ? JCS_CMYK : (channels == 1 ? JCS_GRAYSCALE : JCS_RGB);
  info.dct_method = JDCT_ISLOW;  // the one method whose SIMD and plain versions agree to the bit
  info.scale_num = (unsigned)eighths;
  info.scale_denom = 8;
  jpeg_start_decompress(&info);
  int64_t right = (int64_t)region.left + region.width;
  int64_t bottom = (int64_t)region.top + region.height;
  if (region.left < 0 || region.top < 0 || region.width < 1 || region.height < 1 ||
      right > info.output_width || bottom > info.output_height ||
      (size_t)region.width * (size_t)region.height * (size_t)channels != out_size) {
    snprintf(message, CI_MESSAGE_SIZE, "the size changed while decoding");
    jpeg_destroy_decompress(&info);
    return -1;
  }
  JDIMENSION start = (JDIMENSION)(region.left > MARGIN ? region.left - MARGIN : 0);
  JDIMENSION end = right + MARGIN < info.output_width ? (JDIMENSION)right + MARGIN : info.output_width;
  JDIMENSION width = end - start;
  if (width < info.output_width) jpeg_crop_scanline(&info, &start, &width);
  size_t first = (size_t)region.left - start;
  line = malloc((size_t)info.output_width * 7);
  if (line == NULL) {
    snprintf(message, CI_MESSAGE_SIZE, "no memory for a line");
    jpeg_destroy_decompress(&info);
    return -1;
  }
  if (region.top > 0) jpeg_skip_scanlines(&info, (JDIMENSION)region.top);
  while (info.output_scanline < (JDIMENSION)bottom) {
    uint8_t *row = out + (info.output_scanline - (size_t)region.top) * (size_t)region.width * (size_t)channels;
    JSAMPROW target = line;
    jpeg_read_scanlines(&info, &target, 1);
    take_line(&info, line, first, (size_t)region.width, (size_t)channels, row);
  }
  // What follows the region is of no interest; a whole picture's end is checked.
  if (info.output_scanline == info.output_height) jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  free(line);
  return 0;
}

int ci_jpeg_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t quality,
    uint8_t **encoded, size_t *encoded_size, char *message) {
  struct jpeg_compress_struct info;
  error_manager errors;
  unsigned char *buffer = NULL;
  unsigned long length = 0;
  prepare(&errors, message);
  info.err = &errors.base;
  if (setjmp(errors.escape)) {
    // After growing, libjpeg has freed the block `buffer` names: freeing it here could be twice.
    jpeg_destroy_compress(&info);
    return -1;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &buffer, &length);
  info.image_width = (JDIMENSION)width;
  info.image_height = (JDIMENSION)height;
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  info.dct_method = JDCT_ISLOW;
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)info.next_scanline * (size_t)width * (size_t)channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  *encoded = buffer;
  *encoded_size = length;
  return 0;
}

void ci_free(void *memory) { free(memory); }

int32_t ci_jpeg_version(void) { return LIBJPEG_TURBO_VERSION_NUMBER; }
