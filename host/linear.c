#include "linear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "krylov.h"
#include "mg_plan.h"
#include "real.h"

enum {
  BASIS = 8, /* Krylov vectors between restarts */
  TWICE_FROM =
      2, /* levels that visit the next coarser one twice: the number of cycles hardly grows with the grid then */
  TWICE_TO = 4,
};

typedef struct level {
  pf_grid grid;
  ptrdiff_t cells;
  pf_coarsening to;         /* how the next coarser level collects this one */
  void *fx, *fy, *fz, *own; /* of the solver's precision, as all here */
  void *x, *b, *r;          /* [2][cells]; the finest level has r only */
} level;

struct pf_linear {
  pf_backend *backend;
  bool wide; /* in double precision */
  int levels;
  level level[PF_MG_LEVELS_MAX];
  void *inverse;                    /* [2 n][2 n] of the coarsest level */
  pf_space space;                   /* of vectors [2][cells] */
  pf_vector v[BASIS + 1], z[BASIS]; /* v[BASIS]: the finest level's r */
  pf_linear_system system;          /* single precision: the finest level's, or arrays of its own */
  pf_vector right, solution;        /* in double precision: what is handed over in single */
  double *dense, *identity;         /* host, [2 n][2 n] */
  double *host;                     /* host, parts of the coarsest level */
};

static pf_status numbers(pf_linear *s, ptrdiff_t count, void **array) {
  return pf_real_allocate(s->wide, s->backend, count, array);
}

static pf_status floats(pf_linear *s, ptrdiff_t count, float **array) {
  return s->backend->allocate(s->backend, (size_t)count * sizeof(float), (void **)array);
}

/* The system that is handed over. */
static pf_status create_system(pf_linear *s) {
  const level *a = &s->level[0];
  pf_linear_system *f = &s->system;
  PF_TRY(floats(s, 2 * a->cells, &f->rhs));
  if (!s->wide) {
    f->fx = a->fx, f->fy = a->fy, f->fz = a->fz, f->own = a->own;
    return PF_OK;
  }
  PF_TRY(floats(s, PF_FACE_PARTS * a->cells, &f->fx));
  if (a->fy) PF_TRY(floats(s, PF_FACE_PARTS * a->cells, &f->fy));
  if (a->fz) PF_TRY(floats(s, PF_FACE_PARTS * a->cells, &f->fz));
  PF_TRY(floats(s, 4 * a->cells, &f->own));
  PF_TRY(pf_vector_create(&s->space, &s->right));
  return pf_vector_create(&s->space, &s->solution);
}

static pf_status create(pf_linear *s, const pf_grid *grid) {
  pf_grid grids[PF_MG_LEVELS_MAX];
  int factor[PF_MG_LEVELS_MAX][3];
  PF_TRY(pf_mg_plan(grid, grids, factor, &s->levels));
  for (int l = 0; l < s->levels; l++) {
    level *a = &s->level[l];
    a->grid = grids[l];
    const ptrdiff_t n = a->cells = pf_cells(&a->grid);
    if (l + 1 < s->levels)
      a->to = (pf_coarsening){a->grid.nx, a->grid.ny, a->grid.nz, factor[l][0], factor[l][1], factor[l][2]};
    PF_TRY(numbers(s, PF_FACE_PARTS * n, &a->fx));
    if (a->grid.ny > 1) PF_TRY(numbers(s, PF_FACE_PARTS * n, &a->fy));
    if (a->grid.nz > 1) PF_TRY(numbers(s, PF_FACE_PARTS * n, &a->fz));
    PF_TRY(numbers(s, 4 * n, &a->own));
    PF_TRY(numbers(s, 2 * n, &a->r));
    if (l > 0) {
      PF_TRY(numbers(s, 2 * n, &a->x));
      PF_TRY(numbers(s, 2 * n, &a->b));
    }
  }
  const level *coarsest = &s->level[s->levels - 1];
  const size_t n = 2 * (size_t)coarsest->cells;
  PF_TRY(numbers(s, (ptrdiff_t)(n * n), &s->inverse));
  s->dense = calloc(n * n, sizeof(double));
  s->identity = calloc(n * n, sizeof(double));
  s->host = malloc((3 * PF_FACE_PARTS + 4) * (size_t)coarsest->cells * sizeof(double));
  PF_CHECK(s->dense && s->identity && s->host, PF_NO_MEMORY, "no memory for the coarsest level");
  s->space =
      (pf_space){.backend = s->backend, .wide = s->wide, .of = "potential and salt", .parts = 1, .grid = {*grid}};
  s->space.grid[0].nz *= 2;
  PF_TRY(pf_space_create(&s->space));
  for (int q = 0; q < BASIS; q++) {
    PF_TRY(pf_vector_create(&s->space, &s->v[q]));
    PF_TRY(pf_vector_create(&s->space, &s->z[q]));
  }
  s->v[BASIS].part[0] = s->level[0].r;
  return create_system(s);
}

