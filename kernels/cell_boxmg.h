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

#include "pf_kernel.h"

PF_CELL int pf_box_half(const pf_grid *g) { return g->nz > 1 ? 13 : g->ny > 1 ? 4 : 1; }

/* A level as the set-up reads it: the finest one with faces ax, ay, az, the others with a. */
typedef struct pf_box_level {
  const float *ax, *ay, *az, *a, *m;
  int n[3], half;
  ptrdiff_t cells;
} pf_box_level;

/* Its shape, as a value of a kernel. */
typedef struct pf_box_shape {
  int n[3], coarse[3], half;
} pf_box_shape;

#define PF_BOX_OPERATOR(IN) IN(float, ax) IN(float, ay) IN(float, az) IN(float, a) IN(float, m)
#define PF_BOX_LEVEL_(k)                                                                                             \
  {                                                                                                                  \
    (k)->ax, (k)->ay, (k)->az, (k)->a, (k)->m, {(k)->shape.n[0], (k)->shape.n[1], (k)->shape.n[2]}, (k)->shape.half, \
        (ptrdiff_t)(k)->shape.n[0] * (k)->shape.n[1] * (k)->shape.n[2]                                               \
  }

PF_CELL int pf_box_wrap(int i, int n) { return i < 0 ? i + n : i >= n ? i - n : i; }
PF_CELL int pf_box_number(int dx, int dy, int dz) { return 9 * (dz + 1) + 3 * (dy + 1) + dx + 1; }
PF_CELL ptrdiff_t pf_box_cell(const int n[3], int x, int y, int z) { return ((ptrdiff_t)z * n[1] + y) * n[0] + x; }

/* The neighbour of cell (x, y, z), which is in the grid, or -1. */
PF_CELL ptrdiff_t pf_box_neighbour(const pf_box_level *l, const int f[3], int dx, int dy, int dz) {
  if (f[0] + dx < 0 || f[0] + dx >= l->n[0] || (dy && l->n[1] == 1) || (dz && l->n[2] == 1)) return -1;
  return pf_box_cell(l->n, f[0] + dx, pf_box_wrap(f[1] + dy, l->n[1]), pf_box_wrap(f[2] + dz, l->n[2]));
}

PF_CELL float pf_box_stored(const pf_box_level *l, int q, ptrdiff_t c) {
  if (l->a) return l->a[(q - 13 + l->half) * l->cells + c];
  return q == 12 ? l->ax[c] : q == 10 ? l->ay[c] : q == 4 ? l->az[c] : 0.0f;
}

/* The conductance from f to its neighbour, 0 where there is none. */
PF_CELL float pf_box_conductance(const pf_box_level *l, const int f[3], int dx, int dy, int dz) {
  if (!l->a && dx * dx + dy * dy + dz * dz > 1) return 0;
  const ptrdiff_t n = pf_box_neighbour(l, f, dx, dy, dz);
  if (n < 0) return 0;
  const int q = pf_box_number(dx, dy, dz);
  return q < 13 ? pf_box_stored(l, q, pf_box_cell(l->n, f[0], f[1], f[2])) : pf_box_stored(l, 26 - q, n);
}

#define PF_BOX_EACH_(l, dx, dy, dz)                              \
  for (int dz = -((l)->n[2] > 1); dz <= ((l)->n[2] > 1); dz++)   \
    for (int dy = -((l)->n[1] > 1); dy <= ((l)->n[1] > 1); dy++) \
      for (int dx = -1; dx <= 1; dx++)                           \
        if (dx || dy || dz)

/* ---- interpolation ----
 *
 * A fine cell between coarse ones in some directions (d_i != 0) takes the mean of its neighbours in those directions,
 * each with the sum of the conductances that lie behind one another in the others.
 * Negative conductances are left out: with them the sums become zero or negative next to islands.
 * m draws a value towards 0 by m/(m + all conductances of the cell), those across included: a cell that sticks out of an
 * island and has m of its surroundings follows its island, not the ground. */

