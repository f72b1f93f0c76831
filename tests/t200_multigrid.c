/* The multigrid solver of one unknown: its plan of levels, its operator, its convergence, its bits. */
#include "dendrite.h"
#include "mg_plan.h"
#include "multigrid.h"
#include "test.h"

static const double pi = 3.14159265358979323846;

/* ---- the plan ---- */

static void plan_covers_the_grid(void) {
  const int shape[][3] = {{1, 1, 1},    {7, 1, 1},   {1000, 1, 1}, {2, 2, 2},    {127, 61, 1}, {650, 100, 1},
                          {640, 96, 1}, {1, 100, 1}, {33, 35, 37}, {4096, 3, 1}, {5, 1, 90},   {2147483, 1, 1}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
    const pf_grid g = {shape[s][0], shape[s][1], shape[s][2], 1e-6};
    pf_grid level[PF_MG_LEVELS_MAX];
    int factor[PF_MG_LEVELS_MAX][3], count;
    PF_ASSERT_OK_FATAL(pf_mg_plan(&g, level, factor, &count));
    CU_ASSERT(level[0].nx == g.nx && level[0].ny == g.ny && level[0].nz == g.nz);
    for (int l = 0; l + 1 < count; l++) {
      const int fine[3] = {level[l].nx, level[l].ny, level[l].nz};
      const int coarse[3] = {level[l + 1].nx, level[l + 1].ny, level[l + 1].nz};
      for (int d = 0; d < 3; d++) {
        CU_ASSERT_EQUAL(factor[l][d], fine[d] > 1 ? 2 : 1);
        CU_ASSERT((coarse[d] - 1) * factor[l][d] < fine[d] && coarse[d] * factor[l][d] >= fine[d]);
      }
    }
    CU_ASSERT(pf_cells(&level[count - 1]) <= PF_MG_COARSEST);
    for (int d = 0; d < 3; d++) CU_ASSERT_EQUAL(factor[count - 1][d], 1);
  }
  const pf_grid none = {4, 0, 1, 1};
  pf_grid level[PF_MG_LEVELS_MAX];
  int factor[PF_MG_LEVELS_MAX][3], count;
  PF_ASSERT_FAILS(pf_mg_plan(&none, level, factor, &count), PF_BAD_INPUT, "4 x 0 x 1");
}

/* ---- a problem on a backend ---- */

typedef struct problem {
  pf_backend *backend;
  pf_grid grid;
  pf_multigrid *mg;
  double *ax, *ay, *az, *m, *b, *u; /* of the backend */
  double *host;                     /* [cells]: u after a solve */
  size_t bytes;
} problem;

static bool problem_make(problem *p, pf_backend *backend, const pf_grid *grid, const pf_dendrite *d) {
  *p = (problem){.backend = backend, .grid = *grid, .bytes = (size_t)pf_cells(grid) * sizeof(double)};
  p->host = calloc(1, p->bytes);
  if (!p->host) return false;
  const double *from[] = {d->ax, d->ay, d->az, d->m, d->b, p->host};
  double **to[] = {&p->ax, &p->ay, &p->az, &p->m, &p->b, &p->u};
  for (int q = 0; q < 6; q++) {
    if (!from[q]) continue;
    if (!pf_test_ok(backend->allocate(backend, p->bytes, (void **)to[q]), "allocate", __FILE__, __LINE__)) return false;
    if (!pf_test_ok(backend->upload(backend, *to[q], from[q], p->bytes), "upload", __FILE__, __LINE__)) return false;
  }
  return pf_test_ok(pf_multigrid_create(backend, grid, false, &p->mg), "create", __FILE__, __LINE__) &&
         pf_test_ok(pf_multigrid_set(p->mg, p->ax, p->ay, p->az, p->m), "set", __FILE__, __LINE__);
}

