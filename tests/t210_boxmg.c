/* The operator-dependent hierarchy: its coarse operators, its convergence where islands float, when it is used. */
#include "boxmg.h"
#include "islands.h"
#include "multigrid.h"
#include "test.h"

/* ---- a problem on a backend ---- */

typedef struct problem {
  pf_backend *backend;
  pf_grid grid;
  pf_multigrid *mg;
  double *array[6]; /* of the backend: ax, ay, az, m, b, u */
  double *host;     /* [cells]: u after a solve */
  size_t bytes;
} problem;

static bool problem_make(problem *p, pf_backend *backend, const pf_grid *grid, const pf_dendrite *d) {
  *p = (problem){.backend = backend, .grid = *grid, .bytes = (size_t)pf_cells(grid) * sizeof(double)};
  p->host = calloc(1, p->bytes);
  if (!p->host) return false;
  const double *from[] = {d->ax, d->ay, d->az, d->m, d->b, p->host};
  for (int q = 0; q < 6; q++) {
    if (!from[q]) continue;
    if (!pf_test_ok(backend->allocate(backend, p->bytes, (void **)&p->array[q]), "allocate", __FILE__, __LINE__) ||
        !pf_test_ok(backend->upload(backend, p->array[q], from[q], p->bytes), "upload", __FILE__, __LINE__))
      return false;
  }
  return pf_test_ok(pf_multigrid_create(backend, grid, false, &p->mg), "create", __FILE__, __LINE__) &&
         pf_test_ok(pf_multigrid_set(p->mg, p->array[0], p->array[1], p->array[2], p->array[3]), "set", __FILE__,
                    __LINE__);
}

static void problem_free(problem *p) {
  for (int q = 0; q < 6; q++) p->backend->release(p->backend, p->array[q]);
  pf_multigrid_destroy(p->mg);
  free(p->host);
}

static pf_solve_report problem_solve(problem *p, double tolerance, int most) {
  pf_solve_report report = {.iterations = 1000};
  if (!pf_test_ok(pf_multigrid_solve(p->mg, p->array[4], p->array[5], tolerance, most, &report), "solve", __FILE__,
                  __LINE__) ||
      !pf_test_ok(p->backend->download(p->backend, p->host, p->array[5], p->bytes), "download", __FILE__, __LINE__))
    report.iterations = 1000;
  if (!report.converged) report.iterations = 1000;
  return report;
}

static pf_status start_from_zero(problem *p) { return PF_MAP(p->backend, fill, &p->grid, .y = p->array[5], .a = 0); }

/* ---- islands ---- */

/* Iterations to 1e-8 from the start with the operator-dependent hierarchy; *with_switch: from the plain one. */
static int islands(pf_backend *backend, const pf_grid *g, unsigned seed, const pf_islands *is, int *with_switch,
                   double *error) {
  pf_dendrite d = {0};
  problem p;
  int n = 1000;
  if (!pf_islands_make(g, seed, is, &d)) return n;
  const ptrdiff_t cells = pf_cells(g);
  double *u = calloc((size_t)cells, sizeof *u);
  if (u && problem_make(&p, backend, g, &d)) {
    if (with_switch) *with_switch = problem_solve(&p, 1e-8, 300).iterations;
    PF_ASSERT_OK(backend->upload(backend, p.array[5], u, p.bytes));
    *pf_multigrid_box_solves(p.mg) = 5;
    n = problem_solve(&p, 1e-8, 300).iterations;
    if (error) {
      memcpy(u, p.host, p.bytes);
      (void)problem_solve(&p, 1e-12, 300);
      double most = 0;
      *error = 0;
      for (ptrdiff_t c = 0; c < cells; c++) {
        *error = fmax(*error, fabs(u[c] - p.host[c]));
        most = fmax(most, fabs(p.host[c]));
      }
      *error /= most;
    }
    problem_free(&p);
  }
  free(u);
  pf_dendrite_free(&d);
  return n;
}

