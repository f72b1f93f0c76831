/* boxmg.h: the preconditioner of multigrid.h for what pieces of constants cannot do (floating islands): one cycle with
 * operator-dependent transfers and Galerkin coarse levels, as cell_boxmg.h writes them. */
#ifndef PF_BOXMG_H
#define PF_BOXMG_H

#include "backend.h"

typedef struct pf_boxmg pf_boxmg;

/* The finest level in the precision of the cycle: arrays [cells] of the backend, the caller's; ay NULL in 1-D, az NULL in 1-D and
 * 2-D; scale: 1/D. */
typedef struct pf_boxmg_finest {
  pf_grid grid;
  const void *ax, *ay, *az, *m, *scale;
} pf_boxmg_finest;

/* wide: in double precision, else in single.  PF_NO_MEMORY where there is none.  The caller destroys it. */
pf_status pf_boxmg_create(pf_backend *backend, const pf_grid *grid, bool wide, pf_boxmg **boxmg);
/* Bytes that create takes from the backend. */
double pf_boxmg_bytes(const pf_grid *grid, bool wide);
void pf_boxmg_destroy(pf_boxmg *boxmg);

/* Builds the coarse levels; the arrays are read by every cycle until the next set. */
pf_status pf_boxmg_set(pf_boxmg *boxmg, const pf_boxmg_finest *finest);

/* u = M^-1 b, from zero: one V(2,2) cycle, three of the coarser levels visited twice, the coarsest one by its inverse.
 * b, u: [cells] of the backend. */
pf_status pf_boxmg_cycle(pf_boxmg *boxmg, const void *b, void *u);

/* The parts, for the cycle and for tests; arrays of the backend [cells of the level], level + 1 is the coarser one:
 * to [level + 1] = P^T from, to [level] += P from, r = b - A u. */
int pf_boxmg_levels(const pf_boxmg *boxmg);
pf_grid pf_boxmg_grid(const pf_boxmg *boxmg, int level);
pf_status pf_boxmg_restrict(pf_boxmg *boxmg, int level, const void *from, void *to);
pf_status pf_boxmg_prolong(pf_boxmg *boxmg, int level, const void *from, void *to);
pf_status pf_boxmg_residual(pf_boxmg *boxmg, int level, const void *b, const void *u, void *r);

#endif
