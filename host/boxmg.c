#include "boxmg.h"

#include <stdlib.h>
#include <string.h>

#include "mg_dense.h"
#include "mg_plan.h"
#include "real.h"

/* The coarsest level is larger than that of multigrid.c: with 60 islands on 256 cells nearly every cell is an island of
 * its own, and a coarser grid has no place for them (65 iterations instead of 17, 60 islands at contrast 1e7). */
enum { SWEEPS = 2, TWICE_FIRST = 1, TWICE_LAST = 4, COARSEST = 256 };

typedef struct level {
  pf_grid grid;
  pf_box_shape shape; /* with the next coarser one */
  int cells, half;
  /* all of the cycle's precision: */
  const void *ax, *ay, *az, *m_of, *scale_of; /* of the finest level, the caller's */
  void *a, *m, *scale;                        /* [half][cells], [cells], [cells]; not on the finest level */
  void *u, *b;                                /* [cells]; not on the finest level */
  void *r, *loss;                             /* [cells] */
  void *p;                                    /* [2 half + 1][cells of the next coarser level] */
} level;

struct pf_boxmg {
  pf_backend *backend;
  bool wide; /* in double precision */
  int levels;
  level level[PF_MG_LEVELS_MAX];
  double *inverse; /* [n][n], of the coarsest level */
  double *dense;   /* host, [2][n][n] */
  double *host;    /* host, [half + 1][n] */
};

static int level_count(const pf_grid *grid, pf_grid grids[PF_MG_LEVELS_MAX]) {
  int factor[PF_MG_LEVELS_MAX][3], levels, l = 0;
  if (pf_mg_plan(grid, grids, factor, &levels) != PF_OK) return 0;
  while (l + 1 < levels && pf_cells(&grids[l]) > COARSEST) l++;
  return l + 1;
}

#define NEW_ARRAY(mg, count, array) pf_real_allocate((mg)->wide, (mg)->backend, (ptrdiff_t)(count), (array))

static pf_status create(pf_boxmg *mg, const pf_grid *grid) {
  pf_grid grids[PF_MG_LEVELS_MAX];
  mg->levels = level_count(grid, grids);
  PF_CHECK(mg->levels > 0, PF_BAD_INPUT, "a grid of %d x %d x %d cells", grid->nx, grid->ny, grid->nz);
  for (int l = 0; l < mg->levels; l++) {
    level *a = &mg->level[l];
    const pf_grid *g = &grids[l], *c = l + 1 < mg->levels ? g + 1 : g;
    a->grid = *g;
    a->half = pf_box_half(grid);
    a->cells = (int)pf_cells(g);
    a->shape = (pf_box_shape){{g->nx, g->ny, g->nz}, {c->nx, c->ny, c->nz}, a->half};
    PF_TRY(NEW_ARRAY(mg, a->cells, &a->r));
    PF_TRY(NEW_ARRAY(mg, a->cells, &a->loss));
    if (l + 1 < mg->levels) PF_TRY(NEW_ARRAY(mg, (2 * a->half + 1) * pf_cells(c), &a->p));
    if (l == 0) continue;
    PF_TRY(NEW_ARRAY(mg, a->half * (ptrdiff_t)a->cells, &a->a));
    PF_TRY(NEW_ARRAY(mg, a->cells, &a->m));
    PF_TRY(NEW_ARRAY(mg, a->cells, &a->scale));
    PF_TRY(NEW_ARRAY(mg, a->cells, &a->u));
    PF_TRY(NEW_ARRAY(mg, a->cells, &a->b));
  }
  const level *last = &mg->level[mg->levels - 1];
  const size_t n = (size_t)last->cells;
  PF_TRY(mg->backend->allocate(mg->backend, n * n * sizeof(double), (void **)&mg->inverse));
  mg->dense = malloc(2 * n * n * sizeof *mg->dense);
  mg->host = malloc((size_t)(last->half + 1) * n * sizeof *mg->host);
  PF_CHECK(mg->dense && mg->host, PF_NO_MEMORY, "no memory for the coarsest level");
  return PF_OK;
}

