#include "krylov.h"

#include <math.h>

#include "real.h"

/* Numbers of an iteration, one column a part: the dots of the new vector with the basis, four at a time, its square once it
 * is orthogonal to it, and (of the first part only) the factor that gives it the length 1. */
enum { FOURS = (PF_KRYLOV_MOST + 3) / 4, SQUARE = 4 * FOURS, FACTOR = SQUARE + PF_SUMS, COLUMN = FACTOR + 1 };

pf_status pf_space_create(pf_space *s) {
  return s->backend->allocate(s->backend, PF_KRYLOV_PARTS * COLUMN * sizeof(double), (void **)&s->numbers);
}

void pf_space_destroy(pf_space *s) {
  if (s->backend) s->backend->release(s->backend, s->numbers);
}

pf_status pf_vector_create(const pf_space *s, pf_vector *x) {
  for (int p = 0; p < s->parts; p++) PF_TRY(pf_real_allocate(s->wide, s->backend, pf_cells(&s->grid[p]), &x->part[p]));
  return PF_OK;
}

void pf_vector_destroy(const pf_space *s, pf_vector *x) {
  for (int p = 0; p < s->parts; p++) s->backend->release(s->backend, x->part[p]);
}

pf_status pf_vector_from_float(const pf_space *s, const pf_vector *x, const pf_vector *y) {
  for (int p = 0; p < s->parts; p++)
    PF_TRY(pf_real_from_float(s->wide, s->backend, &s->grid[p], x->part[p], y->part[p]));
  return PF_OK;
}

pf_status pf_vector_to_float(const pf_space *s, const pf_vector *x, const pf_vector *y) {
  for (int p = 0; p < s->parts; p++) PF_TRY(pf_real_to_float(s->wide, s->backend, &s->grid[p], x->part[p], y->part[p]));
  return PF_OK;
}

pf_status pf_vector_zero(const pf_space *s, const pf_vector *x) {
  for (int p = 0; p < s->parts; p++)
    PF_TRY(PF_REAL_MAP(s->wide, s->backend, many_fill, &s->grid[p], .x = x->part[p], .a = 0));
  return PF_OK;
}

pf_status pf_vector_rest(const pf_space *s, const pf_vector *b, const pf_vector *y) {
  for (int p = 0; p < s->parts; p++)
    PF_TRY(PF_REAL_MAP(s->wide, s->backend, many_rest, &s->grid[p], .x = b->part[p], .y = y->part[p]));
  return PF_OK;
}

pf_status pf_vector_norm(const pf_space *s, const pf_vector *x, double *norm) {
  double square = 0, sums[PF_SUMS];
  for (int p = 0; p < s->parts; p++) {
    PF_TRY(PF_REAL_SUM(s->wide, s->backend, many_dots, &s->grid[p], sums, .x = x->part[p], .y0 = x->part[p],
                       .y1 = x->part[p], .y2 = x->part[p], .y3 = x->part[p]));
    square += sums[0];
  }
  *norm = sqrt(square);
  PF_CHECK(isfinite(*norm), PF_FAILED, "the linear system of %s holds a value that is not finite", s->of);
  return PF_OK;
}

/* Part p of vector q, NULL where there is none. */
static void *part_of(const pf_vector *x, int q, int count, int p) { return q < count ? x[q].part[p] : NULL; }

static int least(int a, int b) { return a < b ? a : b; }

/* The numbers n[q] ... n[q + 3] of a part: dots of w with the basis; four vectors, the last once more where there are fewer:
 * nobody asks for those. */
#define PLACE(s, p, q) ((s)->numbers + (p)*COLUMN + (q))
#define FOUR(v, q, count, p, first)                                               \
  .first##0 = (v)[q].part[p], .first##1 = (v)[least((q) + 1, (count)-1)].part[p], \
  .first##2 = (v)[least((q) + 2, (count)-1)].part[p], .first##3 = (v)[least((q) + 3, (count)-1)].part[p]

/* y += sign (n[0] x[0] + ... + n[count - 1] x[count - 1]), n: numbers of the backend, those of all parts added; the square
 * of each part is left in its column.  meets (sign = -1): each pass makes the numbers of the next one. */
