/* real_block.h: the kernels of cell_block.h: product, cycle and set-up of its levels.
 *
 * pf_real.h says how this file is read: twice, with PF_REAL float and double. */

/* Row sums without the cell's own values (off) and the 2 x 2 block of the cell itself (d). */
typedef struct PF_OF_REAL(pf_block_row_) {
  PF_REAL off0, off1, d00, d01, d10, d11;
} PF_OF_REAL(pf_block_row_);

/* Adds the face at the lower side of c (stored at c, neighbour m) and the one at its upper side (stored at its
 * neighbour p). */
PF_CELL PF_OF_REAL(pf_block_row_) PF_OF_REAL(pf_block_lower_)(PF_OF_REAL(pf_block_row_) r, const PF_REAL *f,
                                                              const PF_REAL *x, ptrdiff_t n, ptrdiff_t c, ptrdiff_t m) {
  const PF_REAL jp = f[PF_JP * n + c], np = f[PF_NP * n + c], phi = x[m], s = x[n + m];
  r.off0 += jp * phi - f[PF_JL * n + c] * s;
  r.off1 += np * phi - f[PF_NL * n + c] * s;
  r.d00 -= jp;
  r.d10 -= np;
  r.d01 -= f[PF_JR * n + c];
  r.d11 -= f[PF_NR * n + c];
  return r;
}
PF_CELL PF_OF_REAL(pf_block_row_) PF_OF_REAL(pf_block_upper_)(PF_OF_REAL(pf_block_row_) r, const PF_REAL *f,
                                                              const PF_REAL *x, ptrdiff_t n, ptrdiff_t p) {
  const PF_REAL jp = f[PF_JP * n + p], np = f[PF_NP * n + p], phi = x[p], s = x[n + p];
  r.off0 += jp * phi + f[PF_JR * n + p] * s;
  r.off1 += np * phi + f[PF_NR * n + p] * s;
  r.d00 -= jp;
  r.d10 -= np;
  r.d01 += f[PF_JL * n + p];
  r.d11 += f[PF_NL * n + p];
  return r;
}

PF_CELL PF_OF_REAL(pf_block_row_)
    PF_OF_REAL(pf_block_row_of_)(const PF_REAL *fx, const PF_REAL *fy, const PF_REAL *fz, const PF_REAL *own,
                                 const PF_REAL *x, ptrdiff_t n, pf_at at) {
  const ptrdiff_t c = at.c;
  PF_OF_REAL(pf_block_row_) r = {0, 0, own[c], own[n + c], own[2 * n + c], own[3 * n + c]};
  if (at.xm) r = PF_OF_REAL(pf_block_lower_)(r, fx, x, n, c, c + at.xm);
  if (at.xp) r = PF_OF_REAL(pf_block_upper_)(r, fx, x, n, c + at.xp);
  if (fy) {
    r = PF_OF_REAL(pf_block_lower_)(r, fy, x, n, c, c + at.ym);
    r = PF_OF_REAL(pf_block_upper_)(r, fy, x, n, c + at.yp);
  }
  if (fz) {
    r = PF_OF_REAL(pf_block_lower_)(r, fz, x, n, c, c + at.zm);
    r = PF_OF_REAL(pf_block_upper_)(r, fz, x, n, c + at.zp);
  }
  return r;
}

