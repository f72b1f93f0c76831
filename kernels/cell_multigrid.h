/* cell_multigrid.h: the symmetric problem of one unknown, -div(k grad u) + m u = b, on every level of a hierarchy.
 *
 * Stored on a level: conductances of faces ax, ay, az [cells] (k area/distance of the face between a cell and its lower
 * neighbour; ax at i = 0 is not used, ay and az wrap around; NULL where the grid has one cell in that direction) and
 * m >= 0 [cells], times volume.  Row of cell c:
 *   (A u)_c = sum over faces f of a_f (u_c - u_neighbour) + m_c u_c
 * The finest level has them in double precision for the Krylov method, all levels in single precision for the cycle. */
#ifndef PF_CELL_MULTIGRID_H
#define PF_CELL_MULTIGRID_H

#include "pf_kernel.h"

#define PF_OPERATOR(type, IN) IN(type, ax) IN(type, ay) IN(type, az) IN(type, m)

/* Sums over the faces of a cell: diagonal: a_f; flow: a_f u_neighbour; out: a_f (u_c - u_neighbour). */
#define PF_FACES_(type)                                                                                         \
  PF_CELL type pf_diagonal_of_##type(const type *ax, const type *ay, const type *az, pf_at at) {                \
    const ptrdiff_t c = at.c;                                                                                   \
    type sum = (at.xm ? ax[c] : 0) + (at.xp ? ax[c + at.xp] : 0);                                               \
    if (at.ym) sum += ay[c] + ay[c + at.yp];                                                                    \
    if (at.zm) sum += az[c] + az[c + at.zp];                                                                    \
    return sum;                                                                                                 \
  }                                                                                                             \
  PF_CELL type pf_flow_of_##type(const type *ax, const type *ay, const type *az, const type *u, pf_at at) {     \
    const ptrdiff_t c = at.c;                                                                                   \
    type sum = (at.xm ? ax[c] * u[c + at.xm] : 0) + (at.xp ? ax[c + at.xp] * u[c + at.xp] : 0);                 \
    if (at.ym) sum += ay[c] * u[c + at.ym] + ay[c + at.yp] * u[c + at.yp];                                      \
    if (at.zm) sum += az[c] * u[c + at.zm] + az[c + at.zp] * u[c + at.zp];                                      \
    return sum;                                                                                                 \
  }                                                                                                             \
  PF_CELL type pf_out_of_##type(const type *ax, const type *ay, const type *az, const type *u, pf_at at) {      \
    const ptrdiff_t c = at.c;                                                                                   \
    const type own = u[c];                                                                                      \
    type sum = (at.xm ? ax[c] * (own - u[c + at.xm]) : 0) + (at.xp ? ax[c + at.xp] * (own - u[c + at.xp]) : 0); \
    if (at.ym) sum += ay[c] * (own - u[c + at.ym]) + ay[c + at.yp] * (own - u[c + at.yp]);                      \
    if (at.zm) sum += az[c] * (own - u[c + at.zm]) + az[c + at.zp] * (own - u[c + at.zp]);                      \
    return sum;                                                                                                 \
  }
PF_FACES_(double)
PF_FACES_(float)

/* ---- the Krylov method, double precision ----
 *
 * Its numbers stay where the fields are: kernels of one cell make them from sums (mg_follow, mg_advance), the others read
 * them.  numbers: [PF_MG_NUMBERS]. */
enum { PF_MG_STEP, PF_MG_BETA, PF_MG_R_Z, PF_MG_P_Q, PF_MG_NUMBERS };

/* From dots = {r z, q z}: beta of the next direction.  Flexible: (z, r - r_last) = -step (q, z), because the cycle is only
 * nearly symmetric; fresh: there is no last direction with this preconditioner, beta = 0. */