static pf_status combine(const pf_space *s, const pf_vector *y, const pf_vector *x, int count, double sign,
                         bool meets) {
  for (int q = 0; q < count; q += 4)
    for (int p = 0; p < s->parts; p++) {
      const int at_2 = s->parts > 1 ? COLUMN + q : 0;
      if (meets && q + 4 < count) {
        PF_TRY(PF_REAL_TOTAL(s->wide, s->backend, many_meet, &s->grid[p], PLACE(s, p, q + 4), .y = y->part[p],
                             FOUR(x, q, count, p, x), FOUR(x, q + 4, count, p, v), .numbers = s->numbers, .at = q,
                             .at_2 = at_2));
        continue;
      }
      PF_TRY(PF_REAL_TOTAL(s->wide, s->backend, many_combine, &s->grid[p], PLACE(s, p, SQUARE), .y = y->part[p],
                           .x0 = part_of(x, q, count, p), .x1 = part_of(x, q + 1, count, p),
                           .x2 = part_of(x, q + 2, count, p), .x3 = part_of(x, q + 3, count, p), .numbers = s->numbers,
                           .at = q, .at_2 = at_2, .sign = sign));
    }
  return PF_OK;
}

/* ---- GMRES ---- */

pf_status pf_gmres_begin(const pf_space *s, pf_gmres *k, const pf_vector *r, double residual, const pf_vector *v) {
  k->m = 0;
  k->g[0] = k->residual = residual;
  for (int p = 0; p < s->parts; p++)
    PF_TRY(PF_REAL_MAP(s->wide, s->backend, many_scaled, &s->grid[p], .x = r->part[p], .y = v->part[p],
                       .a = 1 / residual));
  return PF_OK;
}

pf_status pf_gmres_extend(const pf_space *s, const pf_gmres *k, const pf_vector *v, int met) {
  static const pf_grid one = {1, 1, 1, 1};
  pf_backend *b = s->backend;
  const int count = k->m + 1;
  const pf_vector *w = &v[count];
  PF_CHECK(k->m < PF_KRYLOV_MOST, PF_FAILED, "a Krylov basis of more than %d vectors", PF_KRYLOV_MOST);
  for (int q = met; q < (b->launches ? least(4, count) : count); q += 4)
    for (int p = 0; p < s->parts; p++)
      PF_TRY(
          PF_REAL_TOTAL(s->wide, b, many_dots, &s->grid[p], PLACE(s, p, q), .x = w->part[p], FOUR(v, q, count, p, y)));
  PF_TRY(combine(s, w, v, count, -1, b->launches));
  PF_TRY(PF_MAP(b, many_factor, &one, .numbers = s->numbers, .at = SQUARE, .at_2 = s->parts > 1 ? COLUMN + SQUARE : 0,
                .to = FACTOR));
  for (int p = 0; p < s->parts; p++)
    PF_TRY(PF_REAL_MAP(s->wide, b, many_times, &s->grid[p], .x = w->part[p], .numbers = s->numbers, .at = FACTOR));
  return PF_OK;
}

pf_status pf_gmres_take(const pf_space *s, pf_gmres *k) {
  const int m = k->m;
  double number[PF_KRYLOV_PARTS][COLUMN] = {{0}}, column[PF_KRYLOV_MOST + 1];
  PF_TRY(s->backend->download(s->backend, number, s->numbers, (size_t)s->parts * sizeof *number));
  for (int q = 0; q <= m; q++) column[q] = number[0][q] + number[1][q];
  const double length = sqrt(number[0][SQUARE] + number[1][SQUARE]);
  PF_CHECK(isfinite(length), PF_FAILED, "the linear system of %s holds a value that is not finite", s->of);
  for (int q = 0; q < m; q++) { /* the rotations so far */
    const double t = k->cosine[q] * column[q] + k->sine[q] * column[q + 1];
    column[q + 1] = -k->sine[q] * column[q] + k->cosine[q] * column[q + 1];
    column[q] = t;
  }
  const double root = hypot(column[m], length); /* and one that takes `length` away */
  k->cosine[m] = root > 0 ? column[m] / root : 1;
  k->sine[m] = root > 0 ? length / root : 0;
  column[m] = root;
  for (int q = 0; q <= m; q++) k->h[q][m] = column[q];
  k->g[m + 1] = -k->sine[m] * k->g[m];
  k->g[m] *= k->cosine[m];
  k->residual = fabs(k->g[m + 1]);
  k->m = m + 1;
  return PF_OK;
}

pf_status pf_gmres_correct(const pf_space *s, const pf_gmres *k, const pf_vector *z, const pf_vector *x) {
  double y[PF_KRYLOV_PARTS][COLUMN] = {{0}};
  for (int q = k->m - 1; q >= 0; q--) {
    y[0][q] = k->g[q];
    for (int p = q + 1; p < k->m; p++) y[0][q] -= k->h[q][p] * y[0][p];
    y[0][q] = fabs(k->h[q][q]) > 0 ? y[0][q] / k->h[q][q] : 0;
  }
  PF_TRY(s->backend->upload(s->backend, s->numbers, y, (size_t)s->parts * sizeof *y));
  return combine(s, x, z, k->m, 1, false);
}
