/* cell_vector.h: the vector operations of the Krylov methods, one cell at a time. */
#ifndef PF_CELL_VECTOR_H
#define PF_CELL_VECTOR_H

#include <math.h>

#include "pf_real.h"

#define PF_ARGS_fill(IN, OUT, VAR, VAL) OUT(double, y) VAL(double, a)
PF_ARGS(fill);
PF_CELL void pf_cell_fill(const pf_fill_args *k, pf_at at) { k->y[at.c] = k->a; }

#define PF_ARGS_axpy(IN, OUT, VAR, VAL) IN(double, x) VAR(double, y) VAL(double, a)
PF_ARGS(axpy);
PF_CELL void pf_cell_axpy(const pf_axpy_args *k, pf_at at) { k->y[at.c] += k->a * k->x[at.c]; }

/* y = x + a z, to measure memory */
#define PF_ARGS_triad(IN, OUT, VAR, VAL) IN(double, x) IN(double, z) OUT(double, y) VAL(double, a)
PF_ARGS(triad);
PF_CELL void pf_cell_triad(const pf_triad_args *k, pf_at at) { k->y[at.c] = k->x[at.c] + k->a * k->z[at.c]; }

/* sum x y */
#define PF_ARGS_dot(IN, OUT, VAR, VAL) IN(double, x) IN(double, y)
PF_ARGS(dot);
PF_CELL pf_sums pf_cell_dot(const pf_dot_args *k, pf_at at) {
  const pf_sums r = {{k->x[at.c] * k->y[at.c], 0, 0, 0}};
  return r;
}

#define PF_ARGS_many_widen(IN, OUT, VAR, VAL) IN(float, x) OUT(double, y)
PF_ARGS(many_widen);
PF_CELL void pf_cell_many_widen(const pf_many_widen_args *k, pf_at at) { k->y[at.c] = (double)k->x[at.c]; }
#define PF_ARGS_many_narrow(IN, OUT, VAR, VAL) IN(double, x) OUT(float, y)
PF_ARGS(many_narrow);
PF_CELL void pf_cell_many_narrow(const pf_many_narrow_args *k, pf_at at) { k->y[at.c] = (float)k->x[at.c]; }
/* A kernel of one cell: numbers[to] = 1/sqrt(numbers[at] + numbers[at_2]) (at_2 = 0: of the first alone), 1 where that is 0. */
#define PF_ARGS_many_factor(IN, OUT, VAR, VAL) VAR(double, numbers) VAL(int, at) VAL(int, at_2) VAL(int, to)
PF_ARGS(many_factor);
PF_CELL void pf_cell_many_factor(const pf_many_factor_args *k, pf_at at) {
  double *n = k->numbers + at.c;
  const double square = n[k->at] + (k->at_2 ? n[k->at_2] : 0);
  n[k->to] = square > 0 ? 1 / sqrt(square) : 1;
}

#define PF_REAL float
#include "real_vector.h"
#undef PF_REAL
#define PF_ARGS_many_fill(...) PF_REAL_ARGS_many_fill(float, __VA_ARGS__)
#define PF_ARGS_many_scaled(...) PF_REAL_ARGS_many_scaled(float, __VA_ARGS__)
#define PF_ARGS_many_rest(...) PF_REAL_ARGS_many_rest(float, __VA_ARGS__)
#define PF_ARGS_many_dots(...) PF_REAL_ARGS_many_dots(float, __VA_ARGS__)
#define PF_ARGS_many_combine(...) PF_REAL_ARGS_many_combine(float, __VA_ARGS__)
#define PF_ARGS_many_meet(...) PF_REAL_ARGS_many_meet(float, __VA_ARGS__)
#define PF_ARGS_many_times(...) PF_REAL_ARGS_many_times(float, __VA_ARGS__)

// clang-format off
#define PF_KERNELS_VECTOR(MAP, SWEEP, SUM, MAX)                                                                  \
  MAP(fill) MAP(axpy) MAP(triad) SUM(dot) MAP(many_fill) MAP(many_scaled) MAP(many_rest) MAP(many_widen)         \
  MAP(many_narrow) SUM(many_dots) SUM(many_combine) SUM(many_meet) MAP(many_factor) MAP(many_times)
// clang-format on

#endif
