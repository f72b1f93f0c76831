/* cell_vector.h: the vector operations of the Krylov methods, one cell at a time. */
#ifndef PF_CELL_VECTOR_H
#define PF_CELL_VECTOR_H

#include <math.h>

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
#define PF_ARGS_many_scaled(IN, OUT, VAR, VAL) IN(float, x) OUT(float, y) VAL(double, a)
PF_ARGS(many_scaled);
PF_CELL void pf_cell_many_scaled(const pf_many_scaled_args *k, pf_at at) { k->y[at.c] = (float)k->a * k->x[at.c]; }
/* y = x - y */
#define PF_ARGS_many_rest(IN, OUT, VAR, VAL) IN(float, x) VAR(float, y)
PF_ARGS(many_rest);
PF_CELL void pf_cell_many_rest(const pf_many_rest_args *k, pf_at at) { k->y[at.c] = k->x[at.c] - k->y[at.c]; }
#define PF_ARGS_many_widen(IN, OUT, VAR, VAL) IN(float, x) OUT(double, y)
PF_ARGS(many_widen);
PF_CELL void pf_cell_many_widen(const pf_many_widen_args *k, pf_at at) { k->y[at.c] = (double)k->x[at.c]; }
#define PF_ARGS_many_narrow(IN, OUT, VAR, VAL) IN(double, x) OUT(float, y)
PF_ARGS(many_narrow);
PF_CELL void pf_cell_many_narrow(const pf_many_narrow_args *k, pf_at at) { k->y[at.c] = (float)k->x[at.c]; }
/* x . y_0 ... x . y_3 */
// clang-format off
#define PF_ARGS_many_dots(IN, OUT, VAR, VAL) IN(float, x) IN(float, y0) IN(float, y1) IN(float, y2) IN(float, y3)
// clang-format on
PF_ARGS(many_dots);
PF_CELL pf_sums pf_cell_many_dots(const pf_many_dots_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double x = (double)k->x[c];
  const pf_sums r = {{x * (double)k->y0[c], x * (double)k->y1[c], x * (double)k->y2[c], x * (double)k->y3[c]}};
  return r;
}
/* y += sign (n[0] x0 + ... + n[3] x3) (NULL: left out), n[q] = numbers[at + q] and, where there are two parts,
 * + numbers[at_2 + q] (0: there is one); sum: y^2 */
// clang-format off
#define PF_ARGS_many_combine(IN, OUT, VAR, VAL)                                                                \
  VAR(float, y) IN(float, x0) IN(float, x1) IN(float, x2) IN(float, x3) IN(double, numbers) VAL(int, at)       \
  VAL(int, at_2) VAL(double, sign)
// clang-format on
PF_ARGS(many_combine);
PF_CELL float pf_many_number(const pf_many_combine_args *k, int q) {
  const double *n = k->numbers;
  return (float)(k->sign * (k->at_2 ? n[k->at + q] + n[k->at_2 + q] : n[k->at + q]));
}
PF_CELL pf_sums pf_cell_many_combine(const pf_many_combine_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  float y = k->y[c];
  if (k->x0) y += pf_many_number(k, 0) * k->x0[c];
  if (k->x1) y += pf_many_number(k, 1) * k->x1[c];
  if (k->x2) y += pf_many_number(k, 2) * k->x2[c];
  if (k->x3) y += pf_many_number(k, 3) * k->x3[c];
  k->y[c] = y;
  const pf_sums r = {{(double)y * (double)y, 0, 0, 0}};
  return r;
}
/* A kernel of one cell: numbers[to] = 1/sqrt(numbers[at] + numbers[at_2]) (at_2 = 0: of the first alone), 1 where that is 0. */
#define PF_ARGS_many_factor(IN, OUT, VAR, VAL) VAR(double, numbers) VAL(int, at) VAL(int, at_2) VAL(int, to)
PF_ARGS(many_factor);
PF_CELL void pf_cell_many_factor(const pf_many_factor_args *k, pf_at at) {
  double *n = k->numbers + at.c;
  const double square = n[k->at] + (k->at_2 ? n[k->at_2] : 0);
  n[k->to] = square > 0 ? 1 / sqrt(square) : 1;
}
/* x = numbers[at] x */
#define PF_ARGS_many_times(IN, OUT, VAR, VAL) VAR(float, x) IN(double, numbers) VAL(int, at)
PF_ARGS(many_times);
PF_CELL void pf_cell_many_times(const pf_many_times_args *k, pf_at at) { k->x[at.c] *= (float)k->numbers[k->at]; }

// clang-format off
#define PF_KERNELS_VECTOR(MAP, SWEEP, SUM, MAX)                                                                  \
  MAP(fill) MAP(axpy) MAP(triad) SUM(dot) MAP(many_fill) MAP(many_scaled) MAP(many_rest) MAP(many_widen)         \
  MAP(many_narrow) SUM(many_dots) SUM(many_combine) MAP(many_factor) MAP(many_times)
// clang-format on

#endif