double pf_boxmg_bytes(const pf_grid *grid, bool wide) {
  pf_grid grids[PF_MG_LEVELS_MAX];
  const int levels = level_count(grid, grids), half = pf_box_half(grid);
  double numbers = 0;
  for (int l = 0; l < levels; l++) {
    numbers += 2 * (double)pf_cells(&grids[l]);
    if (l > 0) numbers += (half + 4 + 2 * half + 1) * (double)pf_cells(&grids[l]);
  }
  const double n = levels > 0 ? (double)pf_cells(&grids[levels - 1]) : 0;
  return numbers * (double)pf_real_bytes(wide) + n * n * sizeof(double);
}

pf_status pf_boxmg_create(pf_backend *backend, const pf_grid *grid, bool wide, pf_boxmg **boxmg) {
  *boxmg = NULL;
  pf_boxmg *mg = calloc(1, sizeof *mg);
  PF_CHECK(mg, PF_NO_MEMORY, "no memory for a multigrid solver");
  mg->backend = backend;
  mg->wide = wide;
  const pf_status status = create(mg, grid);
  if (status != PF_OK) {
    pf_boxmg_destroy(mg);
    return status;
  }
  *boxmg = mg;
  return PF_OK;
}

void pf_boxmg_destroy(pf_boxmg *mg) {
  if (!mg) return;
  pf_backend *b = mg->backend;
  for (int l = 0; l < mg->levels; l++) {
    const level *a = &mg->level[l];
    void *arrays[] = {a->a, a->m, a->scale, a->u, a->b, a->r, a->loss, a->p};
    for (size_t q = 0; q < sizeof arrays / sizeof *arrays; q++) b->release(b, arrays[q]);
  }
  b->release(b, mg->inverse);
  free(mg->dense);
  free(mg->host);
  free(mg);
}

/* ---- the levels ---- */

/* Its loss is left in a->loss. */
static pf_status find_loss(pf_boxmg *mg, const level *a) {
  void *from = NULL, *to = a->loss;
  const int last = pf_dimensions(&a->grid);
  if (last == 2) to = a->r; /* an even number of steps */
  for (int odd = 1; odd <= last; odd++) {
    PF_TRY(PF_REAL_MAP(mg->wide, mg->backend, box_loss, &a->grid, .ax = a->ax, .ay = a->ay, .az = a->az, .a = a->a,
                       .m = a->m_of, .from = from, .to = to, .shape = a->shape, .odd = odd));
    from = to;
    to = to == a->loss ? a->r : a->loss;
  }
  return PF_OK;
}

static pf_status coarsen(pf_boxmg *mg, const level *a, const level *c) {
  pf_backend *b = mg->backend;
  PF_TRY(find_loss(mg, a));
  PF_TRY(PF_REAL_MAP(mg->wide, b, box_weights, &c->grid, .ax = a->ax, .ay = a->ay, .az = a->az, .a = a->a, .m = a->m_of,
                     .p = a->p, .shape = a->shape));
  PF_TRY(PF_REAL_MAP(mg->wide, b, box_galerkin, &c->grid, .ax = a->ax, .ay = a->ay, .az = a->az, .a = a->a,
                     .m = a->m_of, .p = a->p, .loss = a->loss, .coarse_a = c->a, .coarse_m = c->m, .shape = a->shape));
  return PF_REAL_MAP(mg->wide, b, box_scale, &c->grid, .a = c->a, .m = c->m, .scale = c->scale, .cells = c->cells,
                     .half = c->half);
}

static void add_face(double *dense, ptrdiff_t n, ptrdiff_t l, ptrdiff_t r, double a) {
  dense[l * n + l] += a, dense[r * n + r] += a;
  dense[l * n + r] -= a, dense[r * n + l] -= a;
}

