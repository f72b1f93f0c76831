#include "multigrid.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "boxmg.h"
#include "mg_dense.h"
#include "mg_plan.h"
#include "real.h"

/* Two sweeps before and after the coarse level; and the levels that call the next coarser one twice.  With pieces of
 * constants a plain V-cycle needs more iterations on larger grids (13 at 128^2, 18 at 1024^2, dendrites at contrast
 * 1e5); three levels that do, of a sixteenth of all cells and less, make that 9 to 10 for a few per cent of the time.
 * All coarser levels twice would give no more than one iteration less, and calls double from each to the next. */
enum { TWICE_FIRST = 2, TWICE_LAST = 4 };

/* A solve that is not done after this many iterations goes on with the operator-dependent hierarchy of boxmg.h, and so
 * do the next ones, until the plain one is tried again: connected dendrites need at most 11, islands 100 to 300. */
enum { PLAIN_ITERATIONS = 16, BOX_SOLVES = 64 };

typedef struct level {
  pf_grid grid;
  pf_mg_join join;        /* to the next coarser level */
  void *ax, *ay, *az, *m; /* [cells], all of the cycle's precision */
  void *scale;            /* [cells], 1/D */
  void *u, *b, *r;        /* [cells]; the finest level has only r of its own */
  void *v;                /* [cells], what goes down; of a GPU's levels that are visited once, else NULL: u */
} level;

struct pf_multigrid {
  pf_backend *backend;
  bool wide; /* cycles in double precision */
  int levels;
  level level[PF_MG_LEVELS_MAX];
  const double *ax, *ay, *az, *m; /* the caller's */
  double *inverse;                /* [n][n], of the coarsest level */
  double *dense;                  /* host, [2][n][n] */
  double *host;                   /* host, [4][n] */
  int singular;                   /* m = 0 everywhere */
  pf_boxmg *box;                  /* NULL until it is needed */
  int box_solves;                 /* so many more solves use it */
  int box_is_set;                 /* to this operator */
  void *s, *z;                    /* [cells], of the cycle's precision: rounded residual, preconditioned residual */
  double *r, *p, *q;              /* [cells] */
  double *numbers;                /* [PF_MG_NUMBERS] of the Krylov method */
  double *dots, *product, *left, *error; /* [PF_SUMS]: sums r z and q z; p A p; r^2/D; m z^2 */
};

#define NEW_REAL(mg, count, array) pf_real_allocate((mg)->wide, (mg)->backend, (ptrdiff_t)(count), (array))
#define NEW_ARRAY(mg, count, array) \
  (mg)->backend->allocate((mg)->backend, (size_t)(count) * sizeof **(array), (void **)(array))

static pf_status create(pf_multigrid *mg, const pf_grid *grid) {
  pf_grid grids[PF_MG_LEVELS_MAX];
  int factor[PF_MG_LEVELS_MAX][3];
  int w[3] = {1, 1, 1};
  PF_TRY(pf_mg_plan(grid, grids, factor, &mg->levels));
  for (int l = 0; l < mg->levels; l++) {
    level *a = &mg->level[l];
    a->grid = grids[l];
    const ptrdiff_t n = pf_cells(&a->grid);
    const int cells[3] = {a->grid.nx, a->grid.ny, a->grid.nz}, finest[3] = {grid->nx, grid->ny, grid->nz};
    for (int d = 0; d < 3; d++) {
      a->join.n[d] = cells[d];
      a->join.n_0[d] = finest[d];
      a->join.w[d] = w[d];
      a->join.s[d] = factor[l][d];
      w[d] *= factor[l][d];
    }
    PF_TRY(NEW_REAL(mg, n, &a->ax));
    if (a->grid.ny > 1) PF_TRY(NEW_REAL(mg, n, &a->ay));
    if (a->grid.nz > 1) PF_TRY(NEW_REAL(mg, n, &a->az));
    PF_TRY(NEW_REAL(mg, n, &a->m));
    PF_TRY(NEW_REAL(mg, n, &a->scale));
    PF_TRY(NEW_REAL(mg, n, &a->r));
    if (l > 0) {
      PF_TRY(NEW_REAL(mg, n, &a->u));
      PF_TRY(NEW_REAL(mg, n, &a->b));
    }
    if (l < TWICE_FIRST && mg->backend->launches) PF_TRY(NEW_REAL(mg, n, &a->v));
  }
  const size_t n = (size_t)pf_cells(&mg->level[mg->levels - 1].grid);
  PF_TRY(NEW_ARRAY(mg, n * n, &mg->inverse));
  mg->dense = malloc(2 * n * n * sizeof *mg->dense);
  mg->host = malloc(4 * n * sizeof *mg->host);
  PF_CHECK(mg->dense && mg->host, PF_NO_MEMORY, "no memory for the coarsest level");
  const ptrdiff_t cells = pf_cells(grid);
  PF_TRY(NEW_REAL(mg, cells, &mg->s));
  PF_TRY(NEW_REAL(mg, cells, &mg->z));
  PF_TRY(NEW_ARRAY(mg, cells, &mg->r));
  PF_TRY(NEW_ARRAY(mg, cells, &mg->p));
  PF_TRY(NEW_ARRAY(mg, PF_MG_NUMBERS, &mg->numbers));
  PF_TRY(NEW_ARRAY(mg, PF_SUMS, &mg->dots));
  PF_TRY(NEW_ARRAY(mg, PF_SUMS, &mg->product));
  PF_TRY(NEW_ARRAY(mg, PF_SUMS, &mg->left));
  PF_TRY(NEW_ARRAY(mg, PF_SUMS, &mg->error));
  return NEW_ARRAY(mg, cells, &mg->q);
}

