// Loops over floats. Every kernel is single-threaded, sums in a fixed order, and calls no libm.
#pragma once
#include "mk_base.h"
#include "mk_random.h"
#include "mk_elementwise.h"
#include "mk_copy.h"
#include "mk_reduce.h"
#include "mk_rows.h"
#include "mk_index.h"
#include "mk_optimizer.h"
