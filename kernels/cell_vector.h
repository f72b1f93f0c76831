/* cell_vector.h: the vector operations of the Krylov methods, one cell at a time. */
#ifndef PF_CELL_VECTOR_H
#define PF_CELL_VECTOR_H

#include "pf_kernel.h"

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

/* Single precision, several unknowns a cell one after the other: launched over a grid of as many planes. */
#define PF_ARGS_many_fill(IN, OUT, VAR, VAL) OUT(float, x) VAL(float, a)
PF_ARGS(many_fill);
PF_CELL void pf_cell_many_fill(const pf_many_fill_args *k, pf_at at) { k->x[at.c] = k->a; }
#define PF_ARGS_many_scaled(IN, OUT, VAR, VAL) IN(float, x) OUT(float, y) VAL(float, a)
PF_ARGS(many_scaled);
PF_CELL void pf_cell_many_scaled(const pf_many_scaled_args *k, pf_at at) { k->y[at.c] = k->a * k->x[at.c]; }
#define PF_ARGS_many_times(IN, OUT, VAR, VAL) VAR(float, x) VAL(float, a)
PF_ARGS(many_times);
PF_CELL void pf_cell_many_times(const pf_many_times_args *k, pf_at at) { k->x[at.c] *= k->a; }
#define PF_ARGS_many_widen(IN, OUT, VAR, VAL) IN(float, x) OUT(double, y)
PF_ARGS(many_widen);
PF_CELL void pf_cell_many_widen(const pf_many_widen_args *k, pf_at at) { k->y[at.c] = (double)k->x[at.c]; }
#define PF_ARGS_many_narrow(IN, OUT, VAR, VAL) IN(double, x) OUT(float, y)
PF_ARGS(many_narrow);
PF_CELL void pf_cell_many_narrow(const pf_many_narrow_args *k, pf_at at) { k->y[at.c] = (float)k->x[at.c]; }
/* x . y_0 ... x . y_3 (NULL: not asked for) */
// clang-format off
#define PF_ARGS_many_dots(IN, OUT, VAR, VAL) IN(float, x) IN(float, y0) IN(float, y1) IN(float, y2) IN(float, y3)
// clang-format on
PF_ARGS(many_dots);
PF_CELL pf_sums pf_cell_many_dots(const pf_many_dots_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double x = (double)k->x[c];
  const pf_sums r = {{k->y0 ? x * (double)k->y0[c] : 0, k->y1 ? x * (double)k->y1[c] : 0,
                      k->y2 ? x * (double)k->y2[c] : 0, k->y3 ? x * (double)k->y3[c] : 0}};
  return r;
}
/* y += a0 x0 + a1 x1 + a2 x2 + a3 x3 (NULL: left out) */
// clang-format off
#define PF_ARGS_many_combine(IN, OUT, VAR, VAL)                                                                \
  VAR(float, y) IN(float, x0) IN(float, x1) IN(float, x2) IN(float, x3) VAL(float, a0) VAL(float, a1)          \
  VAL(float, a2) VAL(float, a3)
// clang-format on
PF_ARGS(many_combine);
PF_CELL void pf_cell_many_combine(const pf_many_combine_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  float y = k->y[c];
  if (k->x0) y += k->a0 * k->x0[c];
  if (k->x1) y += k->a1 * k->x1[c];
  if (k->x2) y += k->a2 * k->x2[c];
  if (k->x3) y += k->a3 * k->x3[c];
  k->y[c] = y;
}

// clang-format off
#define PF_KERNELS_VECTOR(MAP, SWEEP, SUM, MAX)                                                                  \
  MAP(fill) MAP(axpy) MAP(triad) SUM(dot) MAP(many_fill) MAP(many_scaled) MAP(many_times) MAP(many_widen) MAP(many_narrow)       \
  SUM(many_dots) MAP(many_combine)
// clang-format on

#endif