static void problem_free(problem *p) {
  double *arrays[] = {p->ax, p->ay, p->az, p->m, p->b, p->u};
  for (int q = 0; q < 6; q++) p->backend->release(p->backend, arrays[q]);
  pf_multigrid_destroy(p->mg);
  free(p->host);
}

/* Solves and fetches u; the iterations, or 1000 where it did not converge. */
static int problem_solve(problem *p, double tolerance, int most) {
  pf_solve_report report;
  if (!pf_test_ok(pf_multigrid_solve(p->mg, p->b, p->u, tolerance, most, &report), "solve", __FILE__, __LINE__) ||
      !pf_test_ok(p->backend->download(p->backend, p->host, p->u, p->bytes), "download", __FILE__, __LINE__))
    return 1000;
  return report.converged ? report.iterations : 1000;
}

/* ||D^-1/2 (b - A u)||/||D^-1/2 b||, all anew on the host */
static double host_residual(const pf_grid *g, const pf_dendrite *d, const double *u) {
  double r_2 = 0, b_2 = 0;
  for (ptrdiff_t row = 0; row < pf_rows(g); row++)
    for (int i = 0; i < g->nx; i++) {
      const pf_at at = pf_at_cell(g, row, i);
      const ptrdiff_t c = at.c, to[6] = {c + at.xm, c + at.xp, c + at.ym, c + at.yp, c + at.zm, c + at.zp};
      const double a[6] = {at.xm ? d->ax[c] : 0,          at.xp ? d->ax[to[1]] : 0,
                           d->ay && at.ym ? d->ay[c] : 0, d->ay && at.yp ? d->ay[to[3]] : 0,
                           d->az && at.zm ? d->az[c] : 0, d->az && at.zp ? d->az[to[5]] : 0};
      double sum = d->m[c] * u[c], diagonal = d->m[c];
      for (int f = 0; f < 6; f++) {
        sum += a[f] * (u[c] - u[to[f]]);
        diagonal += a[f];
      }
      r_2 += (d->b[c] - sum) * (d->b[c] - sum) / diagonal;
      b_2 += d->b[c] * d->b[c] / diagonal;
    }
  return sqrt(r_2 / b_2);
}

/* ---- exact solutions ---- */

/* -div(k grad u) + m u = f with k = 2 + cos(2 pi x) (times a periodic function of y, z), u = cos(pi x) (...), no flux at
 * x = 0 and 1; returns the greatest error on n cells. */
static double manufactured(pf_backend *backend, int n, int dimensions) {
  const pf_grid g = {n, dimensions > 1 ? n : 1, dimensions > 2 ? n : 1, 1.0 / n};
  const size_t cells = (size_t)pf_cells(&g);
  const double h = 1.0 / n, w = 2 * pi;
  pf_dendrite d = {calloc(cells, 8), dimensions > 1 ? calloc(cells, 8) : NULL, dimensions > 2 ? calloc(cells, 8) : NULL,
                   calloc(cells, 8), calloc(cells, 8)};
  for (ptrdiff_t row = 0; row < pf_rows(&g); row++)
    for (int i = 0; i < n; i++) {
      const pf_at at = pf_at_cell(&g, row, i);
      const ptrdiff_t c = at.c;
      const double x = (i + 0.5) * h, y = dimensions > 1 ? (at.j + 0.5) * h : 0,
                   z = dimensions > 2 ? (at.k + 0.5) * h : 0;
      const double px = cos(pi * x), py = dimensions > 1 ? sin(w * y) : 1, pz = dimensions > 2 ? cos(w * z) : 1;
      const double k = 2 + cos(w * x) + (dimensions > 1 ? 0.5 * cos(w * y) : 0);
      d.ax[c] = 2 + cos(w * i * h) + (dimensions > 1 ? 0.5 * cos(w * y) : 0);
      if (d.ay) d.ay[c] = 2 + cos(w * x) + 0.5 * cos(w * at.j * h);
      if (d.az) d.az[c] = k;
      d.m[c] = 3 * h * h;
      double f = k * pi * pi * px * py * pz - w * sin(w * x) * pi * sin(pi * x) * py * pz + 3 * px * py * pz;
      if (dimensions > 1) f += k * w * w * px * py * pz + 0.5 * w * sin(w * y) * px * w * cos(w * y) * pz;
      if (dimensions > 2) f += k * w * w * px * py * pz;
      d.b[c] = f * h * h;
    }
  problem p;
  double error = (double)NAN;
  if (problem_make(&p, backend, &g, &d)) {
    PF_ASSERT_AT_MOST(problem_solve(&p, 1e-11, 30), 20);
    error = 0;
    for (ptrdiff_t row = 0; row < pf_rows(&g); row++)
      for (int i = 0; i < n; i++) {
        const pf_at at = pf_at_cell(&g, row, i);
        const double u = cos(pi * (i + 0.5) * h) * (dimensions > 1 ? sin(w * (at.j + 0.5) * h) : 1) *
                         (dimensions > 2 ? cos(w * (at.k + 0.5) * h) : 1);
        error = fmax(error, fabs(p.host[at.c] - u));
      }
  }
  problem_free(&p);
  pf_dendrite_free(&d);
  return error;
}

