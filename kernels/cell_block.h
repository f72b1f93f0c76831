/* cell_block.h: the linear systems of Newton's method, two unknowns (phi, s) a cell, in single precision.
 *
 * A system is, on every level of the multigrid hierarchy, the arrays that cell_transport.h stores: faces f [6][cells]
 * a direction, own part [4][cells].  Through the face from L to R go
 *   j = JP (phi_R - phi_L) + JL s_L + JR s_R  and  n alike;  L's rows get +j, +n, R's -j, -n.
 * Vectors are [2][cells]. */
#ifndef PF_CELL_BLOCK_H
#define PF_CELL_BLOCK_H

#include "cell_transport.h"
#include "pf_kernel.h"

#define PF_BLOCK_SYSTEM(IN, VAL) IN(float, fx) IN(float, fy) IN(float, fz) IN(float, own) VAL(ptrdiff_t, cells)

/* Row sums without the cell's own values (off) and the 2 x 2 block of the cell itself (d). */
typedef struct pf_block_row {
  float off[2], d[4];
} pf_block_row;

PF_CELL void pf_block_faces(pf_block_row *row, const float *f, const float *x, ptrdiff_t n, ptrdiff_t c, ptrdiff_t m,
                            ptrdiff_t p, float on_m, float on_p) {
  /* lower face: stored at c, neighbour at m */
  const float jp = on_m * f[PF_JP * n + c], jl = on_m * f[PF_JL * n + c], jr = on_m * f[PF_JR * n + c];
  const float np = on_m * f[PF_NP * n + c], nl = on_m * f[PF_NL * n + c], nr = on_m * f[PF_NR * n + c];
  const float phi_m = x[m], s_m = x[n + m];
  /* upper face: stored at p */
  const float kp = on_p * f[PF_JP * n + p], kl = on_p * f[PF_JL * n + p], kr = on_p * f[PF_JR * n + p];
  const float mp = on_p * f[PF_NP * n + p], ml = on_p * f[PF_NL * n + p], mr = on_p * f[PF_NR * n + p];
  const float phi_p = x[p], s_p = x[n + p];
  row->off[0] += jp * phi_m - jl * s_m + kp * phi_p + kr * s_p;
  row->off[1] += np * phi_m - nl * s_m + mp * phi_p + mr * s_p;
  row->d[0] -= jp + kp;
  row->d[1] += kl - jr;
  row->d[2] -= np + mp;
  row->d[3] += ml - nr;
}

PF_CELL pf_block_row pf_block_row_of(const float *fx, const float *fy, const float *fz, const float *own,
                                     const float *x, ptrdiff_t n, pf_at at) {
  const ptrdiff_t c = at.c;
  pf_block_row row;
  row.off[0] = row.off[1] = 0;
  for (int q = 0; q < 4; q++) row.d[q] = own[q * n + c];
  pf_block_faces(&row, fx, x, n, c, c + at.xm, c + at.xp, at.xm ? 1.0f : 0.0f, at.xp ? 1.0f : 0.0f);
  if (fy) pf_block_faces(&row, fy, x, n, c, c + at.ym, c + at.yp, at.ym ? 1.0f : 0.0f, at.yp ? 1.0f : 0.0f);
  if (fz) pf_block_faces(&row, fz, x, n, c, c + at.zm, c + at.zp, at.zm ? 1.0f : 0.0f, at.zp ? 1.0f : 0.0f);
  return row;
}