/* y = b - A x */
#define PF_REAL_ARGS_block_residual(T, IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(T, IN, VAL) IN(T, b) IN(T, x) OUT(T, y)
PF_REAL_ARGS(block_residual);
PF_REAL_CELL(void, block_residual) {
  const ptrdiff_t n = k->cells, c = at.c;
  const PF_OF_REAL(pf_block_row_) row = PF_OF_REAL(pf_block_row_of_)(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const PF_REAL phi = k->x[c], s = k->x[n + c];
  k->y[c] = k->b[c] - (row.off0 + row.d00 * phi + row.d01 * s);
  k->y[n + c] = k->b[n + c] - (row.off1 + row.d10 * phi + row.d11 * s);
}
/* y = A x */
#define PF_REAL_ARGS_block_apply(T, IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(T, IN, VAL) IN(T, x) OUT(T, y)
PF_REAL_ARGS(block_apply);
PF_REAL_CELL(void, block_apply) {
  const ptrdiff_t n = k->cells, c = at.c;
  const PF_OF_REAL(pf_block_row_) row = PF_OF_REAL(pf_block_row_of_)(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const PF_REAL phi = k->x[c], s = k->x[n + c];
  k->y[c] = row.off0 + row.d00 * phi + row.d01 * s;
  k->y[n + c] = row.off1 + row.d10 * phi + row.d11 * s;
}

/* The same, and y . v_0 ... y . v_3 (sums): the next vector of GMRES meets the basis while it is made. */
// clang-format off
#define PF_REAL_ARGS_block_product(T, IN, OUT, VAR, VAL) \
  PF_BLOCK_SYSTEM(T, IN, VAL) IN(T, x) IN(T, v0) IN(T, v1) IN(T, v2) IN(T, v3) OUT(T, y)
// clang-format on
PF_REAL_ARGS(block_product);
PF_REAL_CELL(pf_sums, block_product) {
  const ptrdiff_t n = k->cells, c = at.c;
  const PF_OF_REAL(pf_block_row_) row = PF_OF_REAL(pf_block_row_of_)(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const PF_REAL phi = k->x[c], s = k->x[n + c];
  const PF_REAL p = row.off0 + row.d00 * phi + row.d01 * s, q = row.off1 + row.d10 * phi + row.d11 * s;
  k->y[c] = p;
  k->y[n + c] = q;
  const double a = (double)p, b = (double)q;
  const pf_sums r = {{a * (double)k->v0[c] + b * (double)k->v0[n + c], a * (double)k->v1[c] + b * (double)k->v1[n + c],
                      a * (double)k->v2[c] + b * (double)k->v2[n + c],
                      a * (double)k->v3[c] + b * (double)k->v3[n + c]}};
  return r;
}

/* Collective Gauss-Seidel: both unknowns of a cell at once. */
#define PF_REAL_ARGS_block_relax(T, IN, OUT, VAR, VAL) PF_BLOCK_SYSTEM(T, IN, VAL) IN(T, b) VAR(T, x)
PF_REAL_ARGS(block_relax);
PF_REAL_CELL(void, block_relax) {
  const ptrdiff_t n = k->cells, c = at.c;
  const PF_OF_REAL(pf_block_row_) row = PF_OF_REAL(pf_block_row_of_)(k->fx, k->fy, k->fz, k->own, k->x, n, at);
  const PF_REAL r0 = k->b[c] - row.off0, r1 = k->b[n + c] - row.off1;
  /* by elimination: the product of two derivatives of a far-off Newton iterate leaves the range of single precision */
  const PF_REAL pivot = 1 / row.d00, ratio = row.d10 * pivot;
  const PF_REAL s = (r1 - ratio * r0) / (row.d11 - ratio * row.d01);
  k->x[c] = pivot * (r0 - row.d01 * s);
  k->x[n + c] = s;
}

/* The fine cells of a coarse one: the first, the steps to the others, and 1 or 0 for those that are there. */
typedef struct PF_OF_REAL(pf_children_) {
  ptrdiff_t first, x, y, z;
  PF_REAL on_x, on_y, on_z;
} PF_OF_REAL(pf_children_);
PF_CELL PF_OF_REAL(pf_children_) PF_OF_REAL(pf_children_of_)(const pf_coarsening *t, pf_at at) {
  const int i = at.i * t->sx, j = at.j * t->sy, k = at.k * t->sz;
  const ptrdiff_t nx = t->nx, plane = nx * t->ny;
  PF_OF_REAL(pf_children_) c;
  c.first = k * plane + j * nx + i;
  const int x = t->sx == 2 && i + 1 < t->nx, y = t->sy == 2 && j + 1 < t->ny, z = t->sz == 2 && k + 1 < t->nz;
  c.x = x;
  c.y = y ? nx : 0;
  c.z = z ? plane : 0;
  c.on_x = x ? 1.0 : 0.0;
  c.on_y = y ? 1.0 : 0.0;
  c.on_z = z ? 1.0 : 0.0;
  return c;
}
/* Sums of f over pairs, squares and cubes of children; `flat`: the third direction has no second child anywhere. */
PF_CELL PF_REAL PF_OF_REAL(pf_sum_pair_)(const PF_REAL *f, ptrdiff_t c, ptrdiff_t step, PF_REAL on) {
  return f[c] + on * f[c + step];
}
PF_CELL PF_REAL PF_OF_REAL(pf_sum_square_)(const PF_REAL *f, ptrdiff_t c, ptrdiff_t a, PF_REAL on_a, ptrdiff_t b,
                                           PF_REAL on_b) {
  return PF_OF_REAL(pf_sum_pair_)(f, c, a, on_a) + on_b * PF_OF_REAL(pf_sum_pair_)(f, c + b, a, on_a);
}
PF_CELL PF_REAL PF_OF_REAL(pf_sum_children_)(const PF_REAL *f, const PF_OF_REAL(pf_children_) * c, int flat) {
  const PF_REAL sum = PF_OF_REAL(pf_sum_square_)(f, c->first, c->x, c->on_x, c->y, c->on_y);
  return flat ? sum : sum + c->on_z * PF_OF_REAL(pf_sum_square_)(f, c->first + c->z, c->x, c->on_x, c->y, c->on_y);
}

// clang-format off
#define PF_REAL_ARGS_block_restrict(T, IN, OUT, VAR, VAL) \
  IN(T, fine) OUT(T, coarse) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells)
// clang-format on
PF_REAL_ARGS(block_restrict);
PF_REAL_CELL(void, block_restrict) {
  const ptrdiff_t n = (ptrdiff_t)k->to.nx * k->to.ny * k->to.nz;
  const PF_OF_REAL(pf_children_) c = PF_OF_REAL(pf_children_of_)(&k->to, at);
  const int flat = k->to.sz == 1;
  k->coarse[at.c] = PF_OF_REAL(pf_sum_children_)(k->fine, &c, flat);
  k->coarse[k->cells + at.c] = PF_OF_REAL(pf_sum_children_)(k->fine + n, &c, flat);
}

// clang-format off
#define PF_REAL_ARGS_block_prolong(T, IN, OUT, VAR, VAL)                                                               \
  VAR(T, fine) IN(T, coarse) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells) VAL(ptrdiff_t, coarse_cells) \
  VAL(int, coarse_nx) VAL(int, coarse_ny)
// clang-format on
PF_REAL_ARGS(block_prolong);
PF_REAL_CELL(void, block_prolong) {
  const pf_coarsening t = k->to;
  const int j = at.j >> (t.sy - 1), l = at.k >> (t.sz - 1);
  const ptrdiff_t p = ((ptrdiff_t)l * k->coarse_ny + j) * k->coarse_nx + (at.i >> (t.sx - 1));
  k->fine[at.c] += k->coarse[p];
  k->fine[k->cells + at.c] += k->coarse[k->coarse_cells + p];
}

/* Coarse operator: own parts are summed, faces summed; their diffusive part (the coefficient of a difference) is
 * divided by the longer distance, their advective part (that of a mean) is not; where advection would outweigh
 * diffusion on the coarser grid, diffusion is raised to it.  One coarse cell collects the faces at its lower side. */
PF_CELL void PF_OF_REAL(pf_block_coarse_face_)(const PF_REAL *fine, PF_REAL *coarse, ptrdiff_t n, ptrdiff_t cells,
                                               ptrdiff_t c, ptrdiff_t first, ptrdiff_t a, PF_REAL on_a, ptrdiff_t b,
                                               PF_REAL on_b, PF_REAL per) {
  PF_REAL part[PF_FACE_PARTS];
  for (int q = 0; q < PF_FACE_PARTS; q++) part[q] = PF_OF_REAL(pf_sum_square_)(fine + q * n, first, a, on_a, b, on_b);
  for (int row = 0; row < 2; row++) {
    const int p = 3 * row;
    const PF_REAL slope = (PF_REAL)0.5 * (part[p + 2] - part[p + 1]) * per,
                  mean = (PF_REAL)0.5 * (part[p + 2] + part[p + 1]);
    const PF_REAL least = mean < 0 ? mean : -mean;
    const PF_REAL safe = row == 1 && slope > least ? least : slope; /* anions: slope <= -|mean| */
    coarse[p * cells + c] = part[p] * per;
    coarse[(p + 1) * cells + c] = mean - safe;
    coarse[(p + 2) * cells + c] = mean + safe;
  }
}

// clang-format off
#define PF_REAL_ARGS_block_coarsen(T, IN, OUT, VAR, VAL)                                                        \
  IN(T, fx) IN(T, fy) IN(T, fz) IN(T, own) OUT(T, cx) OUT(T, cy) OUT(T, cz) \
  OUT(T, cown) VAL(pf_coarsening, to) VAL(ptrdiff_t, cells)
// clang-format on
PF_REAL_ARGS(block_coarsen);
PF_REAL_CELL(void, block_coarsen) {
  const pf_coarsening t = k->to;
  const ptrdiff_t n = (ptrdiff_t)t.nx * t.ny * t.nz, cells = k->cells, c = at.c;
  const PF_OF_REAL(pf_children_) f = PF_OF_REAL(pf_children_of_)(&k->to, at);
  const PF_REAL x = 1 / (PF_REAL)t.sx, y = 1 / (PF_REAL)t.sy, z = 1 / (PF_REAL)t.sz;
  PF_OF_REAL(pf_block_coarse_face_)(k->fx, k->cx, n, cells, c, f.first, f.y, f.on_y, f.z, f.on_z, x);
  if (k->cy) PF_OF_REAL(pf_block_coarse_face_)(k->fy, k->cy, n, cells, c, f.first, f.x, f.on_x, f.z, f.on_z, y);
  if (k->cz) PF_OF_REAL(pf_block_coarse_face_)(k->fz, k->cz, n, cells, c, f.first, f.x, f.on_x, f.y, f.on_y, z);
  for (int q = 0; q < 4; q++) k->cown[q * cells + c] = PF_OF_REAL(pf_sum_children_)(k->own + q * n, &f, t.sz == 1);
}

/* x = inverse b on the coarsest level, inverse [2 cells][2 cells]. */
#define PF_REAL_ARGS_block_coarsest(T, IN, OUT, VAR, VAL) IN(T, inverse) IN(T, b) OUT(T, x) VAL(int, cells)
PF_REAL_ARGS(block_coarsest);
PF_REAL_CELL(void, block_coarsest) {
  const int n = 2 * k->cells;
  for (int half = 0; half < 2; half++) {
    const ptrdiff_t row = at.c + half * k->cells;
    PF_REAL sum = 0;
    for (int q = 0; q < n; q++) sum += k->inverse[row * n + q] * k->b[q];
    k->x[row] = sum;
  }
}

#define PF_REAL_ARGS_block_fill(T, IN, OUT, VAR, VAL) OUT(T, x) VAL(T, a) VAL(ptrdiff_t, cells)
PF_REAL_ARGS(block_fill);
PF_REAL_CELL(void, block_fill) { k->x[at.c] = k->x[k->cells + at.c] = k->a; }