/* sum[27]: the neighbours' conductances by direction; returns their sum, *kept: 1 - m/(m + all). */
PF_CELL float pf_box_collapse(const pf_box_level *l, const int f[3], const int d[3], float sum[27], float *kept) {
  float total = 0, all = 0;
  for (int q = 0; q < 27; q++) sum[q] = 0;
  PF_BOX_EACH_(l, dx, dy, dz) {
    const float a = pf_box_conductance(l, f, dx, dy, dz);
    const int ex = d[0] ? dx : 0, ey = d[1] ? dy : 0, ez = d[2] ? dz : 0;
    if (!(a > 0)) continue;
    all += a;
    if (!ex && !ey && !ez) continue;
    sum[pf_box_number(ex, ey, ez)] += a;
    total += a;
  }
  const float m = l->m[pf_box_cell(l->n, f[0], f[1], f[2])];
  *kept = m > 0 ? all / (all + m) : 1;
  return total;
}

/* What constants lose: to = 1 - sum of p, exactly 0 where no m is near; for the cells between coarse ones in `odd`
 * directions, the others as they are: called for 1, 2, 3, since each takes from those before. */
// clang-format off
#define PF_ARGS_box_loss(IN, OUT, VAR, VAL) \
  PF_BOX_OPERATOR(IN) IN(float, from) OUT(float, to) VAL(pf_box_shape, shape) VAL(int, odd)
// clang-format on
PF_ARGS(box_loss);
PF_CELL void pf_cell_box_loss(const pf_box_loss_args *k, pf_at at) {
  const pf_box_level l = PF_BOX_LEVEL_(k);
  const int f[3] = {at.i, at.j, at.k}, d[3] = {at.i & 1, at.j & 1, at.k & 1};
  float own = k->odd > 1 ? k->from[at.c] : 0;
  if (d[0] + d[1] + d[2] == k->odd) {
    float sum[27], kept, lost = 0;
    const float total = pf_box_collapse(&l, f, d, sum, &kept);
    if (k->odd > 1)
      for (int q = 0; q < 27; q++)
        if (sum[q] > 0) lost += sum[q] * k->from[pf_box_neighbour(&l, f, q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1)];
    own = total > 0 ? (1 - kept) + kept * (lost / total) : 1;
  }
  k->to[at.c] = own;
}

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

#define PF_ARGS_box_weights(IN, OUT, VAR, VAL) PF_BOX_OPERATOR(IN) OUT(float, p) VAL(pf_box_shape, shape)
PF_ARGS(box_weights);
PF_CELL void pf_cell_box_weights(const pf_box_weights_args *k, pf_at at) {
  const pf_box_level l = PF_BOX_LEVEL_(k);
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const int coarse[3] = {at.i, at.j, at.k};
  float p[27];
  for (int q = 0; q < 27; q++) p[q] = q == 13 ? 1.0f : 0.0f;
  for (int odd = 1; odd <= 3; odd++)
    for (int q = 0; q < 27; q++) {
      const int d[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1};
      int f[3];
      if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] != odd || !pf_box_place(s, coarse, d, f)) continue;
      float sum[27], kept, mine = 0;
      const float total = pf_box_collapse(&l, f, d, sum, &kept);
      for (int n = 0; n < 27; n++) {
        const int to[3] = {d[0] + n % 3 - 1, d[1] + n / 3 % 3 - 1, d[2] + n / 9 - 1};
        /* a neighbour between the cell and C: each step goes towards C or stays */
        int between = sum[n] > 0;
        for (int i = 0; i < 3; i++) between = between && (to[i] == d[i] || to[i] == 0);
        if (between) mine += sum[n] * p[pf_box_number(to[0], to[1], to[2])];
      }
      p[q] = total > 0 ? kept * (mine / total) : 0;
    }
  for (int q = 0; q < 2 * s->half + 1; q++) k->p[q * cells + at.c] = p[q + 13 - s->half];
}

/* ---- the coarse operator ---- */

/* Conductances of C to the neighbours before it, -p_N A p_C; and m, p_C A 1, for which the loss stands: A P 1 = m less
 * what flows because of it. */
// clang-format off
#define PF_ARGS_box_galerkin(IN, OUT, VAR, VAL) \
  PF_BOX_OPERATOR(IN) IN(float, p) IN(float, loss) OUT(float, coarse_a) OUT(float, coarse_m) VAL(pf_box_shape, shape)
