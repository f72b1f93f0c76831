/* pf_kernel.h: what a kernel is, and what a backend knows of it.
 *
 * A kernel is one cell function over one struct of arguments.  A cell header (cell_NAME.h) gives, for each kernel:
 *
 *   #define PF_ARGS_axpy(IN, OUT, VAR, VAL) IN(double, x) VAR(double, y) VAL(double, a)
 *   PF_ARGS(axpy);                                            -> struct pf_axpy_args { const double *x; ... }
 *   PF_CELL void pf_cell_axpy(const pf_axpy_args *k, pf_at at) { k->y[at.c] += k->a * k->x[at.c]; }
 *
 * IN arrays are only read, OUT arrays wholly written before they are read (by this kernel, every element), VAR arrays
 * both; VAL is a plain value or struct.  Every array pointer is the start of an array of the backend, or NULL.
 * The header ends with its list, which is added to PF_KERNELS in pf_kernels.h:
 *
 *   #define PF_KERNELS_KRYLOV(MAP, SWEEP, SUM, MAX) MAP(axpy) SUM(dot)
 *
 *   MAP    void  pf_cell_NAME(const args *, pf_at)             every cell once, in any order
 *   SWEEP  void  pf_cell_NAME(const args *, pf_at)             red cells, then black cells (below)
 *   SUM    pf_sums pf_cell_NAME(const args *, pf_at)           as MAP; the sums of PF_SUMS values come back
 *   MAX    pf_sums pf_cell_NAME(const args *, pf_at)           as SUM, the maxima instead (NaN may be lost: count them)
 *
 * A MAP kernel may read neighbours only of arrays that it does not write; a SWEEP kernel also neighbours (of the other
 * colour) of the array that it writes.  The colour of a cell is (i + j + k) % 2; where a periodic direction has an odd
 * number of cells its last row is left to the end (classes 1 y, 2 z, 3 both), so that the result never depends on the
 * order or on the number of threads.  Sums are taken along x first, then pairwise over rows: the same for any number
 * of threads. */
#ifndef PF_KERNEL_H
#define PF_KERNEL_H

#include "pf_grid.h"

#define PF_SUMS 4
typedef struct pf_sums {
  double s[PF_SUMS];
} pf_sums;

#define PF_FIELD_IN_(type, name) const type *name;
#define PF_FIELD_VAR_(type, name) type *name;
#define PF_FIELD_VAL_(type, name) type name;
#define PF_ARGS(kernel)                                                         \
  typedef struct pf_##kernel##_args {                                           \
    PF_ARGS_##kernel(PF_FIELD_IN_, PF_FIELD_VAR_, PF_FIELD_VAR_, PF_FIELD_VAL_) \
  } pf_##kernel##_args

#endif
