/* real_multigrid.h: the kernels of cell_multigrid.h that hold a number of the multigrid cycle: the ends of an iteration, the
 * set-up of the levels, the cycle.
 *
 * pf_real.h says how this file is read: twice, with PF_REAL float and double. */

/* r = b - A u, also rounded (s); sums: r^2/D, b^2/D, r */
// clang-format off
#define PF_REAL_ARGS_mg_start(T, IN, OUT, VAR, VAL) \
  PF_OPERATOR(double, IN) IN(double, b) IN(double, u) IN(T, scale) OUT(double, r) OUT(T, s)
// clang-format on
PF_REAL_ARGS(mg_start);
PF_REAL_CELL(pf_sums, mg_start) {
  const ptrdiff_t c = at.c;
  const double b = k->b[c], scale = (double)k->scale[c];
  const double r = b - (pf_out_of_double(k->ax, k->ay, k->az, k->u, at) + k->m[c] * k->u[c]);
  k->r[c] = r;
  k->s[c] = (PF_REAL)r;
  const pf_sums sums = {{r * r * scale, b * b * scale, r, 0}};
  return sums;
}

/* r -= step q, also rounded (s); sum: r^2/D */
// clang-format off
#define PF_REAL_ARGS_mg_reduce(T, IN, OUT, VAR, VAL) \
  IN(double, q) IN(T, scale) IN(double, numbers) VAR(double, r) OUT(T, s)
// clang-format on
PF_REAL_ARGS(mg_reduce);
PF_REAL_CELL(pf_sums, mg_reduce) {
  const ptrdiff_t c = at.c;
  const double r = k->r[c] - k->numbers[PF_MG_STEP] * k->q[c];
  k->r[c] = r;
  k->s[c] = (PF_REAL)r;
  const pf_sums sums = {{r * r * (double)k->scale[c], 0, 0, 0}};
  return sums;
}

/* sums: r z, q z */
#define PF_REAL_ARGS_mg_dots(T, IN, OUT, VAR, VAL) IN(double, r) IN(double, q) IN(T, z)
PF_REAL_ARGS(mg_dots);
PF_REAL_CELL(pf_sums, mg_dots) {
  const double z = (double)k->z[at.c];
  const pf_sums sums = {{k->r[at.c] * z, k->q[at.c] * z, 0, 0}};
  return sums;
}

/* sum: m z^2 */
#define PF_REAL_ARGS_mg_error(T, IN, OUT, VAR, VAL) IN(double, m) IN(T, z)
PF_REAL_ARGS(mg_error);
PF_REAL_CELL(pf_sums, mg_error) {
  const double z = (double)k->z[at.c];
  const pf_sums sums = {{k->m[at.c] * z * z, 0, 0, 0}};
  return sums;
}

/* u += step p (the last one), then p = z + beta p (the next direction) */
// clang-format off
#define PF_REAL_ARGS_mg_direction(T, IN, OUT, VAR, VAL) \
  IN(T, z) IN(double, numbers) VAR(double, p) VAR(double, u)
// clang-format on
PF_REAL_ARGS(mg_direction);
PF_REAL_CELL(void, mg_direction) {
  const ptrdiff_t c = at.c;
  const double p = k->p[c];
  k->u[c] += k->numbers[PF_MG_STEP] * p;
  k->p[c] = (double)k->z[c] + k->numbers[PF_MG_BETA] * p;
}

/* r -= a, also rounded (s): the mean is taken out of an operator's null space; sum: r^2/D */
#define PF_REAL_ARGS_mg_shift(T, IN, OUT, VAR, VAL) VAR(double, r) OUT(T, s) IN(T, scale) VAL(double, a)
PF_REAL_ARGS(mg_shift);
PF_REAL_CELL(pf_sums, mg_shift) {
  const ptrdiff_t c = at.c;
  const double r = k->r[c] - k->a;
  k->r[c] = r;
  k->s[c] = (PF_REAL)r;
  const pf_sums sums = {{r * r * (double)k->scale[c], 0, 0, 0}};
  return sums;
}

/* ---- levels ---- */

/* The finest level in the precision of the cycle; scale = 1/D, 0 where a cell has neither conductance nor m. */
// clang-format off
#define PF_REAL_ARGS_mg_round(T, IN, OUT, VAR, VAL) \
  PF_OPERATOR(double, IN) OUT(T, sx) OUT(T, sy) OUT(T, sz) OUT(T, sm) OUT(T, scale)
// clang-format on
PF_REAL_ARGS(mg_round);
PF_REAL_CELL(void, mg_round) {
  const ptrdiff_t c = at.c;
  const double d = k->m[c] + pf_diagonal_of_double(k->ax, k->ay, k->az, at);
  k->sx[c] = at.xm ? (PF_REAL)k->ax[c] : 0;
  if (at.ym) k->sy[c] = (PF_REAL)k->ay[c];
  if (at.zm) k->sz[c] = (PF_REAL)k->az[c];
  k->sm[c] = (PF_REAL)k->m[c];
  k->scale[c] = d > 0 ? (PF_REAL)(1 / d) : 0;
}