// clang-format on
PF_ARGS(box_galerkin);
PF_CELL float pf_box_share(const float p[27], int x, int y, int z) {
  return x * x > 1 || y * y > 1 || z * z > 1 ? 0 : p[pf_box_number(x, y, z)];
}
PF_CELL int pf_box_distance(const pf_box_shape *s, const int coarse[3], int q, int step) {
  const int seam = q > 0 && s->n[q] % 2 && coarse[q] == (step > 0 ? s->coarse[q] - 1 : 0);
  return seam ? step : 2 * step;
}
/* -p_N A p_C, N at `step` from C. */
PF_CELL float pf_box_product(const pf_box_level *l, const pf_box_shape *s, const float *all_p, const float p[27],
                             const int coarse[3], const int step[3]) {
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const ptrdiff_t other = pf_box_cell(s->coarse, coarse[0] + step[0], pf_box_wrap(coarse[1] + step[1], s->coarse[1]),
                                      pf_box_wrap(coarse[2] + step[2], s->coarse[2]));
  float product = 0;
  for (int q = 13 - s->half; q <= 13 + s->half; q++) {
    const float weight = all_p[(q - 13 + s->half) * cells + other];
    int t[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1}, f[3], far = 0;
    for (int i = 0; i < 3; i++) {
      if (step[i]) t[i] += pf_box_distance(s, coarse, i, step[i]);
      far = far || t[i] < -2 || t[i] > 2;
      f[i] = 2 * coarse[i] + t[i];
      if (i > 0) f[i] = (f[i] + 2 * s->n[i]) % s->n[i];
    }
    if (far || !(weight > 0)) continue;
    const float own = pf_box_share(p, t[0], t[1], t[2]);
    float flow = -l->m[pf_box_cell(l->n, f[0], f[1], f[2])] * own;
    PF_BOX_EACH_(l, dx, dy, dz) {
      const float share = pf_box_share(p, t[0] + dx, t[1] + dy, t[2] + dz);
      if (share > own || share < own) flow += pf_box_conductance(l, f, dx, dy, dz) * (share - own);
    }
    product += weight * flow;
  }
  return product;
}
PF_CELL void pf_cell_box_galerkin(const pf_box_galerkin_args *k, pf_at at) {
  const pf_box_level l = PF_BOX_LEVEL_(k);
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const int coarse[3] = {at.i, at.j, at.k}, half = s->half;
  float p[27];
  for (int q = 0; q < 27; q++) p[q] = q < 13 - half || q > 13 + half ? 0.0f : k->p[(q - 13 + half) * cells + at.c];
  for (int q = 13 - half; q < 13; q++) {
    const int d[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1};
    float sum = 0;
    if (at.i + d[0] >= 0 && at.i + d[0] < s->coarse[0] && !(d[1] && s->coarse[1] == 1) &&
        !(d[2] && s->coarse[2] == 1)) {
      /* a circle of two cells ends in one coarse cell, which is its own neighbour on both sides */
      const int y = s->coarse[1] == 1 && s->n[1] == 2, z = s->coarse[2] == 1 && s->n[2] == 2;
      for (int dz = -z; dz <= z; dz++)
        for (int dy = -y; dy <= y; dy++) {
          const int step[3] = {d[0], d[1] + dy, d[2] + dz};
          sum += pf_box_product(&l, s, k->p, p, coarse, step);
        }
    }
    k->coarse_a[(q - 13 + half) * cells + at.c] = sum;
  }
  float m = 0;
  for (int q = 13 - half; q <= 13 + half; q++) {
    const int d[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1};
    int f[3];
    if (!(p[q] > 0) || !pf_box_place(s, coarse, d, f)) continue;
    const ptrdiff_t c = pf_box_cell(l.n, f[0], f[1], f[2]);
    float flow = l.m[c] * (1 - k->loss[c]);
    PF_BOX_EACH_(&l, dx, dy, dz) {
      const ptrdiff_t n = pf_box_neighbour(&l, f, dx, dy, dz);
      if (n >= 0) flow += pf_box_conductance(&l, f, dx, dy, dz) * (k->loss[n] - k->loss[c]);
    }
    m += p[q] * flow;
  }
  k->coarse_m[at.c] = m;
}