double pf_multigrid_bytes(const pf_grid *grid, bool wide) {
  pf_grid grids[PF_MG_LEVELS_MAX];
  int factor[PF_MG_LEVELS_MAX][3], levels;
  if (pf_mg_plan(grid, grids, factor, &levels) != PF_OK) return 0;
  const double real = (double)pf_real_bytes(wide);
  double bytes = (double)pf_cells(grid) * (2 * real + 3 * sizeof(double));
  for (int l = 0; l < levels; l++)
    bytes += (double)pf_cells(&grids[l]) * (pf_dimensions(grid) + 3 + (l > 0 ? 2 : 0)) * real;
  return bytes;
}

pf_status pf_multigrid_create(pf_backend *backend, const pf_grid *grid, bool wide, pf_multigrid **multigrid) {
  *multigrid = NULL;
  pf_multigrid *mg = calloc(1, sizeof *mg);
  PF_CHECK(mg, PF_NO_MEMORY, "no memory for a multigrid solver");
  mg->backend = backend;
  mg->wide = wide;
  const pf_status status = create(mg, grid);
  if (status != PF_OK) {
    pf_multigrid_destroy(mg);
    return status;
  }
  *multigrid = mg;
  return PF_OK;
}

void pf_multigrid_destroy(pf_multigrid *mg) {
  if (!mg) return;
  pf_backend *b = mg->backend;
  for (int l = 0; l < mg->levels; l++) {
    const level *a = &mg->level[l];
    void *arrays[] = {a->ax, a->ay, a->az, a->m, a->scale, a->u, a->b, a->r, a->v};
    for (size_t q = 0; q < sizeof arrays / sizeof *arrays; q++) b->release(b, arrays[q]);
  }
  b->release(b, mg->inverse);
  b->release(b, mg->s);
  b->release(b, mg->z);
  b->release(b, mg->r);
  b->release(b, mg->p);
  b->release(b, mg->q);
  b->release(b, mg->numbers);
  b->release(b, mg->dots);
  b->release(b, mg->product);
  b->release(b, mg->left);
  b->release(b, mg->error);
  pf_boxmg_destroy(mg->box);
  free(mg->dense);
  free(mg->host);
  free(mg);
}

/* ---- the coarsest level ---- */

static void add_face(double *dense, ptrdiff_t n, ptrdiff_t l, ptrdiff_t r, double a) {
  dense[l * n + l] += a, dense[r * n + r] += a;
  dense[l * n + r] -= a, dense[r * n + l] -= a;
}

static pf_status set_coarsest(pf_multigrid *mg) {
  pf_backend *b = mg->backend;
  const level *a = &mg->level[mg->levels - 1];
  const ptrdiff_t n = pf_cells(&a->grid);
  const size_t square = (size_t)(n * n) * sizeof(double);
  double *ax = mg->host, *ay = ax + n, *az = ay + n, *m = az + n;
  PF_TRY(pf_real_download(mg->wide, b, ax, a->ax, n));
  if (a->ay) PF_TRY(pf_real_download(mg->wide, b, ay, a->ay, n));
  if (a->az) PF_TRY(pf_real_download(mg->wide, b, az, a->az, n));
  PF_TRY(pf_real_download(mg->wide, b, m, a->m, n));
  double *dense = mg->dense, *inverse = dense + n * n;
  memset(dense, 0, square);
  for (ptrdiff_t row = 0; row < pf_rows(&a->grid); row++) {
    for (int i = 0; i < a->grid.nx; i++) {
      const pf_at at = pf_at_cell(&a->grid, row, i);
      if (at.xm) add_face(dense, n, at.c + at.xm, at.c, ax[at.c]);
      if (a->ay) add_face(dense, n, at.c + at.ym, at.c, ay[at.c]);
      if (a->az) add_face(dense, n, at.c + at.zm, at.c, az[at.c]);
    }
  }
  double m_sum = 0;
  for (ptrdiff_t c = 0; c < n; c++) {
    m_sum += m[c];
    dense[c * n + c] += m[c];
  }
  PF_TRY(pf_mg_invert(dense, inverse, n, m_sum, &mg->singular));
  return b->upload(b, mg->inverse, inverse, square);
}