static void second_order(void) {
  pf_backend *backend = pf_test_backend();
  for (int dimensions = 1; dimensions <= 3; dimensions++) {
    const int n = dimensions == 3 ? 12 : 24;
    const double coarse = manufactured(backend, n, dimensions), fine = manufactured(backend, 2 * n, dimensions);
    PF_ASSERT_WITHIN(log2(coarse / fine), 2, 0.1);
    PF_ASSERT_AT_MOST(fine, 0.02);
  }
  pf_backend_destroy(backend);
}

/* ---- convergence ---- */

static int iterations(pf_backend *backend, const pf_grid *g, unsigned seed, double contrast) {
  pf_dendrite d;
  problem p;
  int n = 1000;
  if (!pf_dendrite_make(g, seed, contrast, 0, &d)) return n;
  if (problem_make(&p, backend, g, &d)) {
    n = problem_solve(&p, 1e-9, 60);
    PF_ASSERT_AT_MOST(host_residual(g, &d, p.host), 1.01e-9);
  }
  problem_free(&p);
  pf_dendrite_free(&d);
  return n;
}

static void any_shape(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid shape[] = {{650, 100, 1, 1}, {127, 61, 1, 1}, {640, 96, 1, 1}, {333, 77, 1, 1},
                           {7, 1, 1, 1},     {1000, 1, 1, 1}, {1, 1, 1, 1},    {33, 3, 1, 1},
                           {2, 50, 1, 1},    {33, 21, 19, 1}, {40, 1, 9, 1},   {257, 129, 1, 1}};
  const pf_grid two_d = {128, 128, 1, 1}, three_d = {32, 32, 32, 1}, one_d = {1024, 1, 1, 1};
  const double contrasts[] = {1e5, 1e-6};
  const int last = strcmp(backend->name, "check") ? 12 : 9; /* which is slow */
  for (int q = 0; q < 2; q++) {
    const int base[4] = {0, iterations(backend, &one_d, 1, contrasts[q]), iterations(backend, &two_d, 1, contrasts[q]),
                         iterations(backend, &three_d, 1, contrasts[q])};
    for (int s = strcmp(backend->name, "check") ? 0 : 1; s < last; s++) {
      const pf_grid *g = &shape[s];
      const int n = iterations(backend, g, 1, contrasts[q]);
      if (!(n <= 1.3 * base[pf_dimensions(g)]))
        printf("    %d x %d x %d cells, contrast %g: %d iterations\n", g->nx, g->ny, g->nz, contrasts[q], n);
      CU_ASSERT(n <= 1.3 * base[pf_dimensions(g)]);
    }
  }
  pf_backend_destroy(backend);
}

