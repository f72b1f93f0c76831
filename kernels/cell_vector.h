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

#define PF_KERNELS_VECTOR(MAP, SWEEP, SUM, MAX) MAP(fill) MAP(axpy) MAP(triad) SUM(dot)

#endif