#define PF_ARGS_mg_follow(IN, OUT, VAR, VAL) IN(double, dots) VAR(double, numbers) VAL(int, fresh)
PF_ARGS(mg_follow);
PF_CELL void pf_cell_mg_follow(const pf_mg_follow_args *k, pf_at at) {
  double *n = k->numbers + at.c;
  n[PF_MG_BETA] = k->fresh ? 0.0 : -n[PF_MG_STEP] * k->dots[1] / n[PF_MG_R_Z];
  n[PF_MG_R_Z] = k->dots[0];
}
/* From product = {p A p}: the step along p. */
#define PF_ARGS_mg_advance(IN, OUT, VAR, VAL) IN(double, product) VAR(double, numbers)
PF_ARGS(mg_advance);
PF_CELL void pf_cell_mg_advance(const pf_mg_advance_args *k, pf_at at) {
  double *n = k->numbers + at.c;
  n[PF_MG_P_Q] = k->product[0];
  n[PF_MG_STEP] = n[PF_MG_R_Z] / n[PF_MG_P_Q];
}

/* r = b - A u, also rounded (s); sums: r^2/D, b^2/D, r */
// clang-format off
#define PF_ARGS_mg_start(IN, OUT, VAR, VAL) \
  PF_OPERATOR(double, IN) IN(double, b) IN(double, u) IN(float, scale) OUT(double, r) OUT(float, s)
// clang-format on
PF_ARGS(mg_start);
PF_CELL pf_sums pf_cell_mg_start(const pf_mg_start_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double b = k->b[c], scale = (double)k->scale[c];
  const double r = b - (pf_out_of_double(k->ax, k->ay, k->az, k->u, at) + k->m[c] * k->u[c]);
  k->r[c] = r;
  k->s[c] = (float)r;
  const pf_sums sums = {{r * r * scale, b * b * scale, r, 0}};
  return sums;
}

/* q = A p; sum: p q */
#define PF_ARGS_mg_apply(IN, OUT, VAR, VAL) PF_OPERATOR(double, IN) IN(double, p) OUT(double, q)
PF_ARGS(mg_apply);
PF_CELL pf_sums pf_cell_mg_apply(const pf_mg_apply_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double p = k->p[c];
  const double q = pf_out_of_double(k->ax, k->ay, k->az, k->p, at) + k->m[c] * p;
  k->q[c] = q;
  const pf_sums sums = {{p * q, 0, 0, 0}};
  return sums;
}

/* r -= step q, also rounded (s); sum: r^2/D */
// clang-format off
#define PF_ARGS_mg_reduce(IN, OUT, VAR, VAL) \
  IN(double, q) IN(float, scale) IN(double, numbers) VAR(double, r) OUT(float, s)
// clang-format on
PF_ARGS(mg_reduce);
PF_CELL pf_sums pf_cell_mg_reduce(const pf_mg_reduce_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double r = k->r[c] - k->numbers[PF_MG_STEP] * k->q[c];
  k->r[c] = r;
  k->s[c] = (float)r;
  const pf_sums sums = {{r * r * (double)k->scale[c], 0, 0, 0}};
  return sums;
}

/* sums: r z, q z */
#define PF_ARGS_mg_dots(IN, OUT, VAR, VAL) IN(double, r) IN(double, q) IN(float, z)
PF_ARGS(mg_dots);
PF_CELL pf_sums pf_cell_mg_dots(const pf_mg_dots_args *k, pf_at at) {
  const double z = (double)k->z[at.c];
  const pf_sums sums = {{k->r[at.c] * z, k->q[at.c] * z, 0, 0}};
  return sums;
}

/* u += step p (the last one), then p = z + beta p (the next direction) */
// clang-format off
#define PF_ARGS_mg_direction(IN, OUT, VAR, VAL) \
  IN(float, z) IN(double, numbers) VAR(double, p) VAR(double, u)