static void floating_islands(void) {
  pf_backend *backend = pf_test_backend();
  const int cpu = strcmp(backend->name, "check") != 0;
  const pf_grid shape[] = {{128, 128, 1, 1}, {24, 24, 24, 1}, {127, 113, 1, 1}, {256, 256, 1, 1}};
  const pf_islands kinds[] = {{1e7, 0.04, 0, 0, 0, 1}, {1e7, 0.04, 0, 0, 0, 0}, {1e7, 0.04, 1, 0, 0, 1},
                              {1e7, 0.04, 0, 0, 1, 0}, {1e7, 0.04, 1, 0, 1, 0}, {1e9, 0.03, 0, 0, 0, 0}};
  for (int s = 0; s < (cpu ? pf_test_long() ? 4 : 3 : 1); s++)
    for (int q = 0; q < 6; q++) {
      pf_islands kind = kinds[q];
      if (shape[s].nz > 1) kind.largest = 0.13;
      int with_switch = 1000;
      double error = 1;
      const int n = islands(backend, &shape[s], 1, &kind, &with_switch, &error);
      PF_ASSERT_AT_MOST(n, 40);
      PF_ASSERT_AT_MOST(with_switch, 40);
      PF_ASSERT_AT_MOST(error, 1e-4);
    }
  pf_backend_destroy(backend);
}

/* ---- the coarse operators ---- */

static const pf_grid any_shape[] = {{64, 40, 1, 1},  {67, 43, 1, 1}, {300, 1, 1, 1}, {301, 3, 1, 1}, {160, 2, 1, 1},
                                    {13, 12, 11, 1}, {16, 1, 41, 1}, {40, 2, 17, 1}, {90, 7, 2, 1}};

/* A hierarchy of islands on a backend. */
typedef struct hierarchy {
  pf_backend *backend;
  pf_boxmg *box;
  float *array[5]; /* ax, ay, az, m, scale */
} hierarchy;

static bool hierarchy_make(hierarchy *h, pf_backend *backend, const pf_grid *g, int with_m) {
  const pf_islands is = {1e7, 0.1, 1, 0, 1, 1};
  pf_dendrite d = {0};
  *h = (hierarchy){.backend = backend};
  if (!pf_islands_make(g, 3, &is, &d)) return false;
  const ptrdiff_t cells = pf_cells(g);
  const size_t bytes = (size_t)cells * sizeof(float);
  float *one = malloc(bytes);
  double *from[] = {d.ax, d.ay, d.az, d.m, NULL};
  bool ok = one != NULL;
  for (int q = 0; ok && q < 5; q++) {
    if (!from[q] && q < 3) continue;
    for (ptrdiff_t c = 0; c < cells; c++) one[c] = from[q] && (q < 3 || with_m) ? (float)from[q][c] : q == 4 ? 1.0f : 0;
    ok = backend->allocate(backend, bytes, (void **)&h->array[q]) == PF_OK &&
         backend->upload(backend, h->array[q], one, bytes) == PF_OK;
  }
  free(one);
  pf_dendrite_free(&d);
  const pf_boxmg_finest finest = {*g, h->array[0], h->array[1], h->array[2], h->array[3], h->array[4]};
  return ok && pf_test_ok(pf_boxmg_create(backend, g, false, &h->box), "create", __FILE__, __LINE__) &&
         pf_test_ok(pf_boxmg_set(h->box, &finest), "set", __FILE__, __LINE__);
}

static void hierarchy_free(hierarchy *h) {
  for (int q = 0; q < 5; q++) h->backend->release(h->backend, h->array[q]);
  pf_boxmg_destroy(h->box);
}

/* -A u of a level, on the host; u [cells of the level], result [cells]. */
static void minus_a(hierarchy *h, int level, const float *u, float *result) {
  const pf_grid g = pf_boxmg_grid(h->box, level);
  const size_t bytes = (size_t)pf_cells(&g) * sizeof(float);
  float *array[3] = {0};
  for (int q = 0; q < 3; q++) PF_ASSERT_OK(h->backend->allocate(h->backend, bytes, (void **)&array[q]));
  PF_ASSERT_OK(h->backend->upload(h->backend, array[1], u, bytes));
  PF_ASSERT_OK(pf_boxmg_residual(h->box, level, array[0], array[1], array[2]));
  PF_ASSERT_OK(h->backend->download(h->backend, result, array[2], bytes));
  for (int q = 0; q < 3; q++) h->backend->release(h->backend, array[q]);
}

