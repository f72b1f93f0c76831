/* cell_block.h: the linear systems of Newton's method, two unknowns (phi, s) a cell, in single precision.
 *
 * A system is, on every level of the multigrid hierarchy, the arrays that cell_transport.h stores: faces f [6][cells]
 * a direction (NULL in a direction of one cell), own part [4][cells].  Through the face from L to R go
 *   j = JP (phi_R - phi_L) + JL s_L + JR s_R  and  n alike;  L's rows get +j, +n, R's -j, -n.
 * Vectors are [2][cells]. */
#ifndef PF_CELL_BLOCK_H
#define PF_CELL_BLOCK_H

#include "cell_transport.h"
#include "pf_kernel.h"

#define PF_BLOCK_SYSTEM(IN, VAL) IN(float, fx) IN(float, fy) IN(float, fz) IN(float, own) VAL(ptrdiff_t, cells)

/* Row sums without the cell's own values (off) and the 2 x 2 block of the cell itself (d). */
typedef struct pf_block_row {
  float off0, off1, d00, d01, d10, d11;
} pf_block_row;

/* Adds the face at the lower side of c (stored at c, neighbour m) and the one at its upper side (stored at its
 * neighbour p). */
PF_CELL pf_block_row pf_block_lower(pf_block_row r, const float *f, const float *x, ptrdiff_t n, ptrdiff_t c,
                                    ptrdiff_t m) {
  const float jp = f[PF_JP * n + c], np = f[PF_NP * n + c], phi = x[m], s = x[n + m];
  r.off0 += jp * phi - f[PF_JL * n + c] * s;
  r.off1 += np * phi - f[PF_NL * n + c] * s;
  r.d00 -= jp;
  r.d10 -= np;
  r.d01 -= f[PF_JR * n + c];
  r.d11 -= f[PF_NR * n + c];
  return r;
}
PF_CELL pf_block_row pf_block_upper(pf_block_row r, const float *f, const float *x, ptrdiff_t n, ptrdiff_t p) {
  const float jp = f[PF_JP * n + p], np = f[PF_NP * n + p], phi = x[p], s = x[n + p];
  r.off0 += jp * phi + f[PF_JR * n + p] * s;
  r.off1 += np * phi + f[PF_NR * n + p] * s;
  r.d00 -= jp;
  r.d10 -= np;
  r.d01 += f[PF_JL * n + p];
  r.d11 += f[PF_NL * n + p];
  return r;
}

PF_CELL pf_block_row pf_block_row_of(const float *fx, const float *fy, const float *fz, const float *own,
                                     const float *x, ptrdiff_t n, pf_at at) {
  const ptrdiff_t c = at.c;
  pf_block_row r = {0, 0, own[c], own[n + c], own[2 * n + c], own[3 * n + c]};
  if (at.xm) r = pf_block_lower(r, fx, x, n, c, c + at.xm);
  if (at.xp) r = pf_block_upper(r, fx, x, n, c + at.xp);
  if (fy) {
    r = pf_block_lower(r, fy, x, n, c, c + at.ym);
    r = pf_block_upper(r, fy, x, n, c + at.yp);
  }
  if (fz) {
    r = pf_block_lower(r, fz, x, n, c, c + at.zm);
    r = pf_block_upper(r, fz, x, n, c + at.zp);
  }
  return r;
}