// clang-format on
PF_ARGS(mg_direction);
PF_CELL void pf_cell_mg_direction(const pf_mg_direction_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double p = k->p[c];
  k->u[c] += k->numbers[PF_MG_STEP] * p;
  k->p[c] = (double)k->z[c] + k->numbers[PF_MG_BETA] * p;
}

/* r -= a, also rounded (s): the mean is taken out of an operator's null space; sum: r^2/D */
#define PF_ARGS_mg_shift(IN, OUT, VAR, VAL) VAR(double, r) OUT(float, s) IN(float, scale) VAL(double, a)
PF_ARGS(mg_shift);
PF_CELL pf_sums pf_cell_mg_shift(const pf_mg_shift_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double r = k->r[c] - k->a;
  k->r[c] = r;
  k->s[c] = (float)r;
  const pf_sums sums = {{r * r * (double)k->scale[c], 0, 0, 0}};
  return sums;
}

/* ---- levels ---- */

/* The finest level in single precision; scale = 1/D, 0 where a cell has neither conductance nor m. */
// clang-format off
#define PF_ARGS_mg_round(IN, OUT, VAR, VAL) \
  PF_OPERATOR(double, IN) OUT(float, sx) OUT(float, sy) OUT(float, sz) OUT(float, sm) OUT(float, scale)
// clang-format on
PF_ARGS(mg_round);
PF_CELL void pf_cell_mg_round(const pf_mg_round_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double d = k->m[c] + pf_diagonal_of_double(k->ax, k->ay, k->az, at);
  k->sx[c] = at.xm ? (float)k->ax[c] : 0;
  if (at.ym) k->sy[c] = (float)k->ay[c];
  if (at.zm) k->sz[c] = (float)k->az[c];
  k->sm[c] = (float)k->m[c];
  k->scale[c] = d > 0 ? (float)(1 / d) : 0;
}

/* How a level is joined to the next: its own (fine) cells n, s of them to a coarse one, each w cells of the finest
 * level wide but for the last, which ends with the finest level's n_0 cells. */
typedef struct pf_mg_join {
  int n[3], s[3], w[3], n_0[3];
} pf_mg_join;

/* Twice the distance from the middle of cell i - 1 (periodically) to that of i, in finest cells, for cells of width w. */
PF_CELL int pf_mg_distance(int i, int w, int n_0) {
  const int last = (n_0 - 1) / w, low = i > 0 ? i - 1 : last;
  return (low < last ? w : n_0 - low * w) + (i < last ? w : n_0 - i * w);
}

/* Coarse conductances: the sum over the fine faces, by the ratio of the distances; coarse m: the sum. */
// clang-format off
#define PF_ARGS_mg_coarsen(IN, OUT, VAR, VAL) \
  PF_OPERATOR(float, IN) OUT(float, cx) OUT(float, cy) OUT(float, cz) OUT(float, cm) VAL(pf_mg_join, join)
// clang-format on
PF_ARGS(mg_coarsen);
PF_CELL float pf_mg_ratio(const pf_mg_join *t, int d, int i) {
  return (float)pf_mg_distance(i * t->s[d], t->w[d], t->n_0[d]) /
         (float)pf_mg_distance(i, t->w[d] * t->s[d], t->n_0[d]);
}
PF_CELL void pf_cell_mg_coarsen(const pf_mg_coarsen_args *k, pf_at at) {
  const pf_mg_join *t = &k->join;
  const ptrdiff_t c = at.c;
  const int x0 = at.i * t->s[0], y0 = at.j * t->s[1], z0 = at.k * t->s[2];
  float x_sum = 0, y_sum = 0, z_sum = 0, m_sum = 0;
  for (int z = z0; z < z0 + t->s[2] && z < t->n[2]; z++)
    for (int y = y0; y < y0 + t->s[1] && y < t->n[1]; y++)
      for (int x = x0; x < x0 + t->s[0] && x < t->n[0]; x++) {
        const ptrdiff_t f = ((ptrdiff_t)z * t->n[1] + y) * t->n[0] + x;
        if (x == x0) x_sum += k->ax[f];
        if (k->ay && y == y0) y_sum += k->ay[f];
        if (k->az && z == z0) z_sum += k->az[f];
        m_sum += k->m[f];
      }
  k->cx[c] = at.xm ? x_sum * pf_mg_ratio(t, 0, at.i) : 0;
  if (k->cy) k->cy[c] = y_sum * pf_mg_ratio(t, 1, at.j);
  if (k->cz) k->cz[c] = z_sum * pf_mg_ratio(t, 2, at.k);
  k->cm[c] = m_sum;
}