pf_status pf_multigrid_set(pf_multigrid *mg, const double *ax, const double *ay, const double *az, const double *m) {
  pf_backend *b = mg->backend;
  const level *f = &mg->level[0];
  PF_CHECK(ax && m && (f->grid.ny == 1 || ay) && (f->grid.nz == 1 || az), PF_FAILED, "a direction has no conductances");
  mg->ax = ax;
  mg->ay = f->ay ? ay : NULL;
  mg->az = f->az ? az : NULL;
  mg->m = m;
  PF_TRY(PF_REAL_MAP(mg->wide, b, mg_round, &f->grid, .ax = ax, .ay = mg->ay, .az = mg->az, .m = m, .sx = f->ax,
                     .sy = f->ay, .sz = f->az, .sm = f->m, .scale = mg->level[0].scale));
  for (int l = 0; l + 1 < mg->levels; l++) {
    const level *a = &mg->level[l], *c = a + 1;
    PF_TRY(PF_REAL_MAP(mg->wide, b, mg_coarsen, &c->grid, .ax = a->ax, .ay = a->ay, .az = a->az, .m = a->m, .cx = c->ax,
                       .cy = c->ay, .cz = c->az, .cm = c->m, .join = a->join));
    PF_TRY(PF_REAL_MAP(mg->wide, b, mg_scale, &c->grid, .ax = c->ax, .ay = c->ay, .az = c->az, .m = c->m,
                       .scale = c->scale));
  }
  mg->box_is_set = 0;
  return set_coarsest(mg);
}

/* ---- the switch ---- */

int *pf_multigrid_box_solves(pf_multigrid *mg) { return &mg->box_solves; }

/* Has the operator-dependent hierarchy ready. */
static pf_status set_box(pf_multigrid *mg) {
  const level *f = &mg->level[0];
  if (mg->box_is_set) return PF_OK;
  if (!mg->box) PF_TRY(pf_boxmg_create(mg->backend, &f->grid, mg->wide, &mg->box));
  PF_TRY(pf_boxmg_set(mg->box, &(pf_boxmg_finest){f->grid, f->ax, f->ay, f->az, f->m, f->scale}));
  mg->box_is_set = 1;
  return PF_OK;
}

/* ---- the cycle ---- */

/* The parts of a chain on a level. */
#define RELAX(kernel) \
  PF_REAL_STAGE(mg->wide, kernel, .ax = a->ax, .ay = a->ay, .az = a->az, .scale = a->scale, .b = b, .u = u)
#define RESIDUAL \
  PF_REAL_STAGE(mg->wide, mg_residual, .ax = a->ax, .ay = a->ay, .az = a->az, .m = a->m, .b = b, .u = u, .r = a->r)

/* From u = 0, whatever it holds: two sweeps and the residual. */
static pf_status go_down(pf_multigrid *mg, const level *a, const void *b, void *u) {
  const pf_grid *g = &a->grid;
  if ((g->ny > 1 && g->ny % 2) || (g->nz > 1 && g->nz % 2)) { /* a seam: mg_relax_start does not know it */
    const pf_stage stage[] = {PF_REAL_STAGE(mg->wide, mg_zero, .u = u), RELAX(mg_relax), RELAX(mg_relax), RESIDUAL};
    return mg->backend->chain(mg->backend, stage, 4, g);
  }
  const pf_stage stage[] = {RELAX(mg_relax_start), RELAX(mg_relax), RESIDUAL};
  return mg->backend->chain(mg->backend, stage, 3, g);
}