/* ---- the cycle ---- */

/* Sums over the neighbours of a cell, of the operators of coarse levels; term(a, u_n). */
#define PF_BOX_LOWER_(a, u, c, o, term)                                                    \
  ((at.xm ? term((a)[c], (u)[(c) + (o)-1]) : 0) + term((a)[cells + (c)], (u)[(c) + (o)]) + \
   (at.xp ? term((a)[2 * cells + (c)], (u)[(c) + (o) + 1]) : 0))
#define PF_BOX_UPPER_(a, u, c, o, term)                                                                        \
  ((at.xp ? term((a)[(c) + (o) + 1], (u)[(c) + (o) + 1]) : 0) + term((a)[cells + (c) + (o)], (u)[(c) + (o)]) + \
   (at.xm ? term((a)[2 * cells + (c) + (o)-1], (u)[(c) + (o)-1]) : 0))
#define PF_BOX_SUM_(name, TERM)                                                                                 \
  PF_CELL float name(const float *a, ptrdiff_t cells, int half, const float *u, pf_at at) {                     \
    const ptrdiff_t c = at.c;                                                                                   \
    const float own = u[c];                                                                                     \
    (void)own;                                                                                                  \
    const float *line = a + (half - 1) * cells, *plane = at.ym ? a + (half - 4) * cells : a;                    \
    float sum = (at.xm ? TERM(line[c], u[c - 1]) : 0) + (at.xp ? TERM(line[c + 1], u[c + 1]) : 0);              \
    if (at.ym) sum += PF_BOX_LOWER_(plane, u, c, at.ym, TERM) + PF_BOX_UPPER_(plane, u, c, at.yp, TERM);        \
    if (at.zm) {                                                                                                \
      sum += PF_BOX_LOWER_(a, u, c, at.zm + at.ym, TERM) + PF_BOX_UPPER_(a, u, c, at.zp + at.yp, TERM);         \
      sum += PF_BOX_LOWER_(a + 3 * cells, u, c, at.zm, TERM) + PF_BOX_UPPER_(a + 3 * cells, u, c, at.zp, TERM); \
      sum += PF_BOX_LOWER_(a + 6 * cells, u, c, at.zm + at.yp, TERM) +                                          \
             PF_BOX_UPPER_(a + 6 * cells, u, c, at.zp + at.ym, TERM);                                           \
    }                                                                                                           \
    return sum;                                                                                                 \
  }
#define PF_BOX_FLOW_(a, v) ((a) * (v))
#define PF_BOX_OUT_(a, v) ((a) * (own - (v)))
#define PF_BOX_SELF_(a, v) ((a) + 0 * (v))
PF_BOX_SUM_(pf_box_flow, PF_BOX_FLOW_)
PF_BOX_SUM_(pf_box_out, PF_BOX_OUT_)
PF_BOX_SUM_(pf_box_diagonal, PF_BOX_SELF_)

/* scale = 1/D */
#define PF_ARGS_box_scale(IN, OUT, VAR, VAL) IN(float, a) IN(float, m) OUT(float, scale) VAL(int, cells) VAL(int, half)
PF_ARGS(box_scale);
PF_CELL void pf_cell_box_scale(const pf_box_scale_args *k, pf_at at) {
  const float d = k->m[at.c] + pf_box_diagonal(k->a, k->cells, k->half, k->m, at);
  k->scale[at.c] = d > 0 ? 1 / d : 0;
}

/* Gauss-Seidel in four (2-D) or eight (3-D) colours.  Rows two apart know nothing of each other: they are swept in red
 * and black together, rows first, first + 2, ... of each direction in turn (host/boxmg.c). */
typedef struct pf_box_rows {
  int ny, nz, y, z; /* rows of the level; the first of this sweep */
  int half;
  ptrdiff_t cells;
} pf_box_rows;
// clang-format off
#define PF_ARGS_box_relax(IN, OUT, VAR, VAL) \
  IN(float, a) IN(float, scale) IN(float, b) VAR(float, u) VAL(pf_box_rows, rows) VAL(int, nx)