pf_status pf_linear_create(pf_backend *backend, const pf_grid *grid, bool wide, pf_linear **linear) {
  pf_linear *s = calloc(1, sizeof *s);
  PF_CHECK(s, PF_NO_MEMORY, "no memory for the linear solver");
  s->backend = backend;
  s->wide = wide;
  *linear = s;
  return create(s, grid);
}

void pf_linear_destroy(pf_linear *s) {
  if (!s) return;
  pf_backend *b = s->backend;
  for (int l = 0; l < s->levels; l++) {
    const level *a = &s->level[l];
    void *arrays[] = {a->fx, a->fy, a->fz, a->own, a->x, a->b, a->r};
    for (size_t q = 0; q < sizeof arrays / sizeof *arrays; q++) b->release(b, arrays[q]);
  }
  for (int q = 0; q < BASIS; q++) pf_vector_destroy(&s->space, &s->v[q]), pf_vector_destroy(&s->space, &s->z[q]);
  pf_space_destroy(&s->space);
  b->release(b, s->inverse);
  b->release(b, s->system.rhs);
  if (s->wide) {
    float *arrays[] = {s->system.fx, s->system.fy, s->system.fz, s->system.own};
    for (size_t q = 0; q < sizeof arrays / sizeof *arrays; q++) b->release(b, arrays[q]);
    pf_vector_destroy(&s->space, &s->right), pf_vector_destroy(&s->space, &s->solution);
  }
  free(s->dense), free(s->identity), free(s->host);
  free(s);
}

double pf_linear_bytes(const pf_grid *grid, bool wide) {
  pf_grid grids[PF_MG_LEVELS_MAX];
  int factor[PF_MG_LEVELS_MAX][3], levels;
  if (pf_mg_plan(grid, grids, factor, &levels) != PF_OK) return 0;
  const double cells = (double)pf_cells(grid), system = PF_FACE_PARTS * pf_dimensions(grid) + 4;
  double numbers = (4.0 * BASIS + (wide ? 4 : 0)) * cells;
  for (int l = 0; l < levels; l++) numbers += (double)pf_cells(&grids[l]) * (system + 2 + (l > 0 ? 4 : 0));
  return (double)pf_real_bytes(wide) * numbers + sizeof(float) * cells * (2 + (wide ? system : 0));
}

pf_linear_system *pf_linear_finest(pf_linear *s) { return &s->system; }

/* ---- The coarsest level ---- */

static void add_face(double *dense, ptrdiff_t n, ptrdiff_t l, ptrdiff_t r, const double *f, ptrdiff_t c) {
  if (l == r) return;
  const ptrdiff_t size = 2 * n;
  for (int row = 0; row < 2; row++) {
    const double p = f[(3 * row) * n + c], s_l = f[(3 * row + 1) * n + c], s_r = f[(3 * row + 2) * n + c];
    double *at_l = dense + (l + row * n) * size, *at_r = dense + (r + row * n) * size;
    at_l[l] -= p, at_l[r] += p, at_l[n + l] += s_l, at_l[n + r] += s_r;
    at_r[l] += p, at_r[r] -= p, at_r[n + l] -= s_l, at_r[n + r] -= s_r;
  }
}