/* Adds the coarse level's part to v, which may be u, then two sweeps; and the residual if the coarse level is visited again. */
static pf_status go_up(pf_multigrid *mg, const level *a, const level *c, const void *b, const void *v, void *u,
                       bool again) {
  if (v != u) {
    const pf_stage stage[] = {PF_REAL_STAGE(mg->wide, mg_prolong_to, .cu = c->u, .v = v, .u = u, .join = a->join),
                              RELAX(mg_relax), RELAX(mg_relax)};
    return mg->backend->chain(mg->backend, stage, 3, &a->grid);
  }
  const pf_stage stage[] = {PF_REAL_STAGE(mg->wide, mg_prolong, .cu = c->u, .u = u, .join = a->join), RELAX(mg_relax),
                            RELAX(mg_relax), RESIDUAL};
  return mg->backend->chain(mg->backend, stage, again ? 4 : 3, &a->grid);
}

static pf_status cycle(pf_multigrid *mg, int l, const void *b, void *u) {
  const level *a = &mg->level[l], *c = a + 1;
  if (l == mg->levels - 1)
    return PF_REAL_MAP(mg->wide, mg->backend, mg_coarsest, &a->grid, .inverse = mg->inverse, .b = b, .u = u,
                       .cells = (int)pf_cells(&a->grid));
  void *v = a->v ? a->v : u;
  PF_TRY(go_down(mg, a, b, v));
  const int times = l >= TWICE_FIRST && l <= TWICE_LAST && l + 2 < mg->levels ? 2 : 1;
  for (int t = 1; t <= times; t++) {
    PF_TRY(PF_REAL_MAP(mg->wide, mg->backend, mg_restrict, &c->grid, .r = a->r, .b = c->b, .join = a->join));
    PF_TRY(cycle(mg, l + 1, c->b, c->u));
    PF_TRY(go_up(mg, a, c, b, v, u, t < times));
  }
  return PF_OK;
}

pf_status pf_multigrid_cycle(pf_multigrid *mg, const void *s, void *z) {
  PF_TRY(mg->backend->begin(mg->backend));
  const pf_status status = cycle(mg, 0, s, z), ended = mg->backend->end(mg->backend);
  return status != PF_OK ? status : ended;
}

/* ---- conjugate gradients ---- */

pf_status pf_multigrid_apply(pf_multigrid *mg, const double *p, double *q, double *p_q) {
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(mg->backend, mg_apply, &mg->level[0].grid, sums, .ax = mg->ax, .ay = mg->ay, .az = mg->az, .m = mg->m,
                .p = p, .q = q));
  *p_q = sums[0];
  return PF_OK;
}

/* The residual of u and its squared norm, and that of b. */
static pf_status start(pf_multigrid *mg, const double *b, const double *u, double *r_2, double *b_2) {
  const pf_grid *g = &mg->level[0].grid;
  double sums[PF_SUMS];
  PF_TRY(PF_REAL_SUM(mg->wide, mg->backend, mg_start, g, sums, .ax = mg->ax, .ay = mg->ay, .az = mg->az, .m = mg->m,
                     .b = b, .u = u, .scale = mg->level[0].scale, .r = mg->r, .s = mg->s));
  *r_2 = sums[0];
  *b_2 = sums[1];
  if (mg->singular) {
    const double mean = sums[2] / (double)pf_cells(g);
    PF_TRY(PF_REAL_SUM(mg->wide, mg->backend, mg_shift, g, sums, .r = mg->r, .s = mg->s, .scale = mg->level[0].scale,
                       .a = mean));
    *r_2 = sums[0];
  }
  return PF_OK;
}

/* One iteration, which needs no number from outside; fresh: the first with this preconditioner. */
static pf_status iterate(pf_multigrid *mg, double *u, int box, int fresh) {
  static const pf_grid one = {1, 1, 1, 1};
  pf_backend *be = mg->backend;
  const level *f = &mg->level[0];
  const pf_grid *g = &f->grid;
  PF_TRY(box ? pf_boxmg_cycle(mg->box, mg->s, mg->z) : pf_multigrid_cycle(mg, mg->s, mg->z));
  PF_TRY(PF_REAL_TOTAL(mg->wide, be, mg_dots, g, mg->dots, .r = mg->r, .q = mg->q, .z = mg->z));
  PF_TRY(PF_MAP(be, mg_follow, &one, .dots = mg->dots, .numbers = mg->numbers, .fresh = fresh));
  PF_TRY(PF_REAL_MAP(mg->wide, be, mg_direction, g, .z = mg->z, .numbers = mg->numbers, .p = mg->p, .u = u));
  PF_TRY(PF_TOTAL(be, mg_apply, g, mg->product, .ax = mg->ax, .ay = mg->ay, .az = mg->az, .m = mg->m, .p = mg->p,
                  .q = mg->q));
  PF_TRY(PF_MAP(be, mg_advance, &one, .product = mg->product, .numbers = mg->numbers));
  return PF_REAL_TOTAL(mg->wide, be, mg_reduce, g, mg->left, .q = mg->q, .scale = f->scale, .numbers = mg->numbers,
                       .r = mg->r, .s = mg->s);
}