static pf_status set_coarsest(pf_boxmg *mg) {
  pf_backend *b = mg->backend;
  const level *a = &mg->level[mg->levels - 1];
  const ptrdiff_t n = a->cells;
  double *m = mg->host, *conductance = m + n;
  pf_box_level_double l = {.m = m, .n = {a->grid.nx, a->grid.ny, a->grid.nz}, .half = a->half, .cells = n};
  double *dense = mg->dense, m_sum = 0;
  int singular;
  PF_TRY(pf_real_download(mg->wide, b, m, a->m_of, n));
  if (a->a) {
    PF_TRY(pf_real_download(mg->wide, b, conductance, a->a, n * a->half));
    l.a = conductance;
  } else { /* one level */
    double *faces[3] = {conductance, conductance + n, conductance + 2 * n};
    PF_TRY(pf_real_download(mg->wide, b, faces[0], a->ax, n));
    if (a->ay) PF_TRY(pf_real_download(mg->wide, b, faces[1], a->ay, n));
    if (a->az) PF_TRY(pf_real_download(mg->wide, b, faces[2], a->az, n));
    l.ax = faces[0], l.ay = faces[1], l.az = faces[2];
  }
  memset(dense, 0, (size_t)(n * n) * sizeof *dense);
  for (ptrdiff_t c = 0; c < n; c++) {
    const int f[3] = {(int)(c % a->grid.nx), (int)(c / a->grid.nx % a->grid.ny), (int)(c / a->grid.nx / a->grid.ny)};
    for (int q = 0; q < 13; q++) {
      const int d[3] = {q % 3 - 1, q / 3 % 3 - 1, q / 9 - 1};
      const ptrdiff_t other = pf_box_neighbour_double(&l, f, d[0], d[1], d[2]);
      if (other >= 0) add_face(dense, n, other, c, pf_box_conductance_double(&l, f, d[0], d[1], d[2]));
    }
    dense[c * n + c] += m[c];
    m_sum += m[c];
  }
  PF_TRY(pf_mg_invert(dense, dense + n * n, n, m_sum, &singular));
  return b->upload(b, mg->inverse, dense + n * n, (size_t)(n * n) * sizeof *dense);
}

pf_status pf_boxmg_set(pf_boxmg *mg, const pf_boxmg_finest *finest) {
  level *f = &mg->level[0];
  PF_CHECK(pf_cells(&finest->grid) == f->cells, PF_FAILED, "an operator of %td cells for a hierarchy of %d",
           pf_cells(&finest->grid), f->cells);
  f->ax = finest->ax, f->ay = finest->ay, f->az = finest->az;
  f->m_of = finest->m, f->scale_of = finest->scale;
  for (int l = 0; l + 1 < mg->levels; l++) {
    level *c = &mg->level[l + 1];
    c->m_of = c->m, c->scale_of = c->scale;
    PF_TRY(coarsen(mg, &mg->level[l], c));
  }
  return set_coarsest(mg);
}

/* ---- the cycle ---- */

/* The rows of a periodic direction: the even ones, the odd ones, and the last of an odd number, which follows on the
 * first.  Returns how many classes there are. */
static int row_classes(int n, int first[3], int count[3]) {
  first[0] = 0, count[0] = n == 1 ? 1 : n / 2;
  if (n == 1) return 1;
  first[1] = 1, count[1] = n / 2;
  first[2] = n - 1, count[2] = 1;
  return n % 2 ? 3 : 2;
}

static pf_status relax_rows(pf_boxmg *mg, const level *a, const void *b, void *u, int reversed) {
  int y[3], z[3], ny[3], nz[3];
  const int ys = row_classes(a->grid.ny, y, ny), zs = row_classes(a->grid.nz, z, nz);
  for (int n = 0; n < ys * zs; n++) {
    const int q = reversed ? ys * zs - 1 - n : n, iy = q % ys, iz = q / ys;
    const pf_grid part = {a->grid.nx, ny[iy], nz[iz], a->grid.h};
    const pf_box_rows rows = {a->grid.ny, a->grid.nz, y[iy], z[iz], a->half, a->cells};
    PF_TRY(PF_REAL_SWEEP(mg->wide, mg->backend, box_relax, &part, .a = a->a, .scale = a->scale, .b = b, .u = u,
                         .rows = rows, .nx = a->grid.nx));
  }
  return PF_OK;
}