/* Coarse conductances: the sum over the fine faces, by the ratio of the distances; coarse m: the sum. */
// clang-format off
#define PF_REAL_ARGS_mg_coarsen(T, IN, OUT, VAR, VAL) \
  PF_OPERATOR(T, IN) OUT(T, cx) OUT(T, cy) OUT(T, cz) OUT(T, cm) VAL(pf_mg_join, join)
// clang-format on
PF_REAL_ARGS(mg_coarsen);
PF_CELL PF_REAL PF_OF_REAL(pf_mg_ratio_)(const pf_mg_join *t, int d, int i) {
  return (PF_REAL)pf_mg_distance(i * t->s[d], t->w[d], t->n_0[d]) /
         (PF_REAL)pf_mg_distance(i, t->w[d] * t->s[d], t->n_0[d]);
}
PF_REAL_CELL(void, mg_coarsen) {
  const pf_mg_join *t = &k->join;
  const ptrdiff_t c = at.c;
  const int x0 = at.i * t->s[0], y0 = at.j * t->s[1], z0 = at.k * t->s[2];
  PF_REAL x_sum = 0, y_sum = 0, z_sum = 0, m_sum = 0;
  for (int z = z0; z < z0 + t->s[2] && z < t->n[2]; z++)
    for (int y = y0; y < y0 + t->s[1] && y < t->n[1]; y++)
      for (int x = x0; x < x0 + t->s[0] && x < t->n[0]; x++) {
        const ptrdiff_t f = ((ptrdiff_t)z * t->n[1] + y) * t->n[0] + x;
        if (x == x0) x_sum += k->ax[f];
        if (k->ay && y == y0) y_sum += k->ay[f];
        if (k->az && z == z0) z_sum += k->az[f];
        m_sum += k->m[f];
      }
  k->cx[c] = at.xm ? x_sum * PF_OF_REAL(pf_mg_ratio_)(t, 0, at.i) : 0;
  if (k->cy) k->cy[c] = y_sum * PF_OF_REAL(pf_mg_ratio_)(t, 1, at.j);
  if (k->cz) k->cz[c] = z_sum * PF_OF_REAL(pf_mg_ratio_)(t, 2, at.k);
  k->cm[c] = m_sum;
}

/* scale = 1/D of a coarse level */
#define PF_REAL_ARGS_mg_scale(T, IN, OUT, VAR, VAL) PF_OPERATOR(T, IN) OUT(T, scale)
PF_REAL_ARGS(mg_scale);
PF_REAL_CELL(void, mg_scale) {
  const ptrdiff_t c = at.c;
  const PF_REAL d = k->m[c] + PF_OF_REAL(pf_diagonal_of_)(k->ax, k->ay, k->az, at);
  k->scale[c] = d > 0 ? 1 / d : 0;
}

/* ---- the cycle, the precision of the cycle ---- */

/* What Gauss-Seidel needs: the conductances and scale = 1/D [cells]. */
#define PF_SCALED_OPERATOR(T, IN) IN(T, ax) IN(T, ay) IN(T, az) IN(T, scale)

/* Gauss-Seidel: u_c = (b_c + sum a_f u_neighbour)/D_c */
#define PF_REAL_ARGS_mg_relax(T, IN, OUT, VAR, VAL) PF_SCALED_OPERATOR(T, IN) IN(T, b) VAR(T, u)
PF_REAL_ARGS(mg_relax);
PF_REAL_CELL(void, mg_relax) {
  const ptrdiff_t c = at.c;
  k->u[c] = (k->b[c] + PF_OF_REAL(pf_flow_of_)(k->ax, k->ay, k->az, k->u, at)) * k->scale[c];
}

/* The first one, from u = 0, of grids without a seam: red cells b/D, black cells with the red ones around them.  Those
 * are made anew from b, so that no cell reads what another one writes, and one MAP does for both colours. */
#define PF_REAL_ARGS_mg_relax_start(T, IN, OUT, VAR, VAL) PF_SCALED_OPERATOR(T, IN) IN(T, b) OUT(T, u)
PF_REAL_ARGS(mg_relax_start);
PF_REAL_CELL(void, mg_relax_start) {
  const ptrdiff_t c = at.c;
  const PF_REAL *b = k->b, *scale = k->scale;
  PF_REAL flow = (at.xm ? k->ax[c] * (b[c + at.xm] * scale[c + at.xm]) : 0) +
                 (at.xp ? k->ax[c + at.xp] * (b[c + at.xp] * scale[c + at.xp]) : 0);
  if (at.ym)
    flow += k->ay[c] * (b[c + at.ym] * scale[c + at.ym]) + k->ay[c + at.yp] * (b[c + at.yp] * scale[c + at.yp]);
  if (at.zm)
    flow += k->az[c] * (b[c + at.zm] * scale[c + at.zm]) + k->az[c + at.zp] * (b[c + at.zp] * scale[c + at.zp]);
  const PF_REAL black = (PF_REAL)((at.i + at.j + at.k) & 1);
  k->u[c] = (b[c] + black * flow) * scale[c];
}