static void any_contrast_and_size(void) {
  pf_backend *backend = pf_test_backend();
  int least = 1000, most = 0;
  const int sizes = pf_test_long() ? 4 : strcmp(backend->name, "check") ? 2 : 1;
  for (int s = 0; s < sizes; s++) {
    const double contrasts[] = {1e4, 1e7, 1e-4, 1e-7};
    const pf_grid g = {128 << s, 128 << s, 1, 1};
    for (int q = 0; q < 4; q++)
      for (unsigned seed = 1; seed <= (s || q % 2 ? 1 : 3); seed++) {
        const int n = iterations(backend, &g, seed, contrasts[q]);
        PF_ASSERT_AT_MOST(n, 16);
        if (contrasts[q] > 1 && seed == 1 && n < least) least = n;
        if (contrasts[q] > 1 && seed == 1 && n > most) most = n;
      }
  }
  PF_ASSERT_AT_MOST(most - least, 3);
  pf_backend_destroy(backend);
}

static void warm_start(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid g = {128, 128, 1, 1};
  pf_dendrite before, after;
  problem p;
  if (pf_dendrite_make(&g, 2, 1e5, 0, &before) && pf_dendrite_make(&g, 2, 1e5, 0.5, &after) &&
      problem_make(&p, backend, &g, &before)) {
    const int cold = problem_solve(&p, 1e-9, 60);
    PF_ASSERT_OK(backend->upload(backend, p.ax, after.ax, p.bytes));
    PF_ASSERT_OK(backend->upload(backend, p.ay, after.ay, p.bytes));
    PF_ASSERT_OK(backend->upload(backend, p.m, after.m, p.bytes));
    PF_ASSERT_OK(pf_multigrid_set(p.mg, p.ax, p.ay, p.az, p.m));
    const int warm = problem_solve(&p, 1e-9, 60);
    PF_ASSERT_AT_MOST(warm, 9);
    CU_ASSERT(warm <= cold);
    PF_ASSERT_AT_MOST(host_residual(&g, &after, p.host), 1.01e-9);
    CU_ASSERT_EQUAL(problem_solve(&p, 1e-8, 60), 0); /* it is solved */
    problem_free(&p);
    pf_dendrite_free(&before);
    pf_dendrite_free(&after);
  } else {
    CU_FAIL("no problem");
  }
  pf_backend_destroy(backend);
}

/* ---- against elimination ---- */

/* Solves the dense symmetric positive a x = b [n] by Cholesky; b becomes x. */
static void cholesky(double *a, double *b, int n) {
  for (int c = 0; c < n; c++)
    for (int r = c; r < n; r++) {
      double sum = a[r * n + c];
      for (int q = 0; q < c; q++) sum -= a[r * n + q] * a[c * n + q];
      a[r * n + c] = r == c ? sqrt(sum) : sum / a[c * n + c];
    }
  for (int r = 0; r < n; r++) {
    for (int q = 0; q < r; q++) b[r] -= a[r * n + q] * b[q];
    b[r] /= a[r * n + r];
  }
  for (int r = n - 1; r >= 0; r--) {
    for (int q = r + 1; q < n; q++) b[r] -= a[q * n + r] * b[q];
    b[r] /= a[r * n + r];
  }
}