/* P u (up) or P^T u, on the host. */
static void transfer(hierarchy *h, int level, bool up, const float *u, float *result) {
  const pf_grid fine = pf_boxmg_grid(h->box, level), coarse = pf_boxmg_grid(h->box, level + 1);
  const size_t from = (size_t)pf_cells(up ? &coarse : &fine) * sizeof(float),
               to = (size_t)pf_cells(up ? &fine : &coarse) * sizeof(float);
  float *a = NULL, *b = NULL;
  PF_ASSERT_OK(h->backend->allocate(h->backend, from, (void **)&a));
  PF_ASSERT_OK(h->backend->allocate(h->backend, to, (void **)&b));
  PF_ASSERT_OK(h->backend->upload(h->backend, a, u, from));
  PF_ASSERT_OK(up ? pf_boxmg_prolong(h->box, level, a, b) : pf_boxmg_restrict(h->box, level, a, b));
  PF_ASSERT_OK(h->backend->download(h->backend, result, b, to));
  h->backend->release(h->backend, a);
  h->backend->release(h->backend, b);
}

static double dot(const float *x, const float *y, ptrdiff_t n) {
  double sum = 0;
  for (ptrdiff_t c = 0; c < n; c++) sum += (double)x[c] * (double)y[c];
  return sum;
}

/* (x, A_c y) = (P x, A P y) = (y, A_c x) for x, y that are anything: the numbers of single precision. */
static void coarse_is_galerkin(void) {
  pf_backend *backend = pf_test_backend();
  for (size_t s = 0; s < sizeof any_shape / sizeof *any_shape; s++) {
    hierarchy h;
    const pf_grid *g = &any_shape[s];
    const size_t cells = (size_t)pf_cells(g);
    float *v[7];
    for (int q = 0; q < 7; q++) CU_ASSERT_FATAL((v[q] = calloc(cells, sizeof(float))) != NULL);
    CU_ASSERT_FATAL(hierarchy_make(&h, backend, g, 1));
    CU_ASSERT(pf_boxmg_levels(h.box) > 1);
    for (int l = 0; l + 1 < pf_boxmg_levels(h.box); l++) {
      const pf_grid fine = pf_boxmg_grid(h.box, l), coarse = pf_boxmg_grid(h.box, l + 1);
      const ptrdiff_t n = pf_cells(&fine), m = pf_cells(&coarse);
      float *x = v[0], *y = v[1], *px = v[2], *py = v[3], *apy = v[4], *ay = v[5], *ax = v[6];
      for (ptrdiff_t c = 0; c < m; c++) {
        x[c] = (float)sin(0.7 * (double)(c * c % 1009));
        y[c] = (float)cos(1.3 * (double)(c * c % 977));
      }
      transfer(&h, l, true, x, px);
      transfer(&h, l, true, y, py);
      minus_a(&h, l, py, apy);
      minus_a(&h, l + 1, y, ay);
      minus_a(&h, l + 1, x, ax);
      const double fine_value = dot(px, apy, n), coarse_value = dot(x, ay, m), turned = dot(y, ax, m);
      const double size = sqrt(dot(x, x, m) * dot(ay, ay, m));
      PF_ASSERT_AT_MOST(fabs(fine_value - coarse_value), 2e-5 * size);
      PF_ASSERT_AT_MOST(fabs(turned - coarse_value), 2e-6 * size);
      /* P^T is the transpose of P */
      transfer(&h, l, false, py, ax);
      PF_ASSERT_AT_MOST(fabs(dot(x, ax, m) - dot(px, py, n)), 1e-5 * sqrt(dot(px, px, n) * dot(py, py, n)));
    }
    hierarchy_free(&h);
    for (int q = 0; q < 7; q++) free(v[q]);
  }
  pf_backend_destroy(backend);
}

/* Without m every level has the constants in its kernel, and P keeps them. */
static void constants_are_kept(void) {
  pf_backend *backend = pf_test_backend();
  for (size_t s = 0; s < sizeof any_shape / sizeof *any_shape; s++) {
    hierarchy h;
    const pf_grid *g = &any_shape[s];
    float *one = malloc((size_t)pf_cells(g) * sizeof *one), *result = malloc((size_t)pf_cells(g) * sizeof *result);
    CU_ASSERT_FATAL(one && result);
    for (ptrdiff_t c = 0; c < pf_cells(g); c++) one[c] = 1;
    CU_ASSERT_FATAL(hierarchy_make(&h, backend, g, 0));
    for (int l = 0; l < pf_boxmg_levels(h.box); l++) {
      const pf_grid level = pf_boxmg_grid(h.box, l);
      minus_a(&h, l, one, result);
      for (ptrdiff_t c = 0; c < pf_cells(&level); c++) CU_ASSERT(fabsf(result[c]) <= 0);
      if (l + 1 == pf_boxmg_levels(h.box)) break;
      transfer(&h, l, true, one, result);
      for (ptrdiff_t c = 0; c < pf_cells(&level); c++) CU_ASSERT(fabsf(result[c] - 1) <= 1e-6f);
    }
    hierarchy_free(&h);
    free(one), free(result);
  }
  pf_backend_destroy(backend);
}

