/* cell_block.h: the linear systems of Newton's method, two unknowns (phi, s) a cell, in single precision.
 *
 * A system is, on every level of the multigrid hierarchy, the arrays that cell_transport.h stores: faces f [6][cells]
 * a direction (NULL in a direction of one cell), own part [4][cells].  Through the face from L to R go
 *   j = JP (phi_R - phi_L) + JL s_L + JR s_R  and  n alike;  L's rows get +j, +n, R's -j, -n.
 * Vectors are [2][cells]. */
#ifndef PF_CELL_BLOCK_H
#define PF_CELL_BLOCK_H

#include "cell_transport.h"
#include "pf_real.h"

#define PF_BLOCK_SYSTEM(T, IN, VAL) IN(T, fx) IN(T, fy) IN(T, fz) IN(T, own) VAL(ptrdiff_t, cells)

/* Transfers: a coarse cell is sx x sy x sz (1 or 2 each) fine ones, its value one constant over them. */
typedef struct pf_coarsening {
  int nx, ny, nz; /* fine cells */
  int sx, sy, sz; /* fine cells of a coarse one in each direction */
} pf_coarsening;

#define PF_REAL float
#include "real_block.h"
#undef PF_REAL
#define PF_ARGS_block_residual(...) PF_REAL_ARGS_block_residual(float, __VA_ARGS__)
#define PF_ARGS_block_apply(...) PF_REAL_ARGS_block_apply(float, __VA_ARGS__)
#define PF_ARGS_block_product(...) PF_REAL_ARGS_block_product(float, __VA_ARGS__)
#define PF_ARGS_block_relax(...) PF_REAL_ARGS_block_relax(float, __VA_ARGS__)
#define PF_ARGS_block_restrict(...) PF_REAL_ARGS_block_restrict(float, __VA_ARGS__)
#define PF_ARGS_block_prolong(...) PF_REAL_ARGS_block_prolong(float, __VA_ARGS__)
#define PF_ARGS_block_coarsen(...) PF_REAL_ARGS_block_coarsen(float, __VA_ARGS__)
#define PF_ARGS_block_coarsest(...) PF_REAL_ARGS_block_coarsest(float, __VA_ARGS__)
#define PF_ARGS_block_fill(...) PF_REAL_ARGS_block_fill(float, __VA_ARGS__)

/* Change of the working electrode's current along two directions u, v (rows of the own part, on its cells). */
// clang-format off
#define PF_ARGS_block_current(IN, OUT, VAR, VAL) \
  IN(float, own) IN(float, u) IN(float, v) IN(uint8_t, owner) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(block_current);
PF_CELL pf_sums pf_cell_block_current(const pf_block_current_args *k, pf_at at) {
  const ptrdiff_t c = at.c, d = at.c + k->cells;
  const double on = k->owner[c] == PF_WORKING && at.xp ? 1 : 0; /* the last cell's own part holds the counter face */
  const double p = on * (double)k->own[c], s = on * (double)k->own[d];
  const pf_sums r = {{p * (double)k->u[c] + s * (double)k->u[d], p * (double)k->v[c] + s * (double)k->v[d], 0, 0}};
  return r;
}

// clang-format off
#define PF_KERNELS_BLOCK(MAP, SWEEP, SUM, MAX)                                                              \
  MAP(block_residual) MAP(block_apply) SUM(block_product) SWEEP(block_relax) MAP(block_restrict) MAP(block_prolong)            \
  MAP(block_coarsen) MAP(block_coarsest) MAP(block_fill) SUM(block_current)
// clang-format on

#endif
