// Loops over floats. Every kernel is single-threaded, sums in a fixed order, and calls no libm.
#pragma once
#include "mk_base.h"
#include "mk_random.h"
#include "mk_elementwise.h"
#include "mk_copy.h"
#include "mk_convolution.h"
#include "mk_pooling.h"
#include "mk_resize.h"
#include "mk_normalization.h"
#include "mk_attention.h"
#include "mk_dropout.h"