/* y = b - A x */
#define PF_ARGS_block_residual(IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(IN, VAL) IN(float, b) IN(float, x) OUT(float, y)
PF_ARGS(block_residual);
PF_CELL void pf_cell_block_residual(const pf_block_residual_args *k, pf_at at) {
  const ptrdiff_t n = k->cells, c = at.c;
  const pf_block_row row = pf_block_row_of(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const float phi = k->x[c], s = k->x[n + c];
  k->y[c] = k->b[c] - (row.off[0] + row.d[0] * phi + row.d[1] * s);
  k->y[n + c] = k->b[n + c] - (row.off[1] + row.d[2] * phi + row.d[3] * s);
}
/* y = A x */
#define PF_ARGS_block_apply(IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(IN, VAL) IN(float, x) OUT(float, y)
PF_ARGS(block_apply);
PF_CELL void pf_cell_block_apply(const pf_block_apply_args *k, pf_at at) {
  const ptrdiff_t n = k->cells, c = at.c;
  const pf_block_row row = pf_block_row_of(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const float phi = k->x[c], s = k->x[n + c];
  k->y[c] = row.off[0] + row.d[0] * phi + row.d[1] * s;
  k->y[n + c] = row.off[1] + row.d[2] * phi + row.d[3] * s;
}

/* Collective Gauss-Seidel: both unknowns of a cell at once. */
#define PF_ARGS_block_relax(IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(IN, VAL) IN(float, b) VAR(float, x)
PF_ARGS(block_relax);
PF_CELL void pf_cell_block_relax(const pf_block_relax_args *k, pf_at at) {
  const ptrdiff_t n = k->cells, c = at.c;
  const pf_block_row row = pf_block_row_of(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const float r0 = k->b[c] - row.off[0], r1 = k->b[n + c] - row.off[1];
  const float det = row.d[0] * row.d[3] - row.d[1] * row.d[2];
  const float scale = 1.0f / det;
  k->x[c] = scale * (row.d[3] * r0 - row.d[1] * r1);
  k->x[n + c] = scale * (row.d[0] * r1 - row.d[2] * r0);
}

/* Transfers: a coarse cell is sx x sy x sz (1 or 2 each) fine ones, its value one constant over them. */
typedef struct pf_coarsening {
  int nx, ny, nz;  /* fine cells */
  int sx, sy, sz;  /* fine cells of a coarse one in each direction */
} pf_coarsening;

#define PF_ARGS_block_restrict(IN, OUT, VAR, VAL) \
  IN(float, fine) OUT(float, coarse) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells)
PF_ARGS(block_restrict);
PF_CELL void pf_cell_block_restrict(const pf_block_restrict_args *k, pf_at at) {
  const pf_coarsening t = k->to;
  const ptrdiff_t n = (ptrdiff_t)t.nx * t.ny * t.nz;
  float a = 0, b = 0;
  for (int z = at.k * t.sz; z < (at.k + 1) * t.sz && z < t.nz; z++)
    for (int y = at.j * t.sy; y < (at.j + 1) * t.sy && y < t.ny; y++)
      for (int x = at.i * t.sx; x < (at.i + 1) * t.sx && x < t.nx; x++) {
        const ptrdiff_t f = ((ptrdiff_t)z * t.ny + y) * t.nx + x;
        a += k->fine[f];
        b += k->fine[n + f];
      }
  k->coarse[at.c] = a;
  k->coarse[k->cells + at.c] = b;
}

#define PF_ARGS_block_prolong(IN, OUT, VAR, VAL) \
  VAR(float, fine) IN(float, coarse) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells) VAL(ptrdiff_t, coarse_cells) \
      VAL(int, coarse_nx) VAL(int, coarse_ny)
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
                                  const pf_coarsening *t, int x0, int x1, int y0, int y1, int z0, int z1, float per) {
  float sum[PF_FACE_PARTS] = {0, 0, 0, 0, 0, 0};
  for (int z = z0; z < z1 && z < t->nz; z++)
    for (int y = y0; y < y1 && y < t->ny; y++)
      for (int x = x0; x < x1 && x < t->nx; x++)
        for (int q = 0; q < PF_FACE_PARTS; q++) sum[q] += fine[q * n + ((ptrdiff_t)z * t->ny + y) * t->nx + x];
  for (int row = 0; row < 2; row++) {
    const int p = 3 * row;
    const float slope = 0.5f * (sum[p + 2] - sum[p + 1]) * per, mean = 0.5f * (sum[p + 2] + sum[p + 1]);
    const float least = mean < 0 ? mean : -mean;
    const float safe = row == 1 && slope > least ? least : slope; /* anions: slope <= -|mean| */
    coarse[p * cells + c] = sum[p] * per;
    coarse[(p + 1) * cells + c] = mean - safe;
    coarse[(p + 2) * cells + c] = mean + safe;
  }
}

#define PF_ARGS_block_coarsen(IN, OUT, VAR, VAL)                                                                  \
  IN(float, fx) IN(float, fy) IN(float, fz) IN(float, own) OUT(float, cx) OUT(float, cy) OUT(float, cz)           \
      OUT(float, cown) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells)
