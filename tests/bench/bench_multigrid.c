/* bench_multigrid.c: the solver of one unknown and the memory it lives from. */
#include "../dendrite.h"
#include "bench.h"
#include "multigrid.h"

#include <stdio.h>

/* A problem of dendrites on a backend; `after`: the same, its surface half a cell further. */
typedef struct problem {
  pf_backend *backend;
  pf_grid grid;
  pf_multigrid *mg;
  double *ax, *ay, *az, *m, *b, *u; /* of the backend, [cells] */
  double p_q;
} problem;

static pf_status problem_upload(problem *p, const pf_dendrite *d) {
  const size_t bytes = (size_t)pf_cells(&p->grid) * sizeof(double);
  const double *from[] = {d->ax, d->ay, d->az, d->m, d->b};
  double **to[] = {&p->ax, &p->ay, &p->az, &p->m, &p->b};
  for (int q = 0; q < 5; q++) {
    if (!from[q]) continue;
    if (!*to[q]) PF_TRY(p->backend->allocate(p->backend, bytes, (void **)to[q]));
    PF_TRY(p->backend->upload(p->backend, *to[q], from[q], bytes));
  }
  if (!p->u) PF_TRY(p->backend->allocate(p->backend, bytes, (void **)&p->u));
  return PF_OK;
}

static pf_status problem_set(problem *p, unsigned seed, double contrast, double moved) {
  pf_dendrite d;
  PF_CHECK(pf_dendrite_make(&p->grid, seed, contrast, moved, &d), PF_NO_MEMORY, "no memory for a problem");
  pf_status status = problem_upload(p, &d);
  pf_dendrite_free(&d);
  if (status == PF_OK && !p->mg) status = pf_multigrid_create(p->backend, &p->grid, false, &p->mg);
  return status == PF_OK ? pf_multigrid_set(p->mg, p->ax, p->ay, p->az, p->m) : status;
}

static pf_status problem_make(problem *p, const pf_bench *bench, int threads, const pf_grid *grid, double contrast) {
  *p = (problem){.grid = *grid};
  PF_TRY(pf_bench_backend(bench, threads, &p->backend));
  return problem_set(p, 1, contrast, 0);
}

static void problem_free(problem *p) {
  if (!p->backend) return;
  double *arrays[] = {p->ax, p->ay, p->az, p->m, p->b, p->u};
  for (int q = 0; q < 6; q++) p->backend->release(p->backend, arrays[q]);
  pf_multigrid_destroy(p->mg);
  pf_backend_destroy(p->backend);
}

static pf_status run_triad(void *of) {
  problem *p = of;
  return PF_MAP(p->backend, triad, &p->grid, .x = p->ax, .z = p->m, .y = p->u, .a = 0.5);
}

static pf_status run_apply(void *of) {
  problem *p = of;
  return pf_multigrid_apply(p->mg, p->b, p->u, &p->p_q);
}

enum { ITERATIONS = 5 };

/* A solve of that many iterations, start and end included. */
static pf_status run_solve(void *of) {
  problem *p = of;
  pf_solve_report report;
  PF_TRY(PF_MAP(p->backend, fill, &p->grid, .y = p->u, .a = 0));
  return pf_multigrid_solve(p->mg, p->b, p->u, 0, ITERATIONS, &report);
}

static pf_status run_set(void *of) {
  problem *p = of;
  return pf_multigrid_set(p->mg, p->ax, p->ay, p->az, p->m);
}

/* ---- bandwidth ---- */

static pf_status bandwidth(problem *p) {
  double triad, apply;
  PF_TRY(pf_bench_time(p->backend, 5, run_triad, p, &triad));
  PF_TRY(pf_bench_time(p->backend, 5, run_apply, p, &apply));
  /* 8-byte numbers a cell that must move: y = x + a z: 3; q = A p: p, ax, ay, m read, q written.  A cache that reads a
   * line before it is written moves one more in both. */
  const double cells = (double)pf_cells(&p->grid), gb_triad = 24 * cells / triad / 1e9,
               gb_apply = 40 * cells / apply / 1e9;
  pf_bench_row(gb_triad, "GB/s", "triad, %d^2 cells", p->grid.nx);
  pf_bench_row(gb_apply, "GB/s", "matrix-vector product, %d^2 cells", p->grid.nx);
  pf_bench_row(1e9 * apply / cells, "ns", "the same, time of a cell");
  pf_bench_goal(gb_apply / gb_triad, "", '>', 0.6, "matrix-vector product against triad");
  return PF_OK;
}