/* y = b - A x */
#define PF_ARGS_block_residual(IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(IN, VAL) IN(float, b) IN(float, x) OUT(float, y)
PF_ARGS(block_residual);
PF_CELL void pf_cell_block_residual(const pf_block_residual_args *k, pf_at at) {
  const ptrdiff_t n = k->cells, c = at.c;
  const pf_block_row row = pf_block_row_of(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const float phi = k->x[c], s = k->x[n + c];
  k->y[c] = k->b[c] - (row.off0 + row.d00 * phi + row.d01 * s);
  k->y[n + c] = k->b[n + c] - (row.off1 + row.d10 * phi + row.d11 * s);
}
/* y = A x */
#define PF_ARGS_block_apply(IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(IN, VAL) IN(float, x) OUT(float, y)
PF_ARGS(block_apply);
PF_CELL void pf_cell_block_apply(const pf_block_apply_args *k, pf_at at) {
  const ptrdiff_t n = k->cells, c = at.c;
  const pf_block_row row = pf_block_row_of(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const float phi = k->x[c], s = k->x[n + c];
  k->y[c] = row.off0 + row.d00 * phi + row.d01 * s;
  k->y[n + c] = row.off1 + row.d10 * phi + row.d11 * s;
}

/* Collective Gauss-Seidel: both unknowns of a cell at once. */
#define PF_ARGS_block_relax(IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(IN, VAL) IN(float, b) VAR(float, x)
PF_ARGS(block_relax);
PF_CELL void pf_cell_block_relax(const pf_block_relax_args *k, pf_at at) {
  const ptrdiff_t n = k->cells, c = at.c;
  const pf_block_row row = pf_block_row_of(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const float r0 = k->b[c] - row.off0, r1 = k->b[n + c] - row.off1;
  /* by elimination: the product of two derivatives of a far-off Newton iterate leaves the range of single precision */
  const float pivot = 1.0f / row.d00, ratio = row.d10 * pivot;
  const float s = (r1 - ratio * r0) / (row.d11 - ratio * row.d01);
  k->x[c] = pivot * (r0 - row.d01 * s);
  k->x[n + c] = s;
}

/* Transfers: a coarse cell is sx x sy x sz (1 or 2 each) fine ones, its value one constant over them. */
typedef struct pf_coarsening {
  int nx, ny, nz; /* fine cells */
  int sx, sy, sz; /* fine cells of a coarse one in each direction */
} pf_coarsening;

/* The fine cells of a coarse one: the first, the steps to the others, and 1 or 0 for those that are there. */
typedef struct pf_children {
  ptrdiff_t first, x, y, z;
  float on_x, on_y, on_z;
} pf_children;
PF_CELL pf_children pf_children_of(const pf_coarsening *t, pf_at at) {
  const int i = at.i * t->sx, j = at.j * t->sy, k = at.k * t->sz;
  const ptrdiff_t nx = t->nx, plane = nx * t->ny;
  pf_children c;
  c.first = k * plane + j * nx + i;
  const int x = t->sx == 2 && i + 1 < t->nx, y = t->sy == 2 && j + 1 < t->ny, z = t->sz == 2 && k + 1 < t->nz;
  c.x = x;
  c.y = y ? nx : 0;
  c.z = z ? plane : 0;
  c.on_x = x ? 1.0f : 0.0f;
  c.on_y = y ? 1.0f : 0.0f;
  c.on_z = z ? 1.0f : 0.0f;
  return c;
}
/* Sums of f over pairs, squares and cubes of children; `flat`: the third direction has no second child anywhere. */
PF_CELL float pf_sum_pair(const float *f, ptrdiff_t c, ptrdiff_t step, float on) { return f[c] + on * f[c + step]; }
PF_CELL float pf_sum_square(const float *f, ptrdiff_t c, ptrdiff_t a, float on_a, ptrdiff_t b, float on_b) {
  return pf_sum_pair(f, c, a, on_a) + on_b * pf_sum_pair(f, c + b, a, on_a);
}
PF_CELL float pf_sum_children(const float *f, const pf_children *c, int flat) {
  const float sum = pf_sum_square(f, c->first, c->x, c->on_x, c->y, c->on_y);
  return flat ? sum : sum + c->on_z * pf_sum_square(f, c->first + c->z, c->x, c->on_x, c->y, c->on_y);
}

// clang-format off
#define PF_ARGS_block_restrict(IN, OUT, VAR, VAL) \
  IN(float, fine) OUT(float, coarse) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(block_restrict);
PF_CELL void pf_cell_block_restrict(const pf_block_restrict_args *k, pf_at at) {
  const ptrdiff_t n = (ptrdiff_t)k->to.nx * k->to.ny * k->to.nz;
  const pf_children c = pf_children_of(&k->to, at);
  const int flat = k->to.sz == 1;
  k->coarse[at.c] = pf_sum_children(k->fine, &c, flat);
  k->coarse[k->cells + at.c] = pf_sum_children(k->fine + n, &c, flat);
}

// clang-format off
#define PF_ARGS_block_prolong(IN, OUT, VAR, VAL)                                                               \
  VAR(float, fine) IN(float, coarse) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells) VAL(ptrdiff_t, coarse_cells) \
  VAL(int, coarse_nx) VAL(int, coarse_ny)
// clang-format on
PF_ARGS(block_prolong);
PF_CELL void pf_cell_block_prolong(const pf_block_prolong_args *k, pf_at at) {
  const pf_coarsening t = k->to;
  const int j = at.j >> (t.sy - 1), l = at.k >> (t.sz - 1);
  const ptrdiff_t p = ((ptrdiff_t)l * k->coarse_ny + j) * k->coarse_nx + (at.i >> (t.sx - 1));
  k->fine[at.c] += k->coarse[p];
  k->fine[k->cells + at.c] += k->coarse[k->coarse_cells + p];
}

/* Coarse operator: own parts are summed, faces summed; their diffusive part (the coefficient of a difference) is
 * divided by the longer distance, their advective part (that of a mean) is not; where advection would outweigh
 * diffusion on the coarser grid, diffusion is raised to it.  One coarse cell collects the faces at its lower side. */
PF_CELL void pf_block_coarse_face(const float *fine, float *coarse, ptrdiff_t n, ptrdiff_t cells, ptrdiff_t c,
                                  ptrdiff_t first, ptrdiff_t a, float on_a, ptrdiff_t b, float on_b, float per) {
  float part[PF_FACE_PARTS];
  for (int q = 0; q < PF_FACE_PARTS; q++) part[q] = pf_sum_square(fine + q * n, first, a, on_a, b, on_b);
  for (int row = 0; row < 2; row++) {
    const int p = 3 * row;
    const float slope = 0.5f * (part[p + 2] - part[p + 1]) * per, mean = 0.5f * (part[p + 2] + part[p + 1]);
    const float least = mean < 0 ? mean : -mean;
    const float safe = row == 1 && slope > least ? least : slope; /* anions: slope <= -|mean| */
    coarse[p * cells + c] = part[p] * per;
    coarse[(p + 1) * cells + c] = mean - safe;
    coarse[(p + 2) * cells + c] = mean + safe;
  }
}

// clang-format off
#define PF_ARGS_block_coarsen(IN, OUT, VAR, VAL)                                                        \
  IN(float, fx) IN(float, fy) IN(float, fz) IN(float, own) OUT(float, cx) OUT(float, cy) OUT(float, cz) \
  OUT(float, cown) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(block_coarsen);
PF_CELL void pf_cell_block_coarsen(const pf_block_coarsen_args *k, pf_at at) {
  const pf_coarsening t = k->to;
  const ptrdiff_t n = (ptrdiff_t)t.nx * t.ny * t.nz, cells = k->cells, c = at.c;
  const pf_children f = pf_children_of(&k->to, at);
  pf_block_coarse_face(k->fx, k->cx, n, cells, c, f.first, f.y, f.on_y, f.z, f.on_z, 1.0f / (float)t.sx);
  if (k->cy) pf_block_coarse_face(k->fy, k->cy, n, cells, c, f.first, f.x, f.on_x, f.z, f.on_z, 1.0f / (float)t.sy);
  if (k->cz) pf_block_coarse_face(k->fz, k->cz, n, cells, c, f.first, f.x, f.on_x, f.y, f.on_y, 1.0f / (float)t.sz);
  for (int q = 0; q < 4; q++) k->cown[q * cells + c] = pf_sum_children(k->own + q * n, &f, t.sz == 1);
}

/* x = inverse b on the coarsest level, inverse [2 cells][2 cells]. */
#define PF_ARGS_block_coarsest(IN, OUT, VAR, VAL) IN(float, inverse) IN(float, b) OUT(float, x) VAL(int, cells)
PF_ARGS(block_coarsest);
PF_CELL void pf_cell_block_coarsest(const pf_block_coarsest_args *k, pf_at at) {
  const int n = 2 * k->cells;
  for (int half = 0; half < 2; half++) {
    const ptrdiff_t row = at.c + half * k->cells;
    float sum = 0;
    for (int q = 0; q < n; q++) sum += k->inverse[row * n + q] * k->b[q];
    k->x[row] = sum;
  }
}

/* ---- vectors [2][cells] ---- */

#define PF_ARGS_block_fill(IN, OUT, VAR, VAL) OUT(float, x) VAL(float, a) VAL(ptrdiff_t, cells)
PF_ARGS(block_fill);
PF_CELL void pf_cell_block_fill(const pf_block_fill_args *k, pf_at at) { k->x[at.c] = k->x[k->cells + at.c] = k->a; }
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
  MAP(block_residual) MAP(block_apply) SWEEP(block_relax) MAP(block_restrict) MAP(block_prolong)            \
  MAP(block_coarsen) MAP(block_coarsest) MAP(block_fill) SUM(block_current)
// clang-format on

#endif
