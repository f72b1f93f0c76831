/* real_boxmg.h: the kernels of cell_boxmg.h: interpolation, coarse operators, cycle.
 *
 * pf_real.h says how this file is read: twice, with PF_REAL float and double. */

/* A level as the set-up reads it: the finest one with faces ax, ay, az, the others with a. */
typedef struct PF_OF_REAL(pf_box_level_) {
  const PF_REAL *ax, *ay, *az, *a, *m;
  int n[3], half;
  ptrdiff_t cells;
} PF_OF_REAL(pf_box_level_);

#define PF_BOX_OPERATOR(T, IN) IN(T, ax) IN(T, ay) IN(T, az) IN(T, a) IN(T, m)
#define PF_BOX_LEVEL_(k)                                                                                             \
  {                                                                                                                  \
    (k)->ax, (k)->ay, (k)->az, (k)->a, (k)->m, {(k)->shape.n[0], (k)->shape.n[1], (k)->shape.n[2]}, (k)->shape.half, \
        (ptrdiff_t)(k)->shape.n[0] * (k)->shape.n[1] * (k)->shape.n[2]                                               \
  }

/* The neighbour of cell (x, y, z), which is in the grid, or -1. */
PF_CELL ptrdiff_t PF_OF_REAL(pf_box_neighbour_)(const PF_OF_REAL(pf_box_level_) * l, const int f[3], int dx, int dy,
                                                int dz) {
  if (f[0] + dx < 0 || f[0] + dx >= l->n[0] || (dy && l->n[1] == 1) || (dz && l->n[2] == 1)) return -1;
  return pf_box_cell(l->n, f[0] + dx, pf_box_wrap(f[1] + dy, l->n[1]), pf_box_wrap(f[2] + dz, l->n[2]));
}

PF_CELL PF_REAL PF_OF_REAL(pf_box_stored_)(const PF_OF_REAL(pf_box_level_) * l, int q, ptrdiff_t c) {
  if (l->a) return l->a[(q - 13 + l->half) * l->cells + c];
  return q == 12 ? l->ax[c] : q == 10 ? l->ay[c] : q == 4 ? l->az[c] : 0;
}