pf_status pf_bench_bandwidth(const pf_bench *bench) {
  problem p;
  const pf_grid g = {4096, 4096, 1, 1};
  pf_status status = problem_make(&p, bench, 0, &g, 1e5);
  if (status == PF_OK) status = bandwidth(&p);
  problem_free(&p);
  return status;
}

/* ---- iterations ---- */

/* Cold and, after the surface moved by half a cell, warm. */
static pf_status count(const pf_bench *bench, const pf_grid *g, double contrast, int *cold, int *warm) {
  problem p;
  pf_solve_report report = {.iterations = 0};
  pf_status status = problem_make(&p, bench, 0, g, contrast);
  if (status == PF_OK) status = pf_multigrid_solve(p.mg, p.b, p.u, 1e-9, 100, &report);
  *cold = report.iterations;
  if (status == PF_OK && warm) status = problem_set(&p, 1, contrast, 0.5);
  if (status == PF_OK && warm) {
    status = pf_multigrid_solve(p.mg, p.b, p.u, 1e-9, 100, &report);
    *warm = report.iterations;
  }
  problem_free(&p);
  return status;
}

pf_status pf_bench_iterations(const pf_bench *bench) {
  const pf_grid grids[] = {{128, 128, 1, 1},   {256, 256, 1, 1}, {512, 512, 1, 1}, {1024, 1024, 1, 1},
                           {2048, 2048, 1, 1}, {32, 32, 32, 1},  {64, 64, 64, 1},  {128, 128, 128, 1}};
  const double contrasts[] = {1e4, 1e5, 1e7, 1e-6};
  int low[2] = {1000, 1000}, high[2] = {0, 0};
  for (int q = 0; q < 4; q++)
    for (size_t s = 0; s < sizeof grids / sizeof *grids; s++) {
      const pf_grid *g = &grids[s];
      const int three = g->nz > 1;
      int cold = 0, warm = 0;
      PF_TRY(count(bench, g, contrasts[q], &cold, &warm));
      pf_bench_goal(cold, "", '<', 16, "contrast %g, %d^%d, cold", contrasts[q], g->nx, 2 + three);
      pf_bench_goal(warm, "", '<', 9, "contrast %g, %d^%d, warm", contrasts[q], g->nx, 2 + three);
      if (contrasts[q] < 1) continue;
      if (cold < low[three]) low[three] = cold;
      if (cold > high[three]) high[three] = cold;
    }
  pf_bench_goal(high[0] - low[0], "", '<', 3, "2-D, 128^2 to 2048^2, 1e4 to 1e7: most less fewest");
  pf_bench_goal(high[1] - low[1], "", '<', 3, "3-D, 32^3 to 128^3, 1e4 to 1e7: most less fewest");
  return PF_OK;
}

pf_status pf_bench_shapes(const pf_bench *bench) {
  const pf_grid grids[] = {{650, 100, 1, 1}, {127, 61, 1, 1},   {640, 96, 1, 1}, {1023, 511, 1, 1},
                           {513, 513, 1, 1}, {1000, 777, 1, 1}, {1000, 1, 1, 1}, {77, 65, 33, 1}};
  const pf_grid even[] = {{1024, 1, 1, 1}, {512, 512, 1, 1}, {64, 64, 64, 1}};
  int base[3];
  for (int d = 0; d < 3; d++) {
    PF_TRY(count(bench, &even[d], 1e5, &base[d], NULL));
    pf_bench_row(base[d], "", "%d x %d x %d", even[d].nx, even[d].ny, even[d].nz);
  }
  for (size_t s = 0; s < sizeof grids / sizeof *grids; s++) {
    const pf_grid *g = &grids[s];
    int cold;
    PF_TRY(count(bench, g, 1e5, &cold, NULL));
    pf_bench_goal(cold, "", '<', 1.3 * base[pf_dimensions(g) - 1], "%d x %d x %d", g->nx, g->ny, g->nz);
  }
  return PF_OK;
}