/* scale = 1/D of a coarse level */
#define PF_ARGS_mg_scale(IN, OUT, VAR, VAL) PF_OPERATOR(float, IN) OUT(float, scale)
PF_ARGS(mg_scale);
PF_CELL void pf_cell_mg_scale(const pf_mg_scale_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const float d = k->m[c] + pf_diagonal_of_float(k->ax, k->ay, k->az, at);
  k->scale[c] = d > 0 ? 1 / d : 0;
}

/* ---- the cycle, single precision ---- */

/* What Gauss-Seidel needs: the conductances and scale = 1/D [cells]. */
#define PF_SCALED_OPERATOR(IN) IN(float, ax) IN(float, ay) IN(float, az) IN(float, scale)

/* Gauss-Seidel: u_c = (b_c + sum a_f u_neighbour)/D_c */
#define PF_ARGS_mg_relax(IN, OUT, VAR, VAL) PF_SCALED_OPERATOR(IN) IN(float, b) VAR(float, u)
PF_ARGS(mg_relax);
PF_CELL void pf_cell_mg_relax(const pf_mg_relax_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  k->u[c] = (k->b[c] + pf_flow_of_float(k->ax, k->ay, k->az, k->u, at)) * k->scale[c];
}

/* The first one, from u = 0, of grids without a seam: red cells b/D, black cells with the red ones around them.  Those
 * are made anew from b, so that no cell reads what another one writes, and one MAP does for both colours. */
#define PF_ARGS_mg_relax_start(IN, OUT, VAR, VAL) PF_SCALED_OPERATOR(IN) IN(float, b) OUT(float, u)
PF_ARGS(mg_relax_start);
PF_CELL void pf_cell_mg_relax_start(const pf_mg_relax_start_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const float *b = k->b, *scale = k->scale;
  float flow = (at.xm ? k->ax[c] * (b[c + at.xm] * scale[c + at.xm]) : 0) +
               (at.xp ? k->ax[c + at.xp] * (b[c + at.xp] * scale[c + at.xp]) : 0);
  if (at.ym)
    flow += k->ay[c] * (b[c + at.ym] * scale[c + at.ym]) + k->ay[c + at.yp] * (b[c + at.yp] * scale[c + at.yp]);
  if (at.zm)
    flow += k->az[c] * (b[c + at.zm] * scale[c + at.zm]) + k->az[c + at.zp] * (b[c + at.zp] * scale[c + at.zp]);
  const float black = (float)((at.i + at.j + at.k) & 1);
  k->u[c] = (b[c] + black * flow) * scale[c];
}

/* u = 0: where there is a seam. */
#define PF_ARGS_mg_zero(IN, OUT, VAR, VAL) OUT(float, u)
PF_ARGS(mg_zero);
PF_CELL void pf_cell_mg_zero(const pf_mg_zero_args *k, pf_at at) { k->u[at.c] = 0; }

/* r = b - A u */
#define PF_ARGS_mg_residual(IN, OUT, VAR, VAL) PF_OPERATOR(float, IN) IN(float, b) IN(float, u) OUT(float, r)
PF_ARGS(mg_residual);
PF_CELL void pf_cell_mg_residual(const pf_mg_residual_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  k->r[c] = k->b[c] - (pf_out_of_float(k->ax, k->ay, k->az, k->u, at) + k->m[c] * k->u[c]);
}