/* The conductance from f to its neighbour, 0 where there is none. */
PF_CELL PF_REAL PF_OF_REAL(pf_box_conductance_)(const PF_OF_REAL(pf_box_level_) * l, const int f[3], int dx, int dy,
                                                int dz) {
  if (!l->a && dx * dx + dy * dy + dz * dz > 1) return 0;
  const ptrdiff_t n = PF_OF_REAL(pf_box_neighbour_)(l, f, dx, dy, dz);
  if (n < 0) return 0;
  const int q = pf_box_number(dx, dy, dz);
  return q < 13 ? PF_OF_REAL(pf_box_stored_)(l, q, pf_box_cell(l->n, f[0], f[1], f[2]))
                : PF_OF_REAL(pf_box_stored_)(l, 26 - q, n);
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
PF_CELL PF_REAL PF_OF_REAL(pf_box_collapse_)(const PF_OF_REAL(pf_box_level_) * l, const int f[3], const int d[3],
                                             PF_REAL sum[27], PF_REAL *kept) {
  PF_REAL total = 0, all = 0;
  for (int q = 0; q < 27; q++) sum[q] = 0;
  PF_BOX_EACH_(l, dx, dy, dz) {
    const PF_REAL a = PF_OF_REAL(pf_box_conductance_)(l, f, dx, dy, dz);
    const int ex = d[0] ? dx : 0, ey = d[1] ? dy : 0, ez = d[2] ? dz : 0;
    if (!(a > 0)) continue;
    all += a;
    if (!ex && !ey && !ez) continue;
    sum[pf_box_number(ex, ey, ez)] += a;
    total += a;
  }
  const PF_REAL m = l->m[pf_box_cell(l->n, f[0], f[1], f[2])];
  *kept = m > 0 ? all / (all + m) : 1;
  return total;
}

/* What constants lose: to = 1 - sum of p, exactly 0 where no m is near; for the cells between coarse ones in `odd`
 * directions, the others as they are: called for 1, 2, 3, since each takes from those before. */
// clang-format off
#define PF_REAL_ARGS_box_loss(T, IN, OUT, VAR, VAL) \
  PF_BOX_OPERATOR(T, IN) IN(T, from) OUT(T, to) VAL(pf_box_shape, shape) VAL(int, odd)
// clang-format on
PF_REAL_ARGS(box_loss);
PF_REAL_CELL(void, box_loss) {
  const PF_OF_REAL(pf_box_level_) l = PF_BOX_LEVEL_(k);
  const int f[3] = {at.i, at.j, at.k}, d[3] = {at.i & 1, at.j & 1, at.k & 1};
  PF_REAL own = k->odd > 1 ? k->from[at.c] : 0;
  if (d[0] + d[1] + d[2] == k->odd) {
    PF_REAL sum[27], kept, lost = 0;
    const PF_REAL total = PF_OF_REAL(pf_box_collapse_)(&l, f, d, sum, &kept);
    if (k->odd > 1)
      for (int q = 0; q < 27; q++)
        if (sum[q] > 0)
          lost += sum[q] * k->from[PF_OF_REAL(pf_box_neighbour_)(&l, f, q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1)];
    own = total > 0 ? (1 - kept) + kept * (lost / total) : 1;
  }
  k->to[at.c] = own;
}

#define PF_REAL_ARGS_box_weights(T, IN, OUT, VAR, VAL) PF_BOX_OPERATOR(T, IN) OUT(T, p) VAL(pf_box_shape, shape)
PF_REAL_ARGS(box_weights);
PF_REAL_CELL(void, box_weights) {
  const PF_OF_REAL(pf_box_level_) l = PF_BOX_LEVEL_(k);
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const int coarse[3] = {at.i, at.j, at.k};
  PF_REAL p[27];
  for (int q = 0; q < 27; q++) p[q] = q == 13 ? 1.0 : 0.0;
  for (int odd = 1; odd <= 3; odd++)
    for (int q = 0; q < 27; q++) {
      const int d[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1};
      int f[3];
      if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] != odd || !pf_box_place(s, coarse, d, f)) continue;
      PF_REAL sum[27], kept, mine = 0;
      const PF_REAL total = PF_OF_REAL(pf_box_collapse_)(&l, f, d, sum, &kept);
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
#define PF_REAL_ARGS_box_galerkin(T, IN, OUT, VAR, VAL) \
  PF_BOX_OPERATOR(T, IN) IN(T, p) IN(T, loss) OUT(T, coarse_a) OUT(T, coarse_m) VAL(pf_box_shape, shape)
// clang-format on
PF_REAL_ARGS(box_galerkin);
PF_CELL PF_REAL PF_OF_REAL(pf_box_share_)(const PF_REAL p[27], int x, int y, int z) {
  return x * x > 1 || y * y > 1 || z * z > 1 ? 0 : p[pf_box_number(x, y, z)];
}
/* -p_N A p_C, N at `step` from C. */
PF_CELL PF_REAL PF_OF_REAL(pf_box_product_)(const PF_OF_REAL(pf_box_level_) * l, const pf_box_shape *s,
                                            const PF_REAL *all_p, const PF_REAL p[27], const int coarse[3],
                                            const int step[3]) {
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const ptrdiff_t other = pf_box_cell(s->coarse, coarse[0] + step[0], pf_box_wrap(coarse[1] + step[1], s->coarse[1]),
                                      pf_box_wrap(coarse[2] + step[2], s->coarse[2]));
  PF_REAL product = 0;
  for (int q = 13 - s->half; q <= 13 + s->half; q++) {
    const PF_REAL weight = all_p[(q - 13 + s->half) * cells + other];
    int t[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1}, f[3], far = 0;
    for (int i = 0; i < 3; i++) {
      if (step[i]) t[i] += pf_box_distance(s, coarse, i, step[i]);
      far = far || t[i] < -2 || t[i] > 2;
      f[i] = 2 * coarse[i] + t[i];
      if (i > 0) f[i] = (f[i] + 2 * s->n[i]) % s->n[i];
    }
    if (far || !(weight > 0)) continue;
    const PF_REAL own = PF_OF_REAL(pf_box_share_)(p, t[0], t[1], t[2]);
    PF_REAL flow = -l->m[pf_box_cell(l->n, f[0], f[1], f[2])] * own;
    PF_BOX_EACH_(l, dx, dy, dz) {
      const PF_REAL share = PF_OF_REAL(pf_box_share_)(p, t[0] + dx, t[1] + dy, t[2] + dz);
      if (share > own || share < own) flow += PF_OF_REAL(pf_box_conductance_)(l, f, dx, dy, dz) * (share - own);
    }
    product += weight * flow;
  }
  return product;
}
PF_REAL_CELL(void, box_galerkin) {
  const PF_OF_REAL(pf_box_level_) l = PF_BOX_LEVEL_(k);
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const int coarse[3] = {at.i, at.j, at.k}, half = s->half;
  PF_REAL p[27];
  for (int q = 0; q < 27; q++) p[q] = q < 13 - half || q > 13 + half ? 0 : k->p[(q - 13 + half) * cells + at.c];
  for (int q = 13 - half; q < 13; q++) {
    const int d[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1};
    PF_REAL sum = 0;
    if (at.i + d[0] >= 0 && at.i + d[0] < s->coarse[0] && !(d[1] && s->coarse[1] == 1) &&
        !(d[2] && s->coarse[2] == 1)) {
      /* a circle of two cells ends in one coarse cell, which is its own neighbour on both sides */
      const int y = s->coarse[1] == 1 && s->n[1] == 2, z = s->coarse[2] == 1 && s->n[2] == 2;
      for (int dz = -z; dz <= z; dz++)
        for (int dy = -y; dy <= y; dy++) {
          const int step[3] = {d[0], d[1] + dy, d[2] + dz};
          sum += PF_OF_REAL(pf_box_product_)(&l, s, k->p, p, coarse, step);
        }
    }
    k->coarse_a[(q - 13 + half) * cells + at.c] = sum;
  }
  PF_REAL m = 0;
  for (int q = 13 - half; q <= 13 + half; q++) {
    const int d[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1};
    int f[3];
    if (!(p[q] > 0) || !pf_box_place(s, coarse, d, f)) continue;
    const ptrdiff_t c = pf_box_cell(l.n, f[0], f[1], f[2]);
    PF_REAL flow = l.m[c] * (1 - k->loss[c]);
    PF_BOX_EACH_(&l, dx, dy, dz) {
      const ptrdiff_t n = PF_OF_REAL(pf_box_neighbour_)(&l, f, dx, dy, dz);
      if (n >= 0) flow += PF_OF_REAL(pf_box_conductance_)(&l, f, dx, dy, dz) * (k->loss[n] - k->loss[c]);
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
  PF_CELL PF_REAL PF_OF_REAL(name)(const PF_REAL *a, ptrdiff_t cells, int half, const PF_REAL *u, pf_at at) {   \
    const ptrdiff_t c = at.c;                                                                                   \
    const PF_REAL own = u[c];                                                                                   \
    (void)own;                                                                                                  \
    const PF_REAL *line = a + (half - 1) * cells, *plane = at.ym ? a + (half - 4) * cells : a;                  \
    PF_REAL sum = (at.xm ? TERM(line[c], u[c - 1]) : 0) + (at.xp ? TERM(line[c + 1], u[c + 1]) : 0);            \
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
PF_BOX_SUM_(pf_box_flow_, PF_BOX_FLOW_)
PF_BOX_SUM_(pf_box_out_, PF_BOX_OUT_)
PF_BOX_SUM_(pf_box_diagonal_, PF_BOX_SELF_)

/* scale = 1/D */
#define PF_REAL_ARGS_box_scale(T, IN, OUT, VAR, VAL) IN(T, a) IN(T, m) OUT(T, scale) VAL(int, cells) VAL(int, half)
PF_REAL_ARGS(box_scale);
PF_REAL_CELL(void, box_scale) {
  const PF_REAL d = k->m[at.c] + PF_OF_REAL(pf_box_diagonal_)(k->a, k->cells, k->half, k->m, at);
  k->scale[at.c] = d > 0 ? 1 / d : 0;
}

/* Gauss-Seidel in four (2-D) or eight (3-D) colours.  Rows two apart know nothing of each other: they are swept in red
 * and black together, rows first, first + 2, ... of each direction in turn (host/boxmg.c). */
// clang-format off
#define PF_REAL_ARGS_box_relax(T, IN, OUT, VAR, VAL) \
  IN(T, a) IN(T, scale) IN(T, b) VAR(T, u) VAL(pf_box_rows, rows) VAL(int, nx)
// clang-format on
PF_REAL_ARGS(box_relax);
PF_REAL_CELL(void, box_relax) {
  const pf_box_rows *r = &k->rows;
  const ptrdiff_t nx = k->nx, plane = nx * r->ny;
  const int y = r->y + 2 * at.j, z = r->z + 2 * at.k;
  at.c = z * plane + y * nx + at.i;
  at.ym = y > 0 ? -nx : plane - nx;
  at.yp = y < r->ny - 1 ? nx : nx - plane;
  at.zm = z > 0 ? -plane : plane * (r->nz - 1);
  at.zp = z < r->nz - 1 ? plane : -plane * (r->nz - 1);
  k->u[at.c] = (k->b[at.c] + PF_OF_REAL(pf_box_flow_)(k->a, r->cells, r->half, k->u, at)) * k->scale[at.c];
}

/* r = b - A u */
// clang-format off
#define PF_REAL_ARGS_box_residual(T, IN, OUT, VAR, VAL) \
  IN(T, a) IN(T, m) IN(T, b) IN(T, u) OUT(T, r) VAL(int, cells) VAL(int, half)
// clang-format on
PF_REAL_ARGS(box_residual);
PF_REAL_CELL(void, box_residual) {
  const ptrdiff_t c = at.c;
  k->r[c] = k->b[c] - (PF_OF_REAL(pf_box_out_)(k->a, k->cells, k->half, k->u, at) + k->m[c] * k->u[c]);
}

/* Coarse b = P^T r */
#define PF_REAL_ARGS_box_restrict(T, IN, OUT, VAR, VAL) IN(T, p) IN(T, r) OUT(T, b) VAL(pf_box_shape, shape)
PF_REAL_ARGS(box_restrict);
PF_REAL_CELL(void, box_restrict) {
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2], nx = s->n[0];
  const int up_x = 2 * at.i + 1 < s->n[0], low_x = at.i > 0;
  PF_REAL sum = 0;
  for (int dz = -(s->n[2] > 1); dz <= (s->n[2] > 1); dz++)
    for (int dy = -(s->n[1] > 1); dy <= (s->n[1] > 1); dy++) {
      /* where there is no such cell p is 0 */
      const ptrdiff_t y = pf_box_wrap(2 * at.j + dy, s->n[1]), z = pf_box_wrap(2 * at.k + dz, s->n[2]);
      const PF_REAL *r = k->r + ((z * s->n[1] + y) * nx + 2 * at.i);
      const PF_REAL *p = k->p + (pf_box_number(0, dy, dz) - 13 + s->half) * cells + at.c;
      sum += p[0] * r[0] + (low_x ? p[-cells] * r[-1] : 0) + (up_x ? p[cells] * r[1] : 0);
    }
  k->b[at.c] = sum;
}

/* Fine u += P cu */
#define PF_REAL_ARGS_box_prolong(T, IN, OUT, VAR, VAL) IN(T, p) IN(T, cu) VAR(T, u) VAL(pf_box_shape, shape)
PF_REAL_ARGS(box_prolong);
PF_REAL_CELL(void, box_prolong) {
  const pf_box_shape *s = &k->shape;
  const ptrdiff_t cells = (ptrdiff_t)s->coarse[0] * s->coarse[1] * s->coarse[2];
  const int odd[3] = {at.i & 1, at.j & 1, at.k & 1};
  PF_REAL sum = 0;
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