/* inverse of a [size][size] by Gauss-Jordan elimination with row pivots; a is destroyed */
static pf_status invert(double *a, double *inverse, ptrdiff_t size) {
  for (ptrdiff_t i = 0; i < size * size; i++) inverse[i] = 0;
  for (ptrdiff_t i = 0; i < size; i++) inverse[i * size + i] = 1;
  for (ptrdiff_t c = 0; c < size; c++) {
    ptrdiff_t pivot = c;
    for (ptrdiff_t r = c + 1; r < size; r++)
      if (fabs(a[r * size + c]) > fabs(a[pivot * size + c])) pivot = r;
    const double top = a[pivot * size + c];
    PF_CHECK(fabs(top) > 0 && isfinite(top), PF_FAILED, "the linear system of potential and salt is singular");
    for (ptrdiff_t q = 0; q < size && pivot != c; q++) {
      double t = a[c * size + q];
      a[c * size + q] = a[pivot * size + q], a[pivot * size + q] = t;
      t = inverse[c * size + q];
      inverse[c * size + q] = inverse[pivot * size + q], inverse[pivot * size + q] = t;
    }
    const double scale = 1 / top;
    for (ptrdiff_t q = 0; q < size; q++) a[c * size + q] *= scale, inverse[c * size + q] *= scale;
    for (ptrdiff_t r = 0; r < size; r++) {
      const double by = a[r * size + c];
      if (r == c || !(fabs(by) > 0)) continue;
      for (ptrdiff_t q = 0; q < size; q++) {
        a[r * size + q] -= by * a[c * size + q];
        inverse[r * size + q] -= by * inverse[c * size + q];
      }
    }
  }
  return PF_OK;
}

static pf_status set_coarsest(pf_linear *s) {
  pf_backend *b = s->backend;
  const level *a = &s->level[s->levels - 1];
  const ptrdiff_t n = a->cells, size = 2 * n;
  double *fx = s->host, *fy = fx + PF_FACE_PARTS * n, *fz = fy + PF_FACE_PARTS * n, *own = fz + PF_FACE_PARTS * n;
  PF_TRY(pf_real_download(s->wide, b, fx, a->fx, PF_FACE_PARTS * n));
  if (a->fy) PF_TRY(pf_real_download(s->wide, b, fy, a->fy, PF_FACE_PARTS * n));
  if (a->fz) PF_TRY(pf_real_download(s->wide, b, fz, a->fz, PF_FACE_PARTS * n));
  PF_TRY(pf_real_download(s->wide, b, own, a->own, 4 * n));
  memset(s->dense, 0, (size_t)(size * size) * sizeof(double));
  for (ptrdiff_t row = 0; row < pf_rows(&a->grid); row++) {
    for (int i = 0; i < a->grid.nx; i++) {
      const pf_at at = pf_at_cell(&a->grid, row, i);
      const ptrdiff_t c = at.c;
      for (int q = 0; q < 4; q++) s->dense[(c + q / 2 * n) * size + c + q % 2 * n] += own[q * n + c];
      add_face(s->dense, n, c + at.xm, c, fx, c);
      if (a->fy) add_face(s->dense, n, c + at.ym, c, fy, c);
      if (a->fz) add_face(s->dense, n, c + at.zm, c, fz, c);
    }
  }
  PF_TRY(invert(s->dense, s->identity, size));
  if (s->wide) return b->upload(b, s->inverse, s->identity, (size_t)(size * size) * sizeof(double));
  float *inverse = (float *)s->dense; /* in single precision, in the first half of the room */
  for (ptrdiff_t q = 0; q < size * size; q++) inverse[q] = (float)s->identity[q];
  return b->upload(b, s->inverse, inverse, (size_t)(size * size) * sizeof(float));
}