/* u = 0: where there is a seam. */
#define PF_REAL_ARGS_mg_zero(T, IN, OUT, VAR, VAL) OUT(T, u)
PF_REAL_ARGS(mg_zero);
PF_REAL_CELL(void, mg_zero) { k->u[at.c] = 0; }

/* r = b - A u */
#define PF_REAL_ARGS_mg_residual(T, IN, OUT, VAR, VAL) PF_OPERATOR(T, IN) IN(T, b) IN(T, u) OUT(T, r)
PF_REAL_ARGS(mg_residual);
PF_REAL_CELL(void, mg_residual) {
  const ptrdiff_t c = at.c;
  k->r[c] = k->b[c] - (PF_OF_REAL(pf_out_of_)(k->ax, k->ay, k->az, k->u, at) + k->m[c] * k->u[c]);
}

/* Coarse b = sum of the fine r.  A fine cell that is not there (odd ends) is replaced by one that is,
 * times 0, so that all cells of a row do the same. */
#define PF_REAL_ARGS_mg_restrict(T, IN, OUT, VAR, VAL) IN(T, r) OUT(T, b) VAL(pf_mg_join, join)
PF_REAL_ARGS(mg_restrict);
PF_CELL PF_REAL PF_OF_REAL(pf_mg_two_)(const PF_REAL *r, ptrdiff_t step, PF_REAL weight) {
  return r[0] + weight * r[step];
}
PF_REAL_CELL(void, mg_restrict) {
  const pf_mg_join *t = &k->join;
  const ptrdiff_t nx = t->n[0], ny = t->n[1], x = (ptrdiff_t)at.i * t->s[0], y = (ptrdiff_t)at.j * t->s[1],
                  z = (ptrdiff_t)at.k * t->s[2];
  const int on_x = at.xp || (t->s[0] == 2 && x + 1 < nx), on_y = t->s[1] == 2 && y + 1 < ny,
            on_z = t->s[2] == 2 && z + 1 < t->n[2];
  const ptrdiff_t dx = on_x ? 1 : 0, dy = on_y ? nx : 0, dz = on_z ? nx * ny : 0;
  const PF_REAL wx = on_x ? 1 : 0, wy = on_y ? 1 : 0, wz = on_z ? 1 : 0;
  const PF_REAL *r = k->r + ((z * ny + y) * nx + x);
  k->b[at.c] = PF_OF_REAL(pf_mg_two_)(r, dx, wx) + wy * PF_OF_REAL(pf_mg_two_)(r + dy, dx, wx) +
               wz * (PF_OF_REAL(pf_mg_two_)(r + dz, dx, wx) + wy * PF_OF_REAL(pf_mg_two_)(r + dz + dy, dx, wx));
}

/* Of the coarse cell (cu [coarse]) which a fine one is part of. */
PF_CELL PF_REAL PF_OF_REAL(pf_mg_of_coarse_)(const PF_REAL *cu, const pf_mg_join *t, pf_at at) {
  const ptrdiff_t nx = (t->n[0] + t->s[0] - 1) / t->s[0], ny = (t->n[1] + t->s[1] - 1) / t->s[1];
  const ptrdiff_t j = at.j >> (t->s[1] - 1), l = at.k >> (t->s[2] - 1);
  return cu[(l * ny + j) * nx + (at.i >> (t->s[0] - 1))];
}

/* Fine u += that of the coarse cell. */
#define PF_REAL_ARGS_mg_prolong(T, IN, OUT, VAR, VAL) IN(T, cu) VAR(T, u) VAL(pf_mg_join, join)
PF_REAL_ARGS(mg_prolong);
PF_REAL_CELL(void, mg_prolong) { k->u[at.c] += PF_OF_REAL(pf_mg_of_coarse_)(k->cu, &k->join, at); }

/* The same from v to u: what blocks of a GPU read others do not write then. */
#define PF_REAL_ARGS_mg_prolong_to(T, IN, OUT, VAR, VAL) IN(T, cu) IN(T, v) OUT(T, u) VAL(pf_mg_join, join)
PF_REAL_ARGS(mg_prolong_to);
PF_REAL_CELL(void, mg_prolong_to) { k->u[at.c] = k->v[at.c] + PF_OF_REAL(pf_mg_of_coarse_)(k->cu, &k->join, at); }

/* u = inverse b on the coarsest level; inverse [cells][cells] */
#define PF_REAL_ARGS_mg_coarsest(T, IN, OUT, VAR, VAL) IN(double, inverse) IN(T, b) OUT(T, u) VAL(int, cells)
PF_REAL_ARGS(mg_coarsest);
PF_REAL_CELL(void, mg_coarsest) {
  double sum = 0;
  for (int q = 0; q < k->cells; q++) sum += k->inverse[at.c * k->cells + q] * (double)k->b[q];
  k->u[at.c] = (PF_REAL)sum;
}