/* ---- shapes and bits ---- */

static void shapes_converge(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid shape[] = {{301, 3, 1, 1}, {160, 2, 1, 1},  {90, 7, 2, 1}, {650, 1, 1, 1},
                           {61, 1, 37, 1}, {19, 18, 17, 1}, {5, 4, 1, 1}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
    pf_dendrite d;
    problem p;
    CU_ASSERT_FATAL(pf_dendrite_make(&shape[s], 1, 1e6, 0, &d));
    if (problem_make(&p, backend, &shape[s], &d)) {
      const int plain = problem_solve(&p, 1e-9, 60).iterations;
      PF_ASSERT_OK(p.backend->upload(backend, p.array[5], d.b, p.bytes));
      *pf_multigrid_box_solves(p.mg) = 1;
      const int box = problem_solve(&p, 1e-9, 60).iterations;
      CU_ASSERT(box <= plain);
    }
    problem_free(&p);
    pf_dendrite_free(&d);
  }
  pf_backend_destroy(backend);
}

static double *solution(const char *backend_name, int threads, const pf_grid *g, const pf_dendrite *d) {
  pf_backend *backend;
  problem p;
  double *u = NULL;
  if (!pf_test_ok(pf_backend_create(backend_name, threads, &backend), "backend", __FILE__, __LINE__)) return NULL;
  if (problem_make(&p, backend, g, d)) {
    *pf_multigrid_box_solves(p.mg) = 1;
    const pf_solve_report report = problem_solve(&p, 1e-9, 60);
    CU_ASSERT(report.box && report.converged);
    u = p.host;
    p.host = NULL;
  }
  problem_free(&p);
  pf_backend_destroy(backend);
  return u;
}