/* The finest level in double precision. */
static pf_status widen(pf_linear *s, int parts, const float *from, void *to) {
  pf_grid many = s->level[0].grid;
  many.nz *= parts;
  return from ? PF_MAP(s->backend, many_widen, &many, .x = from, .y = to) : PF_OK;
}

pf_status pf_linear_set(pf_linear *s) {
  if (s->wide) {
    const pf_linear_system *from = &s->system;
    const level *a = &s->level[0];
    PF_TRY(widen(s, PF_FACE_PARTS, from->fx, a->fx));
    PF_TRY(widen(s, PF_FACE_PARTS, from->fy, a->fy));
    PF_TRY(widen(s, PF_FACE_PARTS, from->fz, a->fz));
    PF_TRY(widen(s, 4, from->own, a->own));
  }
  for (int l = 0; l + 1 < s->levels; l++) {
    const level *f = &s->level[l], *c = &s->level[l + 1];
    PF_TRY(PF_REAL_MAP(s->wide, s->backend, block_coarsen, &c->grid, .fx = f->fx, .fy = f->fy, .fz = f->fz,
                       .own = f->own, .cx = c->fx, .cy = c->fy, .cz = c->fz, .cown = c->own, .to = f->to,
                       .cells = c->cells));
  }
  return set_coarsest(s);
}

/* ---- The V-cycle ---- */

/* The parts of a chain on a level. */
#define RELAX                                                                                                          \
  PF_REAL_STAGE(s->wide, block_relax, .fx = a->fx, .fy = a->fy, .fz = a->fz, .own = a->own, .cells = a->cells, .b = b, \
                .x = x)

static pf_status cycle(pf_linear *s, int l, const void *b, void *x) {
  pf_backend *be = s->backend;
  const level *a = &s->level[l];
  if (l == s->levels - 1)
    return PF_REAL_MAP(s->wide, be, block_coarsest, &a->grid, .inverse = s->inverse, .b = b, .x = x,
                       .cells = (int)a->cells);
  const level *c = &s->level[l + 1];
  const pf_stage down[] = {RELAX, RELAX,
                           PF_REAL_STAGE(s->wide, block_residual, .fx = a->fx, .fy = a->fy, .fz = a->fz, .own = a->own,
                                         .cells = a->cells, .b = b, .x = x, .y = a->r)};
  PF_TRY(be->chain(be, down, 3, &a->grid));
  PF_TRY(
      PF_REAL_MAP(s->wide, be, block_restrict, &c->grid, .fine = a->r, .coarse = c->b, .to = a->to, .cells = c->cells));
  PF_TRY(PF_REAL_MAP(s->wide, be, block_fill, &c->grid, .x = c->x, .a = 0, .cells = c->cells));
  const int visits = l >= TWICE_FROM && l <= TWICE_TO && l + 2 < s->levels ? 2 : 1;
  for (int n = 0; n < visits; n++) PF_TRY(cycle(s, l + 1, c->b, c->x));
  const pf_stage up[] = {
      PF_REAL_STAGE(s->wide, block_prolong, .fine = x, .coarse = c->x, .to = a->to, .cells = a->cells,
                    .coarse_cells = c->cells, .coarse_nx = c->grid.nx, .coarse_ny = c->grid.ny),
      RELAX, RELAX};
  return be->chain(be, up, 3, &a->grid);
}

pf_status pf_linear_improve(pf_linear *s, const void *b, void *x) {
  PF_TRY(s->backend->begin(s->backend));
  const pf_status status = cycle(s, 0, b, x), ended = s->backend->end(s->backend);
  return status != PF_OK ? status : ended;
}

pf_status pf_linear_apply(pf_linear *s, const void *x, void *y) {
  const level *a = &s->level[0];
  return PF_REAL_MAP(s->wide, s->backend, block_apply, &a->grid, .fx = a->fx, .fy = a->fy, .fz = a->fz, .own = a->own,
                     .cells = a->cells, .x = x, .y = y);
}

/* ---- FGMRES ---- */

