#pragma once
#include "mk_base.h"

// Windows sliding over (batch, depth, height, width, channels); fewer axes have leading sizes of 1. Output position p
// reads inputs p·stride − padding + tap·dilation, and nothing where that lies outside (padding may be negative).
typedef struct {
  int64_t batch, channels;
  int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
} mk_window;