static void true_error(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid g = {29, 23, 1, 1};
  const int n = 29 * 23;
  const double contrasts[] = {1e4, 1e7, 1e-7};
  for (int q = 0; q < 3; q++) {
    pf_dendrite d;
    problem p;
    CU_ASSERT_FATAL(pf_dendrite_make(&g, 3, contrasts[q], 0, &d));
    double *a = calloc((size_t)n * (size_t)n, sizeof *a), *u = calloc((size_t)n, sizeof *u);
    CU_ASSERT_FATAL(a && u);
    for (int row = 0; row < 23; row++)
      for (int i = 0; i < 29; i++) {
        const pf_at at = pf_at_cell(&g, row, i);
        const ptrdiff_t c = at.c, to[2] = {c + at.xm, c + at.ym};
        const double face[2] = {at.xm ? d.ax[c] : 0, d.ay[c]};
        a[c * n + c] += d.m[c];
        u[c] = d.b[c];
        for (int f = 0; f < 2; f++) {
          a[c * n + c] += face[f], a[to[f] * n + to[f]] += face[f];
          a[c * n + to[f]] -= face[f], a[to[f] * n + c] -= face[f];
        }
      }
    cholesky(a, u, n);
    if (problem_make(&p, backend, &g, &d)) {
      PF_ASSERT_AT_MOST(problem_solve(&p, 1e-11, 60), 20);
      double error = 0, most = 0;
      for (int c = 0; c < n; c++) {
        error = fmax(error, fabs(p.host[c] - u[c]));
        most = fmax(most, fabs(u[c]));
      }
      PF_ASSERT_AT_MOST(error, 1e-8 * most);
    }
    problem_free(&p);
    pf_dendrite_free(&d);
    free(a);
    free(u);
  }
  pf_backend_destroy(backend);
}

/* ---- the null space, nothing, and what cannot be solved ---- */

static void constants_do_no_harm(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid shape[] = {{64, 48, 1, 1}, {45, 27, 1, 1}, {50, 1, 1, 1}, {5, 4, 1, 1}};
  for (int s = 0; s < 4; s++) {
    const pf_grid *g = &shape[s];
    const ptrdiff_t cells = pf_cells(g);
    pf_dendrite d;
    problem p;
    CU_ASSERT_FATAL(pf_dendrite_make(g, 1, 1e4, 0, &d));
    memset(d.m, 0, (size_t)cells * sizeof(double));
    for (ptrdiff_t c = 0; c < cells; c++) d.b[c] = sin(0.37 * (double)c) + 0.2;
    if (problem_make(&p, backend, g, &d)) {
      pf_solve_report report;
      PF_ASSERT_OK(pf_multigrid_solve(p.mg, p.b, p.u, 1e-8, 60, &report));
      CU_ASSERT(report.converged && report.iterations <= 25);
      PF_ASSERT_OK(backend->download(backend, p.host, p.u, p.bytes));
      double mean = 0;
      for (ptrdiff_t c = 0; c < cells; c++) mean += d.b[c] / (double)cells;
      for (ptrdiff_t c = 0; c < cells; c++) d.b[c] -= mean;
      PF_ASSERT_AT_MOST(host_residual(g, &d, p.host), 2e-8);
    }
    problem_free(&p);
    pf_dendrite_free(&d);
  }
  pf_backend_destroy(backend);
}

static void nothing_and_the_impossible(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid g = {20, 12, 1, 1};
  pf_dendrite d;
  problem p;
  pf_solve_report report;
  CU_ASSERT_FATAL(pf_dendrite_make(&g, 1, 1e4, 0, &d));
  if (problem_make(&p, backend, &g, &d)) {
    /* b = 0 from a start that is not */
    double *b = calloc(1, p.bytes);
    PF_ASSERT_OK(backend->upload(backend, p.u, d.ax, p.bytes));
    PF_ASSERT_OK(backend->upload(backend, p.b, b, p.bytes));
    CU_ASSERT_EQUAL(problem_solve(&p, 1e-9, 20), 0);
    for (int c = 0; c < 20 * 12; c++) CU_ASSERT(fabs(p.host[c]) <= 0);
    /* too few iterations are told */
    PF_ASSERT_OK(backend->upload(backend, p.b, d.b, p.bytes));
    PF_ASSERT_OK(pf_multigrid_solve(p.mg, p.b, p.u, 1e-12, 1, &report));
    CU_ASSERT(!report.converged && report.iterations == 1 && report.cycles == 1 && report.residual > 1e-12);
    /* what is no number */
    b[17] = (double)NAN;
    PF_ASSERT_OK(backend->upload(backend, p.b, b, p.bytes));
    PF_ASSERT_FAILS(pf_multigrid_solve(p.mg, p.b, p.u, 1e-9, 20, &report), PF_FAILED, "not finite");
    /* an operator that is not positive */
    for (int c = 0; c < 20 * 12; c++) d.m[c] = -1;
    PF_ASSERT_OK(backend->upload(backend, p.m, d.m, p.bytes));
    PF_ASSERT_FAILS(pf_multigrid_set(p.mg, p.ax, p.ay, p.az, p.m), PF_FAILED, "not positive");
    PF_ASSERT_FAILS(pf_multigrid_set(p.mg, p.ax, NULL, NULL, p.m), PF_FAILED, "no conductances");
    free(b);
  }
  problem_free(&p);
  pf_dendrite_free(&d);
  pf_backend_destroy(backend);
}