static void same_bits(void) {
  const pf_grid shape[] = {{150, 61, 1, 1}, {19, 18, 17, 1}};
  for (int s = 0; s < 2; s++) {
    const pf_grid *g = &shape[s];
    const size_t bytes = (size_t)pf_cells(g) * sizeof(double);
    const pf_islands is = {1e7, 0.1, 0, 0, 1, 1};
    pf_dendrite d = {0};
    CU_ASSERT_FATAL(pf_islands_make(g, 1, &is, &d));
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

/* ---- when it is used ---- */

static void switch_rule(void) {
  pf_backend *backend = pf_test_backend();
  const pf_grid g = {128, 128, 1, 1};
  pf_dendrite easy, hard = {0};
  problem p;
  const pf_islands is = {1e7, 0.04, 0, 0, 0, 1};
  CU_ASSERT_FATAL(pf_dendrite_make(&g, 1, 1e5, 0, &easy) && pf_islands_make(&g, 1, &is, &hard));
  if (problem_make(&p, backend, &g, &easy)) {
    (void)problem_solve(&p, 1e-9, 1); /* the backend has what it needs by itself */
    const size_t bytes = backend->bytes;
    CU_ASSERT(!problem_solve(&p, 1e-9, 60).box);
    CU_ASSERT_EQUAL(backend->bytes, bytes); /* nothing is taken where it is not needed */
    const double *from[] = {hard.ax, hard.ay, NULL, hard.m, hard.b};
    for (int q = 0; q < 5; q++)
      if (from[q]) PF_ASSERT_OK(backend->upload(backend, p.array[q], from[q], p.bytes));
    PF_ASSERT_OK(pf_multigrid_set(p.mg, p.array[0], p.array[1], NULL, p.array[3]));
    CU_ASSERT(!problem_solve(&p, 1e-8, 16).box); /* 16 and no more: not yet */
    CU_ASSERT_EQUAL(backend->bytes, bytes);
    PF_ASSERT_OK(start_from_zero(&p));
    const pf_solve_report first = problem_solve(&p, 1e-8, 100);
    CU_ASSERT(first.box && first.iterations > 16);
    PF_ASSERT_WITHIN((double)(backend->bytes - bytes), pf_boxmg_bytes(&g, false), 1);
    CU_ASSERT_EQUAL(*pf_multigrid_box_solves(p.mg), 63);
    PF_ASSERT_OK(start_from_zero(&p));
    const pf_solve_report second = problem_solve(&p, 1e-8, 100);
    CU_ASSERT(second.box && second.iterations < first.iterations);
    *pf_multigrid_box_solves(p.mg) = 1;
    (void)problem_solve(&p, 1e-9, 100);
    CU_ASSERT_EQUAL(*pf_multigrid_box_solves(p.mg), 0);
    PF_ASSERT_OK(start_from_zero(&p));
    CU_ASSERT(!problem_solve(&p, 1e-8, 1).box); /* the plain one again */
  }
  problem_free(&p);
  pf_dendrite_free(&easy);
  pf_dendrite_free(&hard);
  pf_backend_destroy(backend);
}

/* ---- errors that are measured where m is ---- */

static double error_of(const problem *p, const pf_dendrite *d, const double *exact) {
  double sum = 0;
  for (ptrdiff_t c = 0; c < pf_cells(&p->grid); c++) sum += d->m[c] * (p->host[c] - exact[c]) * (p->host[c] - exact[c]);
  return sqrt(sum);
}

/* Islands whose surfaces react: the error that is reported is the true one, and it is as small as was asked for. */
static void errors_are_found(void) {
  const pf_grid g = {128, 128, 1, 1.0 / 128};
  const pf_islands is = {.contrast = 1e7, .largest = 0.08, .surface = 1};
  pf_dendrite d;
  problem p;
  CU_ASSERT_FATAL(pf_islands_make(&g, 3, &is, &d));
  pf_backend *backend = pf_test_backend();
  double *exact = calloc((size_t)pf_cells(&g), sizeof *exact);
  if (backend && exact && problem_make(&p, backend, &g, &d)) {
    *pf_multigrid_box_solves(p.mg) = 9; /* whose cycles are good */
    (void)problem_solve(&p, 1e-13, 400);
    memcpy(exact, p.host, p.bytes);
    static const double tolerance[] = {0.3, 1e-2, 1e-3};
    for (int n = 0; n < 3; n++) {
      pf_solve_report report;
      PF_ASSERT_OK(start_from_zero(&p));
      memset(p.host, 0, p.bytes);
      const double first = error_of(&p, &d, exact);
      PF_ASSERT_OK(pf_multigrid_correct(p.mg, p.array[4], p.array[5], tolerance[n], 0, 100, &report));
      PF_ASSERT_OK(backend->download(backend, p.host, p.array[5], p.bytes));
      CU_ASSERT(report.converged);
      printf("[%d: %.2e of %.2e, %.2e] ", report.iterations, report.first, first, report.last);
      PF_ASSERT_WITHIN(report.first, first, 0.2);
      PF_ASSERT_AT_MOST(report.last, tolerance[n] * report.first);
      PF_ASSERT_AT_MOST(error_of(&p, &d, exact), report.last); /* which is that before the last iteration */
    }
    pf_solve_report report; /* small beside a size that is given, and found anew */
    PF_ASSERT_OK(start_from_zero(&p));
    PF_ASSERT_OK(pf_multigrid_correct(p.mg, p.array[4], p.array[5], 1e-3, 1e4, 100, &report));
    CU_ASSERT(report.converged && report.iterations == 1);
    problem_free(&p);
  }
  free(exact);
  pf_dendrite_free(&d);
  if (backend) pf_backend_destroy(backend);
}

void t210_boxmg(void);
void t210_boxmg(void) {
  pf_test_suite("multigrid with transfers by the operator",
                (pf_test[]){{"60 floating islands at 1e7: at most 40 iterations", floating_islands},
                            {"coarse operators are P^T A P, and symmetric", coarse_is_galerkin},
                            {"without m constants stay constants on every level", constants_are_kept},
                            {"any shape: no more iterations than the plain one", shapes_converge},
                            {"the same bits with 1, 2, 3 threads and on check", same_bits},
                            {"it is used where it is needed", switch_rule},
                            {"errors of what floats are found", errors_are_found}});
}
