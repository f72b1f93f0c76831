/* cell_boxmg.h: operator-dependent transfers and Galerkin coarse levels for the problem of cell_multigrid.h, where pieces
 * of constants do not do: islands of a good conductor that float in a bad one.  After Dendy's black-box multigrid
 * (J. Comput. Phys. 48 (1982) 366), with changes that high contrast needs (below).
 *
 * Coarse cell C stands on the fine cell 2C.  A fine cell between takes its value from the coarse cells around it: with
 * p_d[C] the share of C in the fine cell 2C + d, d in {-1, 0, 1}^3, fine u = sum over C of p u_C, coarse b = sum of p r.
 * Coarse operator: P^T A P, kept as conductances to the neighbours of the 3^n box, which may be negative, and m, so that
 *   (A u)_c = sum over the neighbours n of a_cn (u_c - u_n) + m_c u_c
 * has constants in its kernel to the last bit where m = 0, whatever the contrast.
 *
 * a [half][cells]: conductances to the neighbours that come before the cell (the others are theirs): offset (dx, dy, dz)
 * has number q = 9 (dz + 1) + 3 (dy + 1) + dx + 1 < 13, and lies at q - (13 - half); half = 13 in 3-D, 4 in 2-D, 1 in 1-D.
 * p [2 half + 1][coarse cells], in the same order. */
#ifndef PF_CELL_BOXMG_H
#define PF_CELL_BOXMG_H

#include "pf_real.h"

PF_CELL int pf_box_half(const pf_grid *g) { return g->nz > 1 ? 13 : g->ny > 1 ? 4 : 1; }

/* Its shape, as a value of a kernel. */
typedef struct pf_box_shape {
  int n[3], coarse[3], half;
} pf_box_shape;

PF_CELL int pf_box_wrap(int i, int n) { return i < 0 ? i + n : i >= n ? i - n : i; }
PF_CELL int pf_box_number(int dx, int dy, int dz) { return 9 * (dz + 1) + 3 * (dy + 1) + dx + 1; }
PF_CELL ptrdiff_t pf_box_cell(const int n[3], int x, int y, int z) { return ((ptrdiff_t)z * n[1] + y) * n[0] + x; }

/* The fine cell 2C + t, or 0 where there is none: beyond the ends in x, and where an odd number of cells closes a circle
 * the last coarse cell has the first for its neighbour. */
PF_CELL int pf_box_place(const pf_box_shape *s, const int coarse[3], const int t[3], int f[3]) {
  for (int q = 0; q < 3; q++) {
    const int i = 2 * coarse[q] + t[q];
    f[q] = i;
    if (i >= 0 && i < s->n[q]) continue;
    if (q == 0 || s->n[q] == 1 || s->n[q] % 2) return 0;
    f[q] = pf_box_wrap(i, s->n[q]);
  }
  return 1;
}

PF_CELL int pf_box_distance(const pf_box_shape *s, const int coarse[3], int q, int step) {
  const int seam = q > 0 && s->n[q] % 2 && coarse[q] == (step > 0 ? s->coarse[q] - 1 : 0);
  return seam ? step : 2 * step;
}
typedef struct pf_box_rows {
  int ny, nz, y, z; /* rows of the level; the first of this sweep */
  int half;
  ptrdiff_t cells;
} pf_box_rows;

#define PF_REAL float
#include "real_boxmg.h"
#undef PF_REAL
#define PF_ARGS_box_loss(...) PF_REAL_ARGS_box_loss(float, __VA_ARGS__)
#define PF_ARGS_box_weights(...) PF_REAL_ARGS_box_weights(float, __VA_ARGS__)
#define PF_ARGS_box_galerkin(...) PF_REAL_ARGS_box_galerkin(float, __VA_ARGS__)
#define PF_ARGS_box_scale(...) PF_REAL_ARGS_box_scale(float, __VA_ARGS__)
#define PF_ARGS_box_relax(...) PF_REAL_ARGS_box_relax(float, __VA_ARGS__)
#define PF_ARGS_box_residual(...) PF_REAL_ARGS_box_residual(float, __VA_ARGS__)
#define PF_ARGS_box_restrict(...) PF_REAL_ARGS_box_restrict(float, __VA_ARGS__)
#define PF_ARGS_box_prolong(...) PF_REAL_ARGS_box_prolong(float, __VA_ARGS__)

// clang-format off
#define PF_KERNELS_BOXMG(MAP, SWEEP, SUM, MAX)                                                    \
  MAP(box_loss) MAP(box_weights) MAP(box_galerkin) MAP(box_scale) SWEEP(box_relax) MAP(box_residual) \
  MAP(box_restrict) MAP(box_prolong)
// clang-format on

#endif