// clang-format on
PF_ARGS(box_relax);
PF_CELL void pf_cell_box_relax(const pf_box_relax_args *k, pf_at at) {
  const pf_box_rows *r = &k->rows;
  const ptrdiff_t nx = k->nx, plane = nx * r->ny;
  const int y = r->y + 2 * at.j, z = r->z + 2 * at.k;
  at.c = z * plane + y * nx + at.i;
  at.ym = y > 0 ? -nx : plane - nx;
  at.yp = y < r->ny - 1 ? nx : nx - plane;
  at.zm = z > 0 ? -plane : plane * (r->nz - 1);
  at.zp = z < r->nz - 1 ? plane : -plane * (r->nz - 1);
  k->u[at.c] = (k->b[at.c] + pf_box_flow(k->a, r->cells, r->half, k->u, at)) * k->scale[at.c];
}

/* r = b - A u */
// clang-format off
#define PF_ARGS_box_residual(IN, OUT, VAR, VAL) \
  IN(float, a) IN(float, m) IN(float, b) IN(float, u) OUT(float, r) VAL(int, cells) VAL(int, half)
// clang-format on
PF_ARGS(box_residual);
PF_CELL void pf_cell_box_residual(const pf_box_residual_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  k->r[c] = k->b[c] - (pf_box_out(k->a, k->cells, k->half, k->u, at) + k->m[c] * k->u[c]);
}

/* Coarse b = P^T r */
#define PF_ARGS_box_restrict(IN, OUT, VAR, VAL) IN(float, p) IN(float, r) OUT(float, b) VAL(pf_box_shape, shape)
PF_ARGS(box_restrict);
PF_CELL void pf_cell_box_restrict(const pf_box_restrict_args *k, pf_at at) {
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2], nx = s->n[0];
  const int up_x = 2 * at.i + 1 < s->n[0], low_x = at.i > 0;
  float sum = 0;
  for (int dz = -(s->n[2] > 1); dz <= (s->n[2] > 1); dz++)
    for (int dy = -(s->n[1] > 1); dy <= (s->n[1] > 1); dy++) {
      /* where there is no such cell p is 0 */
      const ptrdiff_t y = pf_box_wrap(2 * at.j + dy, s->n[1]), z = pf_box_wrap(2 * at.k + dz, s->n[2]);
      const float *r = k->r + ((z * s->n[1] + y) * nx + 2 * at.i);
      const float *p = k->p + (pf_box_number(0, dy, dz) - 13 + s->half) * cells + at.c;
      sum += p[0] * r[0] + (low_x ? p[-cells] * r[-1] : 0) + (up_x ? p[cells] * r[1] : 0);
    }
  k->b[at.c] = sum;
}

/* Fine u += P cu */
#define PF_ARGS_box_prolong(IN, OUT, VAR, VAL) IN(float, p) IN(float, cu) VAR(float, u) VAL(pf_box_shape, shape)
PF_ARGS(box_prolong);
PF_CELL void pf_cell_box_prolong(const pf_box_prolong_args *k, pf_at at) {
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const int odd[3] = {at.i & 1, at.j & 1, at.k & 1};
  float sum = 0;
  for (int z = 0; z <= odd[2]; z++)
    for (int y = 0; y <= odd[1]; y++)
      for (int x = 0; x <= odd[0]; x++) {
        const int cx = (at.i >> 1) + x, cy = pf_box_wrap((at.j >> 1) + y, s->coarse[1]),
                  cz = pf_box_wrap((at.k >> 1) + z, s->coarse[2]);
        const int q = pf_box_number(odd[0] - 2 * x, odd[1] - 2 * y, odd[2] - 2 * z) - 13 + s->half;
        if (cx >= s->coarse[0]) continue;
        const ptrdiff_t c = pf_box_cell(s->coarse, cx, cy, cz);
        sum += k->p[q * cells + c] * k->cu[c];
      }
  k->u[at.c] += sum;
}

// clang-format off
#define PF_KERNELS_BOXMG(MAP, SWEEP, SUM, MAX)                                                    \
  MAP(box_loss) MAP(box_weights) MAP(box_galerkin) MAP(box_scale) SWEEP(box_relax) MAP(box_residual) \
  MAP(box_restrict) MAP(box_prolong)
// clang-format on

#endif