static pf_status relax(pf_boxmg *mg, const level *a, const void *b, void *u, int reversed) {
  for (int s = 0; s < SWEEPS; s++) {
    if (a->a)
      PF_TRY(relax_rows(mg, a, b, u, reversed));
    else
      PF_TRY(PF_REAL_SWEEP(mg->wide, mg->backend, mg_relax, &a->grid, .ax = a->ax, .ay = a->ay, .az = a->az,
                           .scale = a->scale_of, .b = b, .u = u));
  }
  return PF_OK;
}

pf_status pf_boxmg_residual(pf_boxmg *mg, int l, const void *b, const void *u, void *r) {
  const level *a = &mg->level[l];
  if (a->a)
    return PF_REAL_MAP(mg->wide, mg->backend, box_residual, &a->grid, .a = a->a, .m = a->m_of, .b = b, .u = u, .r = r,
                       .cells = a->cells, .half = a->half);
  return PF_REAL_MAP(mg->wide, mg->backend, mg_residual, &a->grid, .ax = a->ax, .ay = a->ay, .az = a->az, .m = a->m_of,
                     .b = b, .u = u, .r = r);
}

static pf_status cycle(pf_boxmg *mg, int l, const void *b, void *u) {
  const level *a = &mg->level[l], *c = a + 1;
  if (l == mg->levels - 1)
    return PF_REAL_MAP(mg->wide, mg->backend, mg_coarsest, &a->grid, .inverse = mg->inverse, .b = b, .u = u,
                       .cells = a->cells);
  PF_TRY(PF_REAL_MAP(mg->wide, mg->backend, mg_zero, &a->grid, .u = u));
  PF_TRY(relax(mg, a, b, u, 0));
  const int times = l >= TWICE_FIRST && l <= TWICE_LAST && l + 2 < mg->levels ? 2 : 1;
  for (int t = 0; t < times; t++) {
    PF_TRY(pf_boxmg_residual(mg, l, b, u, a->r));
    PF_TRY(pf_boxmg_restrict(mg, l, a->r, c->b));
    PF_TRY(cycle(mg, l + 1, c->b, c->u));
    PF_TRY(pf_boxmg_prolong(mg, l, c->u, u));
    PF_TRY(relax(mg, a, b, u, 1));
  }
  return PF_OK;
}

pf_status pf_boxmg_cycle(pf_boxmg *mg, const void *b, void *u) {
  PF_TRY(mg->backend->begin(mg->backend));
  const pf_status status = cycle(mg, 0, b, u), ended = mg->backend->end(mg->backend);
  return status != PF_OK ? status : ended;
}

/* ---- the parts ---- */

int pf_boxmg_levels(const pf_boxmg *mg) { return mg->levels; }

pf_grid pf_boxmg_grid(const pf_boxmg *mg, int l) { return mg->level[l].grid; }

pf_status pf_boxmg_restrict(pf_boxmg *mg, int l, const void *from, void *to) {
  const level *a = &mg->level[l];
  return PF_REAL_MAP(mg->wide, mg->backend, box_restrict, &a[1].grid, .p = a->p, .r = from, .b = to, .shape = a->shape);
}

pf_status pf_boxmg_prolong(pf_boxmg *mg, int l, const void *from, void *to) {
  const level *a = &mg->level[l];
  return PF_REAL_MAP(mg->wide, mg->backend, box_prolong, &a->grid, .p = a->p, .cu = from, .u = to, .shape = a->shape);
}