/* Coarse b = sum of the fine r.  A fine cell that is not there (odd ends) is replaced by one that is,
 * times 0, so that all cells of a row do the same. */
#define PF_ARGS_mg_restrict(IN, OUT, VAR, VAL) IN(float, r) OUT(float, b) VAL(pf_mg_join, join)
PF_ARGS(mg_restrict);
PF_CELL float pf_mg_two(const float *r, ptrdiff_t step, float weight) { return r[0] + weight * r[step]; }
PF_CELL void pf_cell_mg_restrict(const pf_mg_restrict_args *k, pf_at at) {
  const pf_mg_join *t = &k->join;
  const ptrdiff_t nx = t->n[0], ny = t->n[1], x = (ptrdiff_t)at.i * t->s[0], y = (ptrdiff_t)at.j * t->s[1],
                  z = (ptrdiff_t)at.k * t->s[2];
  const int on_x = at.xp || (t->s[0] == 2 && x + 1 < nx), on_y = t->s[1] == 2 && y + 1 < ny,
            on_z = t->s[2] == 2 && z + 1 < t->n[2];
  const ptrdiff_t dx = on_x ? 1 : 0, dy = on_y ? nx : 0, dz = on_z ? nx * ny : 0;
  const float wx = on_x ? 1 : 0, wy = on_y ? 1 : 0, wz = on_z ? 1 : 0;
  const float *r = k->r + ((z * ny + y) * nx + x);
  k->b[at.c] = pf_mg_two(r, dx, wx) + wy * pf_mg_two(r + dy, dx, wx) +
               wz * (pf_mg_two(r + dz, dx, wx) + wy * pf_mg_two(r + dz + dy, dx, wx));
}

/* Fine u += that of the coarse cell (cu [coarse]) which it is part of. */
#define PF_ARGS_mg_prolong(IN, OUT, VAR, VAL) IN(float, cu) VAR(float, u) VAL(pf_mg_join, join)
PF_ARGS(mg_prolong);
PF_CELL void pf_cell_mg_prolong(const pf_mg_prolong_args *k, pf_at at) {
  const pf_mg_join *t = &k->join;
  const ptrdiff_t nx = (t->n[0] + t->s[0] - 1) / t->s[0], ny = (t->n[1] + t->s[1] - 1) / t->s[1];
  const ptrdiff_t j = at.j >> (t->s[1] - 1), l = at.k >> (t->s[2] - 1);
  k->u[at.c] += k->cu[(l * ny + j) * nx + (at.i >> (t->s[0] - 1))];
}

/* u = inverse b on the coarsest level; inverse [cells][cells] */
#define PF_ARGS_mg_coarsest(IN, OUT, VAR, VAL) IN(double, inverse) IN(float, b) OUT(float, u) VAL(int, cells)
PF_ARGS(mg_coarsest);
PF_CELL void pf_cell_mg_coarsest(const pf_mg_coarsest_args *k, pf_at at) {
  double sum = 0;
  for (int q = 0; q < k->cells; q++) sum += k->inverse[at.c * k->cells + q] * (double)k->b[q];
  k->u[at.c] = (float)sum;
}

// clang-format off
#define PF_KERNELS_MULTIGRID(MAP, SWEEP, SUM, MAX)                                                      \
  SUM(mg_start) SUM(mg_apply) SUM(mg_reduce) SUM(mg_dots) SUM(mg_shift) MAP(mg_follow) MAP(mg_advance) MAP(mg_direction) MAP(mg_round) \
  MAP(mg_coarsen) MAP(mg_scale) SWEEP(mg_relax) MAP(mg_relax_start) MAP(mg_zero) MAP(mg_residual)     \
  MAP(mg_restrict) MAP(mg_prolong) MAP(mg_coarsest)
// clang-format on

#endif