PF_ARGS(block_coarsen);
PF_CELL void pf_cell_block_coarsen(const pf_block_coarsen_args *k, pf_at at) {
  const pf_coarsening t = k->to;
  const ptrdiff_t n = (ptrdiff_t)t.nx * t.ny * t.nz, c = at.c;
  const int x0 = at.i * t.sx, y0 = at.j * t.sy, z0 = at.k * t.sz;
  const int x1 = x0 + t.sx, y1 = y0 + t.sy, z1 = z0 + t.sz;
  pf_block_coarse_face(k->fx, k->cx, n, k->cells, c, &t, x0, x0 + 1, y0, y1, z0, z1, 1.0f / (float)t.sx);
  if (k->fy) pf_block_coarse_face(k->fy, k->cy, n, k->cells, c, &t, x0, x1, y0, y0 + 1, z0, z1, 1.0f / (float)t.sy);
  if (k->fz) pf_block_coarse_face(k->fz, k->cz, n, k->cells, c, &t, x0, x1, y0, y1, z0, z0 + 1, 1.0f / (float)t.sz);
  for (int q = 0; q < 4; q++) {
    float sum = 0;
    for (int z = z0; z < z1 && z < t.nz; z++)
      for (int y = y0; y < y1 && y < t.ny; y++)
        for (int x = x0; x < x1 && x < t.nx; x++) sum += k->own[q * n + ((ptrdiff_t)z * t.ny + y) * t.nx + x];
    k->cown[q * k->cells + c] = sum;
  }
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
PF_CELL void pf_cell_block_fill(const pf_block_fill_args *k, pf_at at) {
  k->x[at.c] = k->x[k->cells + at.c] = k->a;
}
/* y = a x + b y */
#define PF_ARGS_block_axpby(IN, OUT, VAR, VAL) \
  IN(float, x) VAR(float, y) VAL(float, a) VAL(float, b) VAL(ptrdiff_t, cells)
PF_ARGS(block_axpby);
PF_CELL void pf_cell_block_axpby(const pf_block_axpby_args *k, pf_at at) {
  const ptrdiff_t c = at.c, d = at.c + k->cells;
  k->y[c] = k->a * k->x[c] + k->b * k->y[c];
  k->y[d] = k->a * k->x[d] + k->b * k->y[d];
}
#define PF_ARGS_block_scaled(IN, OUT, VAR, VAL) IN(float, x) OUT(float, y) VAL(float, a) VAL(ptrdiff_t, cells)
PF_ARGS(block_scaled);
PF_CELL void pf_cell_block_scaled(const pf_block_scaled_args *k, pf_at at) {
  k->y[at.c] = k->a * k->x[at.c];
  k->y[k->cells + at.c] = k->a * k->x[k->cells + at.c];
}
/* x . y_0 ... x . y_3 (NULL: not asked for) */
#define PF_ARGS_block_dots(IN, OUT, VAR, VAL) \
  IN(float, x) IN(float, y0) IN(float, y1) IN(float, y2) IN(float, y3) VAL(ptrdiff_t, cells)
PF_ARGS(block_dots);
PF_CELL double pf_block_dot(const float *x, const float *y, ptrdiff_t c, ptrdiff_t d) {
  return y ? (double)x[c] * (double)y[c] + (double)x[d] * (double)y[d] : 0;
}
PF_CELL pf_sums pf_cell_block_dots(const pf_block_dots_args *k, pf_at at) {
  const ptrdiff_t c = at.c, d = at.c + k->cells;
  const pf_sums r = {{pf_block_dot(k->x, k->y0, c, d), pf_block_dot(k->x, k->y1, c, d),
                      pf_block_dot(k->x, k->y2, c, d), pf_block_dot(k->x, k->y3, c, d)}};
  return r;
}
/* y += a0 x0 + a1 x1 + a2 x2 + a3 x3 (NULL: left out) */
typedef struct pf_four {
  float a[4];
} pf_four;
#define PF_ARGS_block_combine(IN, OUT, VAR, VAL) \
  VAR(float, y) IN(float, x0) IN(float, x1) IN(float, x2) IN(float, x3) VAL(pf_four, by) VAL(ptrdiff_t, cells)
PF_ARGS(block_combine);
PF_CELL void pf_cell_block_combine(const pf_block_combine_args *k, pf_at at) {
  for (int half = 0; half < 2; half++) {
    const ptrdiff_t c = at.c + half * k->cells;
    float y = k->y[c];
    if (k->x0) y += k->by.a[0] * k->x0[c];
    if (k->x1) y += k->by.a[1] * k->x1[c];
    if (k->x2) y += k->by.a[2] * k->x2[c];
    if (k->x3) y += k->by.a[3] * k->x3[c];
    k->y[c] = y;
  }
}

/* Change of the working electrode's current along two directions u, v (rows of the own part, on its cells). */
#define PF_ARGS_block_current(IN, OUT, VAR, VAL) \
  IN(float, own) IN(float, u) IN(float, v) IN(uint8_t, owner) VAL(ptrdiff_t, cells)
PF_ARGS(block_current);
PF_CELL pf_sums pf_cell_block_current(const pf_block_current_args *k, pf_at at) {
  const ptrdiff_t c = at.c, d = at.c + k->cells;
  const double on = k->owner[c] == PF_WORKING && at.xp ? 1 : 0; /* the last cell's own part holds the counter face */
  const double p = on * (double)k->own[c], s = on * (double)k->own[d];
  const pf_sums r = {{p * (double)k->u[c] + s * (double)k->u[d], p * (double)k->v[c] + s * (double)k->v[d], 0, 0}};
  return r;
}

#define PF_KERNELS_BLOCK(MAP, SWEEP, SUM, MAX)                                                                      \
  MAP(block_residual) MAP(block_apply) SWEEP(block_relax) MAP(block_restrict) MAP(block_prolong) MAP(block_coarsen) \
  MAP(block_coarsest) MAP(block_fill) MAP(block_axpby) MAP(block_scaled) SUM(block_dots) MAP(block_combine)         \
  SUM(block_current)

#endif