/* ---- the cycle ---- */

static double dot(const float *x, const float *y, ptrdiff_t n) {
  double sum = 0;
  for (ptrdiff_t c = 0; c < n; c++) sum += (double)x[c] * (double)y[c];
  return sum;
}

/* The cycle M is positive and nearly symmetric: (x, M y) = (y, M x) up to the order of the colours. */
static void cycle_is_nearly_symmetric(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid shape[] = {{64, 64, 1, 1}, {61, 45, 1, 1}, {16, 14, 13, 1}};
  for (int s = 0; s < 3; s++) {
    const pf_grid *g = &shape[s];
    const ptrdiff_t n = pf_cells(g);
    const size_t bytes = (size_t)n * sizeof(float);
    pf_dendrite d;
    problem p;
    CU_ASSERT_FATAL(pf_dendrite_make(g, 1, 1e5, 0, &d));
    float *x = malloc(bytes), *y = malloc(bytes), *mx = malloc(bytes), *my = malloc(bytes), *from = NULL, *to = NULL;
    CU_ASSERT_FATAL(x && y && mx && my);
    if (problem_make(&p, backend, g, &d)) {
      PF_ASSERT_OK(backend->allocate(backend, bytes, (void **)&from));
      PF_ASSERT_OK(backend->allocate(backend, bytes, (void **)&to));
      for (ptrdiff_t c = 0; c < n; c++) {
        x[c] = (float)sin(0.7 * (double)c);
        y[c] = (float)cos(0.013 * (double)c) + x[c];
      }
      PF_ASSERT_OK(backend->upload(backend, from, x, bytes));
      PF_ASSERT_OK(pf_multigrid_cycle(p.mg, from, to));
      PF_ASSERT_OK(backend->download(backend, mx, to, bytes));
      PF_ASSERT_OK(backend->upload(backend, from, y, bytes));
      PF_ASSERT_OK(pf_multigrid_cycle(p.mg, from, to));
      PF_ASSERT_OK(backend->download(backend, my, to, bytes));
      const double xx = dot(x, mx, n), yy = dot(y, my, n);
      PF_ASSERT_AT_LEAST(xx, 1e-30);
      PF_ASSERT_AT_LEAST(yy, 1e-30);
      PF_ASSERT_AT_MOST(fabs(dot(x, my, n) - dot(y, mx, n)), 0.05 * sqrt(xx * yy));
      /* and linear: M (x + y) = M x + M y */
      for (ptrdiff_t c = 0; c < n; c++) y[c] += x[c];
      PF_ASSERT_OK(backend->upload(backend, from, y, bytes));
      PF_ASSERT_OK(pf_multigrid_cycle(p.mg, from, to));
      PF_ASSERT_OK(backend->download(backend, y, to, bytes));
      for (ptrdiff_t c = 0; c < n; c++) y[c] -= mx[c] + my[c];
      PF_ASSERT_AT_MOST(sqrt(dot(y, y, n)), 1e-4 * sqrt(dot(my, my, n)));
      backend->release(backend, from);
      backend->release(backend, to);
    }
    problem_free(&p);
    pf_dendrite_free(&d);
    free(x), free(y), free(mx), free(my);
  }
  pf_backend_destroy(backend);
}

