#pragma once
#include "mk_base.h"

// a (n, n), symmetric, row-major: its lower triangle is read and becomes L with a = L Lᵀ; what is above stays. Returns the
// first row whose pivot is not above 0 (or is no number), where the work ends, or n. Dot products in 16 lanes and a tree.
int64_t mk_cholesky_f64(double *a, int64_t n);

// x ← (L Lᵀ)⁻¹ x for x (n, m), row-major, L (n, n) as mk_cholesky_f64 leaves it. Each column is summed in row order.
void mk_cholesky_solve_f64(const double *l, int64_t n, double *x, int64_t m);
