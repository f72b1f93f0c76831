/* linear.h: the linear systems of Newton's method on potential and salt (cell_block.h).
 *
 * FGMRES in single precision, or where `wide` asks for it in double, preconditioned by one collective multigrid V(2,2) cycle: both unknowns of a cell are
 * relaxed at once, red cells before black ones; transfers piecewise constant; the coarsest level by its inverse.
 * All arrays belong to the backend and to this object. */
#ifndef PF_LINEAR_H
#define PF_LINEAR_H

#include "backend.h"

typedef struct pf_linear pf_linear;

/* The finest system, to be filled by the `newton` kernel: single precision, whatever the solver's. */
typedef struct pf_linear_system {
  float *fx, *fy, *fz; /* [6][cells], faces; fy NULL in 1-D, fz NULL in 2-D */
  float *own;          /* [4][cells] */
  float *rhs;          /* [2][cells] */
} pf_linear_system;

typedef struct pf_linear_report {
  int iterations;  /* V-cycles */
  double residual; /* of ||b||, reached */
} pf_linear_report;

pf_status pf_linear_create(pf_backend *backend, const pf_grid *grid, bool wide, pf_linear **linear);
/* Bytes that create takes from the backend. */
double pf_linear_bytes(const pf_grid *grid, bool wide);
void pf_linear_destroy(pf_linear *linear);
pf_linear_system *pf_linear_finest(pf_linear *linear);
/* Builds the coarse levels from the finest system. */
pf_status pf_linear_set(pf_linear *linear);
/* Solves A x = b to ||b - A x|| <= tolerance ||b|| (or to the most iterations, told in the report); b, x: [2][cells];
 * x is the start unless `from_zero`.  b may be the system's own rhs. */
pf_status pf_linear_solve(pf_linear *linear, const float *b, float *x, int from_zero, double tolerance,
                          int most_iterations, pf_linear_report *report);
/* The parts, for the electrons' GMRES; vectors of the solver's precision: one V-cycle on A x = b from x, and y = A x. */
pf_status pf_linear_improve(pf_linear *linear, const void *b, void *x);
pf_status pf_linear_apply(pf_linear *linear, const void *x, void *y);

#endif