/* ---- symmetry and bits ---- */

/* A solution [cells] of a run of its own, or NULL. */
static double *solution(const char *backend_name, int threads, const pf_grid *g, const pf_dendrite *d) {
  pf_backend *backend;
  problem p;
  double *u = NULL;
  if (!pf_test_ok(pf_backend_create(backend_name, threads, &backend), "backend", __FILE__, __LINE__)) return NULL;
  if (problem_make(&p, backend, g, d)) {
    CU_ASSERT(problem_solve(&p, 1e-9, 60) < 30);
    u = p.host;
    p.host = NULL;
  }
  problem_free(&p);
  pf_backend_destroy(backend);
  return u;
}

static void same_bits(void) {
  const pf_grid shape[] = {{127, 61, 1, 1}, {96, 80, 1, 1}, {19, 18, 17, 1}};
  for (int s = 0; s < 3; s++) {
    const pf_grid *g = &shape[s];
    const size_t bytes = (size_t)pf_cells(g) * sizeof(double);
    pf_dendrite d;
    CU_ASSERT_FATAL(pf_dendrite_make(g, 1, 1e6, 0, &d));
    double *one = solution("cpu", 1, g, &d), *two = solution("cpu", 2, g, &d), *three = solution("cpu", 3, g, &d),
           *check = solution("check", 2, g, &d);
    CU_ASSERT_FATAL(one && two && three && check);
    CU_ASSERT(!memcmp(one, two, bytes));
    CU_ASSERT(!memcmp(one, three, bytes));
    CU_ASSERT(!memcmp(one, check, bytes));
    free(one), free(two), free(three), free(check);
    pf_dendrite_free(&d);
  }
}

/* The same 2-D problem along y and along z. */
static void axes_are_equal(void) {
  const pf_grid flat = {48, 36, 1, 1}, upright = {48, 1, 36, 1};
  pf_dendrite d;
  CU_ASSERT_FATAL(pf_dendrite_make(&flat, 1, 1e5, 0, &d));
  pf_dendrite turned = {d.ax, NULL, d.ay, d.m, d.b};
  double *y = solution(pf_test_backend_name(), 2, &flat, &d),
         *z = solution(pf_test_backend_name(), 2, &upright, &turned);
  CU_ASSERT_FATAL(y && z);
  double error = 0;
  for (int c = 0; c < 48 * 36; c++) error = fmax(error, fabs(y[c] - z[c]));
  PF_ASSERT_AT_MOST(error, 1e-12);
  free(y), free(z);
  pf_dendrite_free(&d);
}

void t200_multigrid(void);
void t200_multigrid(void) {
  pf_test_suite("multigrid of one unknown",
                (pf_test[]){{"the plan of levels covers every grid", plan_covers_the_grid},
                            {"second order in 1-D, 2-D and 3-D", second_order},
                            {"any cell numbers: at most 1.3 times the iterations", any_shape},
                            {"any contrast and size: at most 16 iterations", any_contrast_and_size},
                            {"warm start after half a cell: at most 9 iterations", warm_start},
                            {"the true error at high contrast, against elimination", true_error},
                            {"without m: constants do no harm", constants_do_no_harm},
                            {"b = 0, too few iterations, not finite, not positive", nothing_and_the_impossible},
                            {"the cycle is positive, linear and nearly symmetric", cycle_is_nearly_symmetric},
                            {"the same bits with 1, 2, 3 threads and on check", same_bits},
                            {"y and z are alike", axes_are_equal}});
}