/* v[m + 1] from v[m]: z[m] = M v[m] by one cycle from 0, A z[m], made orthogonal.  On a GPU the product meets the first four
 * vectors of the basis while it is made; on a CPU that loop is slower than two (6 % of a step of LATP-LE). */
static pf_status next_vector(pf_linear *s, const pf_gmres *k) {
  const level *a = &s->level[0];
  const int m = k->m;
  void *z = s->z[m].part[0], *next = s->v[m + 1].part[0];
  PF_TRY(PF_REAL_MAP(s->wide, s->backend, block_fill, &a->grid, .x = z, .a = 0, .cells = a->cells));
  PF_TRY(cycle(s, 0, s->v[k->m].part[0], z));
  if (!s->backend->launches) {
    PF_TRY(pf_linear_apply(s, z, next));
    return pf_gmres_extend(&s->space, k, s->v, 0);
  }
  PF_TRY(PF_REAL_TOTAL(s->wide, s->backend, block_product, &a->grid, s->space.numbers, .fx = a->fx, .fy = a->fy,
                       .fz = a->fz, .own = a->own, .cells = a->cells, .x = z, .v0 = s->v[0].part[0],
                       .v1 = s->v[m > 0].part[0], .v2 = s->v[m > 1 ? 2 : 0].part[0], .v3 = s->v[m > 2 ? 3 : 0].part[0],
                       .y = next));
  return pf_gmres_extend(&s->space, k, s->v, 4);
}

static pf_status solve(pf_linear *s, const pf_vector *b, const pf_vector *x, int from_zero, double tolerance,
                       int most_iterations, pf_linear_report *report) {
  pf_backend *be = s->backend;
  const level *a = &s->level[0];
  const pf_vector *rest = &s->v[BASIS];
  double size, residual;
  PF_TRY(pf_vector_norm(&s->space, b, &size));
  if (from_zero || !(size > 0)) PF_TRY(pf_vector_zero(&s->space, x));
  if (!(size > 0)) return PF_OK;
  for (int start = from_zero; report->iterations < most_iterations; start = 0) {
    const pf_vector *r = start ? b : rest;
    residual = size;
    if (!start) {
      PF_TRY(PF_REAL_MAP(s->wide, be, block_residual, &a->grid, .fx = a->fx, .fy = a->fy, .fz = a->fz, .own = a->own,
                         .cells = a->cells, .b = b->part[0], .x = x->part[0], .y = a->r));
      PF_TRY(pf_vector_norm(&s->space, r, &residual));
    }
    report->residual = residual / size;
    if (residual <= tolerance * size) return PF_OK;
    pf_gmres k;
    PF_TRY(pf_gmres_begin(&s->space, &k, r, residual, s->v));
    while (k.m < BASIS && report->iterations < most_iterations && report->residual > tolerance) {
      PF_TRY(be->begin(be));
      const pf_status status = next_vector(s, &k), ended = be->end(be);
      PF_TRY(status != PF_OK ? status : ended);
      PF_TRY(pf_gmres_take(&s->space, &k));
      report->iterations++;
      report->residual = k.residual / size;
    }
    PF_TRY(pf_gmres_correct(&s->space, &k, s->z, x));
    if (!(report->residual > tolerance)) return PF_OK;
  }
  return PF_OK;
}

pf_status pf_linear_solve(pf_linear *s, const float *b, float *x, int from_zero, double tolerance, int most_iterations,
                          pf_linear_report *report) {
  const pf_vector right = {{(float *)(uintptr_t)b}}, solution = {{x}}; /* b is only read */
  *report = (pf_linear_report){0, 0};
  if (!s->wide) return solve(s, &right, &solution, from_zero, tolerance, most_iterations, report);
  PF_TRY(pf_vector_from_float(&s->space, &right, &s->right));
  if (!from_zero) PF_TRY(pf_vector_from_float(&s->space, &solution, &s->solution));
  PF_TRY(solve(s, &s->right, &s->solution, from_zero, tolerance, most_iterations, report));
  return pf_vector_to_float(&s->space, &s->solution, &solution);
}