/* No direction and no step so far. */
static pf_status clear(pf_multigrid *mg, double number[PF_MG_NUMBERS]) {
  memset(number, 0, PF_MG_NUMBERS * sizeof *number);
  PF_TRY(PF_MAP(mg->backend, fill, &mg->level[0].grid, .y = mg->p, .a = 0));
  return mg->backend->upload(mg->backend, mg->numbers, number, PF_MG_NUMBERS * sizeof *number);
}

/* Until the scaled residual is small, or, where `errors`, the errors are (multigrid.h). */
static pf_status solve(pf_multigrid *mg, const double *b, double *u, double tolerance, bool errors, double size,
                       int max_iterations, pf_solve_report *report) {
  pf_backend *be = mg->backend;
  const pf_grid *g = &mg->level[0].grid;
  double r_2, b_2, number[PF_MG_NUMBERS], sums[PF_SUMS], error[PF_SUMS];
  memset(report, 0, sizeof *report);
  PF_TRY(start(mg, b, u, &r_2, &b_2));
  PF_CHECK(isfinite(r_2) && isfinite(b_2), PF_FAILED, "the right side or the start of a solve is not finite");
  if (!(b_2 > 0) && !mg->singular) { /* b = 0: so is u */
    report->converged = 1;
    return PF_MAP(be, fill, g, .y = u, .a = 0);
  }
  const double enough = errors ? 0 : tolerance * tolerance * b_2;
  PF_TRY(clear(mg, number));
  int n = 0, box = 0, first = 0; /* first: iteration with this preconditioner */
  bool done = false;
  for (; n < max_iterations && r_2 > enough && !done; n++) {
    if (n == PLAIN_ITERATIONS && mg->box_solves == 0) mg->box_solves = BOX_SOLVES;
    if (mg->box_solves > 0 && !box) {
      PF_TRY(set_box(mg));
      box = 1;
      first = n;
    }
    PF_TRY(be->begin(be));
    pf_status status = iterate(mg, u, box, n == first);
    if (status == PF_OK && errors) status = PF_REAL_TOTAL(mg->wide, be, mg_error, g, mg->error, .m = mg->m, .z = mg->z);
    const pf_status ended = be->end(be);
    PF_TRY(status != PF_OK ? status : ended);
    const pf_transfer back[] = {{false, number, mg->numbers, sizeof number},
                                {false, sums, mg->left, sizeof sums},
                                {false, error, mg->error, sizeof error}};
    PF_TRY(be->transfer(be, back, errors ? 3 : 2));
    if (!box && !(number[PF_MG_R_Z] > 0)) { /* this cycle is no preconditioner for such contrasts: begin again from u */
      mg->box_solves = BOX_SOLVES;
      PF_TRY(clear(mg, number));
      PF_TRY(start(mg, b, u, &r_2, &b_2));
      continue;
    }
    PF_CHECK(number[PF_MG_P_Q] > 0 && isfinite(number[PF_MG_P_Q]) && number[PF_MG_R_Z] > 0, PF_FAILED,
             "conjugate gradients: p A p = %g, r M r = %g in iteration %d: the operator is not positive",
             number[PF_MG_P_Q], number[PF_MG_R_Z], n);
    r_2 = sums[0];
    PF_CHECK(isfinite(r_2), PF_FAILED, "conjugate gradients: the residual is not finite in iteration %d", n);
    if (!errors) continue;
    report->last = sqrt(error[0]);
    if (!(report->first > 0)) report->first = report->last;
    done = report->last <= tolerance * fmax(size, report->first);
  }
  if (n > 0) PF_TRY(PF_MAP(be, axpy, g, .x = mg->p, .y = u, .a = number[PF_MG_STEP]));
  report->iterations = report->cycles = n;
  report->box = box;
  if (box) mg->box_solves--;
  report->residual = b_2 > 0 ? sqrt(r_2 / b_2) : sqrt(r_2);
  report->converged = r_2 <= enough || done;
  return PF_OK;
}

pf_status pf_multigrid_solve(pf_multigrid *mg, const double *b, double *u, double tolerance, int max_iterations,
                             pf_solve_report *report) {
  return solve(mg, b, u, tolerance, false, 0, max_iterations, report);
}

pf_status pf_multigrid_correct(pf_multigrid *mg, const double *b, double *u, double tolerance, double size,
                               int max_iterations, pf_solve_report *report) {
  return solve(mg, b, u, tolerance, true, size, max_iterations, report);
}
