/* multigrid.h: -div(k grad u) + m u = b for one unknown (potential, electrons), as cell_multigrid.h writes it.
 *
 * Conjugate gradients in double precision, preconditioned with one V(2,2) cycle in single precision, or in double
 * precision where `wide` asks for it: red-black Gauss-Seidel, transfers by pieces of constants, two of the coarser levels visited twice, the coarsest one by its
 * inverse.  The cycle is only nearly symmetric (both times red before black), so the conjugate gradients are flexible.
 *
 * Where islands of a good conductor float in a bad one pieces of constants need hundreds of iterations.  A solve that is
 * not done after 16 goes on with the hierarchy of boxmg.h, which is built then, and the next 63 solves use it from the
 * start; then the plain one is tried again.  What needs no more than 16 never sees it. */
#ifndef PF_MULTIGRID_H
#define PF_MULTIGRID_H

#include "backend.h"

typedef struct pf_multigrid pf_multigrid;

typedef struct pf_solve_report {
  int iterations;     /* of conjugate gradients */
  int cycles;         /* V-cycles: what is dear */
  double residual;    /* reached: ||D^-1/2 (b - A u)||/||D^-1/2 b||, D the diagonal of A */
  int converged;      /* residual <= tolerance */
  int box;            /* the operator-dependent hierarchy was used */
  double first, last; /* pf_multigrid_correct: the error before the first iteration and before the last */
} pf_solve_report;

/* All arrays belong to the object and to the backend's memory.  The caller destroys it. */
pf_status pf_multigrid_create(pf_backend *backend, const pf_grid *grid, bool wide, pf_multigrid **multigrid);
/* Bytes that create takes from the backend; pf_boxmg_bytes (boxmg.h) more where islands float. */
double pf_multigrid_bytes(const pf_grid *grid, bool wide);
void pf_multigrid_destroy(pf_multigrid *multigrid);

/* The operator: arrays [cells] of the backend, double, as cell_multigrid.h says; ay NULL in 1-D, az NULL in 1-D and
 * 2-D.  They stay the caller's and are read by every solve until the next set.  Builds the coarse levels.
 * With m = 0 everywhere u is found up to a constant (below). */
pf_status pf_multigrid_set(pf_multigrid *multigrid, const double *ax, const double *ay, const double *az,
                           const double *m);

/* Solves A u = b from the u given until ||D^-1/2 (b - A u)|| <= tolerance ||D^-1/2 b||.  The scaled norm is used
 * because ||r||/||b|| says nothing at high contrast: the rows of the good conductor outweigh all others.
 * Too many iterations are no failure but told by report->converged; numbers that are not finite and an operator that is
 * not positive are (PF_FAILED).  Where m = 0 everywhere the mean of b is left out, and u keeps no certain constant. */
pf_status pf_multigrid_solve(pf_multigrid *multigrid, const double *b, double *u, double tolerance, int max_iterations,
                             pf_solve_report *report);

/* The same until an error is small that is measured where m is: ||e|| = sqrt(sum m e^2), e = M^-1 (b - A u) as a cycle sees
 * it, at most tolerance times the larger of `size` and the first one before an iteration.  m is what the unknown reacts
 * with: an error that is the same all over a floating body of metal hardly shows in b - A u, scaled or not, and one far
 * from all reaction matters to few. */
pf_status pf_multigrid_correct(pf_multigrid *multigrid, const double *b, double *u, double tolerance, double size,
                               int max_iterations, pf_solve_report *report);
/* Where it counts how many more solves use the operator-dependent hierarchy from the start (0: the plain one, until it
 * needs too many iterations).  The solver's own; a checkpoint keeps it, and may write it, so that a run that is stopped
 * and restarted gives the same bits. */
int *pf_multigrid_box_solves(pf_multigrid *multigrid);

/* The parts, for tests and measurements: one cycle z = M^-1 s from zero on the finest level ([cells] of the
 * backend, of the cycle's precision), and q = A p with the sum p q. */
pf_status pf_multigrid_cycle(pf_multigrid *multigrid, const void *s, void *z);
pf_status pf_multigrid_apply(pf_multigrid *multigrid, const double *p, double *q, double *p_q);

#endif