/* ---- time ---- */

typedef struct cost {
  double set, apply, iteration; /* ns a cell */
  double bytes;                 /* of the solver, a cell */
} cost;

static pf_status measure(const pf_bench *bench, int threads, const pf_grid *g, int least, cost *c) {
  problem p;
  const double cells = (double)pf_cells(g);
  double set = 0, apply = 0, solve = 0;
  pf_status status = problem_make(&p, bench, threads, g, 1e5);
  if (status == PF_OK) status = pf_bench_time(p.backend, least, run_set, &p, &set);
  if (status == PF_OK) status = pf_bench_time(p.backend, least, run_apply, &p, &apply);
  if (status == PF_OK) status = pf_bench_time(p.backend, least, run_solve, &p, &solve);
  const double bytes = status == PF_OK ? (double)p.backend->bytes / cells - 8 * (3 + pf_dimensions(g)) : 0;
  problem_free(&p);
  *c = (cost){1e9 * set / cells, 1e9 * apply / cells, 1e9 * solve / ITERATIONS / cells, bytes};
  return status;
}

pf_status pf_bench_cost(const pf_bench *bench) {
  const pf_grid grids[] = {{128, 128, 1, 1},   {256, 256, 1, 1},   {512, 512, 1, 1}, {1024, 1024, 1, 1},
                           {2048, 2048, 1, 1}, {4096, 4096, 1, 1}, {64, 64, 64, 1},  {128, 128, 128, 1}};
  double reference = 0, slowest = 0;
  for (size_t s = 0; s < sizeof grids / sizeof *grids; s++) {
    const pf_grid *g = &grids[s];
    const int three = g->nz > 1;
    cost c;
    PF_TRY(measure(bench, 0, g, 3, &c));
    pf_bench_row(c.set, "ns a cell", "%d^%d: set", g->nx, 2 + three);
    pf_bench_row(c.apply, "ns a cell", "%d^%d: matrix-vector product", g->nx, 2 + three);
    pf_bench_row(c.iteration, "ns a cell", "%d^%d: iteration", g->nx, 2 + three);
    pf_bench_goal(c.iteration / c.apply, "", '<', 10, "%d^%d: iteration in matrix-vector products", g->nx, 2 + three);
    pf_bench_row(c.bytes, "B a cell", "%d^%d: memory of the solver", g->nx, 2 + three);
    if (g->nx == 1024) reference = c.iteration;
    if (!three && g->nx > 1024 && c.iteration > slowest) slowest = c.iteration;
    if (!three && g->nx == 512) pf_bench_row(c.iteration * 1e-6 * 512 * 512, "ms", "512^2: an iteration");
  }
  pf_bench_goal(slowest / reference, "", '<', 1.25, "time of a cell, up to 4096^2 against 1024^2");
  return PF_OK;
}

pf_status pf_bench_threads(const pf_bench *bench) {
  const int sizes[] = {128, 256, 512, 1024};
  for (int s = 0; s < 4; s++) {
    const pf_grid g = {sizes[s], sizes[s], 1, 1};
    cost one, two;
    PF_TRY(measure(bench, 1, &g, 20, &one));
    PF_TRY(measure(bench, 2, &g, 20, &two));
    pf_bench_row(one.apply / two.apply, "", "%d^2: matrix-vector product, two threads against one", g.nx);
    if (g.nx == 512)
      pf_bench_goal(one.iteration / two.iteration, "", '>', 1.7, "%d^2: iteration, two threads against one", g.nx);
    else
      pf_bench_row(one.iteration / two.iteration, "", "%d^2: iteration, two threads against one", g.nx);
  }
  return PF_OK;
}
