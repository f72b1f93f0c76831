/* t000_backend.c: memory and kernels of a backend against plain loops.
 *
 * Kernels that read neighbours are given whole numbers small enough for every sum to be exact, so that bits can be
 * compared whatever order or fused instruction a compiler chose. */
#include "launch.h"
#include "test.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Odd, prime and tiny sizes, with and without seams, in 1-D, 2-D (either plane) and 3-D; some take several threads, or
 * several tiles of lines. */
static const int sizes[][3] = {{1, 1, 1},   {2, 1, 1},    {3, 1, 1},    {257, 1, 1},  {5003, 1, 1}, {1, 7, 1},
                               {1, 1, 5},   {2, 2, 1},    {3, 3, 1},    {127, 61, 1}, {64, 80, 1},  {130, 2, 1},
                               {7, 1, 9},   {1, 701, 1},  {5, 1000, 1}, {700, 7, 1},  {1, 64, 80},  {2, 2, 2},
                               {3, 3, 3},   {4, 2, 3},    {17, 19, 23}, {16, 18, 20}, {18, 2, 131}, {19, 131, 2},
                               {33, 16, 9}, {12, 33, 14}, {701, 21, 6}, {353, 34, 5}};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static pf_grid grid_of(int n) {
  const pf_grid g = {.nx = sizes[n][0], .ny = sizes[n][1], .nz = sizes[n][2], .h = 1};
  return g;
}

/* Whole numbers in -range .. range, the same in every run. */
static int whole(unsigned *state, int range) {
  *state = *state * 1664525u + 1013904223u;
  return (int)((*state >> 8) % (unsigned)(2 * range + 1)) - range;
}

/* A problem for the kernels mg_relax, mg_residual (float) and axpy, dot, health (double) on one grid, on the host. */
typedef struct problem {
  pf_grid g;
  size_t cells;
  float *ax, *ay, *az, *scale, *b, *u;
  double *x, *y;
} problem;

static int problem_make(problem *p, pf_grid g, int exact) {
  unsigned seed = 7;
  memset(p, 0, sizeof *p);
  p->g = g;
  p->cells = (size_t)pf_cells(&g);
  float **const f[] = {&p->ax, &p->ay, &p->az, &p->scale, &p->b, &p->u};
  for (int n = 0; n < 6; n++) {
    *f[n] = calloc(p->cells, sizeof(float));
    if (!*f[n]) return 0;
  }
  p->x = calloc(p->cells, sizeof(double));
  p->y = calloc(p->cells, sizeof(double));
  if (!p->x || !p->y) return 0;
  for (size_t c = 0; c < p->cells; c++) {
    p->ax[c] = p->ay[c] = p->az[c] = 1;
    p->b[c] = (float)whole(&seed, 1);
    p->u[c] = (float)whole(&seed, 1);
    p->x[c] = exact ? whole(&seed, 9) : whole(&seed, 99999) / 7.0;
    p->y[c] = exact ? whole(&seed, 9) : whole(&seed, 99999) / 13.0;
    if (exact) continue;
    p->ax[c] += (float)whole(&seed, 99) / 333.0f;
    p->ay[c] += (float)whole(&seed, 99) / 333.0f;
    p->az[c] += (float)whole(&seed, 99) / 333.0f;
    p->u[c] += (float)whole(&seed, 99) / 777.0f;
  }
  /* exact: a relaxed value is a sum of whole numbers */
  for (size_t c = 0; c < p->cells; c++) p->scale[c] = exact ? 1 : 0.21f;
  return 1;
}

static void problem_free(problem *p) {
  float *const f[] = {p->ax, p->ay, p->az, p->scale, p->b, p->u};
  for (int n = 0; n < 6; n++) free(f[n]);
  free(p->x);
  free(p->y);
}

/* What the kernels make of it. */
typedef struct outcome {
  float *u, *r; /* after a sweep, and the residual */
  double *y;
  double dot[PF_SUMS], health[PF_SUMS];
} outcome;

static int outcome_make(outcome *o, size_t cells) {
  memset(o, 0, sizeof *o);
  o->u = calloc(cells, sizeof(float));
  o->r = calloc(cells, sizeof(float));
  o->y = calloc(cells, sizeof(double));
  return o->u && o->r && o->y;
}

static void outcome_free(outcome *o) {
  free(o->u);
  free(o->r);
  free(o->y);
}

static pf_status on_device(pf_backend *b, const void *host, size_t bytes, void **array) {
  PF_TRY(b->allocate(b, bytes, array));
  return b->upload(b, *array, host, bytes);
}

static pf_status run_on(pf_backend *b, const problem *p, outcome *o) {
  const pf_grid *g = &p->g;
  const size_t f = p->cells * sizeof(float), d = p->cells * sizeof(double);
  void *ax, *ay, *az, *scale, *bb, *u, *r, *x, *y;
  PF_TRY(on_device(b, p->ax, f, &ax));
  PF_TRY(on_device(b, p->ay, f, &ay));
  PF_TRY(on_device(b, p->az, f, &az));
  PF_TRY(on_device(b, p->scale, f, &scale));
  PF_TRY(on_device(b, p->b, f, &bb));
  PF_TRY(on_device(b, p->u, f, &u));
  PF_TRY(on_device(b, p->x, d, &x));
  PF_TRY(on_device(b, p->y, d, &y));
  PF_TRY(b->allocate(b, f, &r));
  PF_TRY(PF_MAP(b, axpy, g, .x = x, .y = y, .a = 3));
  PF_TRY(PF_SUM(b, dot, g, o->dot, .x = x, .y = y));
  PF_TRY(PF_MAX(b, health, g, o->health, .xi = x, .phi = y, .s = y, .reaction = x, .weight = y, .eps = 1));
  /* one sweep, of up to eight parts: numbers up to 7^8 still have room in 24 bits */
  PF_TRY(PF_SWEEP(b, mg_relax, g, .ax = ax, .ay = g->ny > 1 ? ay : NULL, .az = g->nz > 1 ? az : NULL, .scale = scale,
                  .b = bb, .u = u));
  PF_TRY(PF_MAP(b, mg_residual, g, .ax = ax, .ay = g->ny > 1 ? ay : NULL, .az = g->nz > 1 ? az : NULL, .m = scale,
                .b = bb, .u = u, .r = r));
  PF_TRY(b->download(b, o->u, u, f));
  PF_TRY(b->download(b, o->r, r, f));
  PF_TRY(b->download(b, o->y, y, d));
  void *const all[] = {ax, ay, az, scale, bb, u, r, x, y};
  for (int n = 0; n < 9; n++) b->release(b, all[n]);
  return b->synchronize(b);
}

/* Class of a cell: 1 for the last row of an odd periodic y, 2 of z, 3 of both (pf_kernel.h). */
static int class_of(const pf_grid *g, int j, int k) {
  const int y = g->ny > 1 && g->ny % 2 == 1 && j == g->ny - 1, z = g->nz > 1 && g->nz % 2 == 1 && k == g->nz - 1;
  return y + 2 * z;
}

/* The same in plain loops, cell after cell. */
static void run_plain(const problem *p, outcome *o) {
  const pf_grid *g = &p->g;
  const int ny = g->ny, nz = g->nz;
  memcpy(o->u, p->u, p->cells * sizeof(float));
  memcpy(o->y, p->y, p->cells * sizeof(double));
  const pf_mg_relax_args relax = {
      .ax = p->ax, .ay = ny > 1 ? p->ay : NULL, .az = nz > 1 ? p->az : NULL, .scale = p->scale, .b = p->b, .u = o->u};
  const pf_mg_residual_args residual = {
      .ax = relax.ax, .ay = relax.ay, .az = relax.az, .m = p->scale, .b = p->b, .u = o->u, .r = o->r};
  for (int class = 0; class < 4; class ++) {
    for (int colour = 0; colour < 2; colour++) {
      for (int k = 0; k < nz; k++) {
        for (int j = 0; j < ny; j++) {
          for (int i = 0; i < g->nx; i++) {
            if (class_of(g, j, k) == class && (i + j + k) % 2 == colour)
              pf_cell_mg_relax(&relax, pf_at_cell(g, (ptrdiff_t)k * ny + j, i));
          }
        }
      }
    }
  }
  const pf_health_args health = {.xi = p->x, .phi = o->y, .s = o->y, .reaction = p->x, .weight = o->y, .eps = 1};
  for (int s = 0; s < PF_SUMS; s++) o->health[s] = -(double)INFINITY;
  for (size_t c = 0; c < p->cells; c++) {
    const pf_at at = pf_at_cell(g, (ptrdiff_t)c / g->nx, (int)((ptrdiff_t)c % g->nx));
    o->y[c] += 3 * p->x[c];
    o->dot[0] += p->x[c] * o->y[c];
    pf_cell_mg_residual(&residual, at);
    const pf_sums h = pf_cell_health(&health, at);
    for (int s = 0; s < PF_SUMS; s++) o->health[s] = fmax(o->health[s], h.s[s]);
  }
}

static int same(const outcome *a, const outcome *b, size_t cells) {
  return !memcmp(a->u, b->u, cells * sizeof(float)) && !memcmp(a->r, b->r, cells * sizeof(float)) &&
         !memcmp(a->y, b->y, cells * sizeof(double)) && !memcmp(a->dot, b->dot, sizeof a->dot) &&
         !memcmp(a->health, b->health, sizeof a->health);
}

static void kernels_as_plain_loops(void) {
  pf_backend *b = pf_test_backend();
  for (int n = 0; n < SIZES; n++) {
    problem p = {.cells = 0};
    outcome o = {.u = NULL}, plain = {.u = NULL};
    if (!problem_make(&p, grid_of(n), 1) || !outcome_make(&o, p.cells) || !outcome_make(&plain, p.cells)) {
      CU_FAIL_FATAL("no memory");
    }
    PF_ASSERT_OK(run_on(b, &p, &o));
    run_plain(&p, &plain);
    for (size_t c = 0; c < p.cells; c++) o.r[c] += 0.0f, plain.r[c] += 0.0f, o.u[c] += 0.0f, plain.u[c] += 0.0f;
    for (int m = 0; m < PF_SUMS; m++) PF_ASSERT_NEAR(o.health[m], plain.health[m], 1e-14); /* has a division */
    memcpy(o.health, plain.health, sizeof o.health);
    const int good = same(&o, &plain, p.cells);
    CU_ASSERT(good);
    if (!good) printf("  on %d x %d x %d\n", p.g.nx, p.g.ny, p.g.nz);
    CU_ASSERT_EQUAL(b->bytes, 0);
    problem_free(&p);
    outcome_free(&o);
    outcome_free(&plain);
  }
  pf_backend_destroy(b);
}

/* One outcome of each backend and number of threads on rough numbers, bit for bit. */
static void same_bits(const char *const *names, const int *threads, int count) {
  for (int n = 0; n < SIZES; n++) {
    problem p = {.cells = 0};
    outcome o[2] = {{.u = NULL}, {.u = NULL}};
    if (!problem_make(&p, grid_of(n), 0) || !outcome_make(&o[0], p.cells) || !outcome_make(&o[1], p.cells)) {
      CU_FAIL_FATAL("no memory");
    }
    for (int t = 0; t < count; t++) {
      pf_backend *b;
      PF_ASSERT_OK_FATAL(pf_backend_create(names[t], threads[t], &b));
      PF_ASSERT_OK(run_on(b, &p, &o[t > 0]));
      if (t > 0) {
        const int good = same(&o[0], &o[1], p.cells);
        CU_ASSERT(good);
        if (!good) printf("  %s, %d threads, %d x %d x %d\n", names[t], threads[t], p.g.nx, p.g.ny, p.g.nz);
      }
      pf_backend_destroy(b);
    }
    problem_free(&p);
    outcome_free(&o[0]);
    outcome_free(&o[1]);
  }
}

static void same_for_any_threads(void) {
  const char *const names[] = {"cpu", "cpu", "cpu", "cpu", "cpu"};
  const int threads[] = {1, 2, 3, 7, 2};
  same_bits(names, threads, 5);
}

static void check_is_cpu(void) {
  const char *const names[] = {"cpu", "check", "check"};
  const int threads[] = {1, 1, 2};
  same_bits(names, threads, 3);
}

static void nan_is_not_lost(void) {
  pf_backend *b = pf_test_backend();
  const pf_grid g = {.nx = 91, .ny = 53, .nz = 1, .h = 1};
  const size_t cells = (size_t)pf_cells(&g), bytes = cells * sizeof(double);
  double *host = calloc(cells, sizeof *host), sum[PF_SUMS];
  void *x, *y;
  CU_ASSERT_PTR_NOT_NULL_FATAL(host);
  PF_ASSERT_OK_FATAL(b->allocate(b, bytes, &x));
  PF_ASSERT_OK_FATAL(b->allocate(b, bytes, &y));
  PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = y, .a = 1));
  const size_t places[] = {0, 45, 90, 91 * 26 + 1, cells - 1};
  for (int n = 0; n < 5; n++) {
    host[places[n]] = (double)NAN;
    PF_ASSERT_OK(b->upload(b, x, host, bytes));
    PF_ASSERT_OK(PF_SUM(b, dot, &g, sum, .x = x, .y = y));
    CU_ASSERT(isnan(sum[0]));
    PF_ASSERT_OK(PF_MAX(b, health, &g, sum, .xi = y, .phi = x, .s = y, .reaction = y, .weight = y, .eps = 1));
    CU_ASSERT(sum[3] >= 1);
    host[places[n]] = 0;
  }
  PF_ASSERT_OK(b->upload(b, x, host, bytes));
  PF_ASSERT_OK(PF_MAX(b, health, &g, sum, .xi = y, .phi = x, .s = y, .reaction = y, .weight = y, .eps = 1));
  CU_ASSERT(sum[3] <= 0);
  b->release(b, x);
  b->release(b, y);
  free(host);
  pf_backend_destroy(b);
}

static void memory(void) {
  pf_backend *b = pf_test_backend();
  const size_t lengths[] = {1, 63, 64, 65, 4096, 1000003, ((size_t)5 << 20) + 13};
  void *array[7], *second;
  for (int n = 0; n < 7; n++) {
    const size_t bytes = lengths[n];
    unsigned char *host = malloc(bytes), *back = malloc(bytes);
    if (!host || !back) CU_FAIL_FATAL("no memory");
    PF_ASSERT_OK_FATAL(b->allocate(b, bytes, &array[n]));
    CU_ASSERT_EQUAL((uintptr_t)array[n] % 64, 0);
    memset(back, 1, bytes);
    PF_ASSERT_OK(b->download(b, back, array[n], bytes));
    size_t other = 0;
    for (size_t i = 0; i < bytes; i++) other += back[i] != 0;
    CU_ASSERT_EQUAL(other, 0); /* zeroed */
    for (size_t i = 0; i < bytes; i++) host[i] = (unsigned char)(i * 31 + (size_t)n);
    PF_ASSERT_OK(b->upload(b, array[n], host, bytes));
    PF_ASSERT_OK_FATAL(b->allocate(b, bytes, &second));
    PF_ASSERT_OK(b->copy(b, second, array[n], bytes));
    PF_ASSERT_OK(b->download(b, back, second, bytes));
    CU_ASSERT(!memcmp(host, back, bytes));
    b->release(b, second);
    free(host);
    free(back);
  }
  size_t total = 0;
  for (int n = 0; n < 7; n++) total += lengths[n];
  CU_ASSERT_EQUAL(b->bytes, total);
  CU_ASSERT_EQUAL(b->bytes_peak, total + lengths[6]);
  for (int n = 0; n < 7; n++) b->release(b, array[n]);
  b->release(b, NULL);
  CU_ASSERT_EQUAL(b->bytes, 0);
  PF_ASSERT_FAILS(b->allocate(b, (size_t)1 << 62, &second), PF_NO_MEMORY, "GiB");
  CU_ASSERT_PTR_NULL(second);
  PF_ASSERT_OK(b->synchronize(b));
  pf_backend_destroy(b);
}

/* Arrived, as a thread that writes asks for it. */
typedef struct waiting_thread {
  pf_backend *backend;
  pf_room *room;
  pf_status status;
} waiting_thread;
static void *wait_in_thread(void *of) {
  waiting_thread *w = of;
  w->status = w->backend->arrived(w->backend, w->room);
  return NULL;
}

/* What is fetched is that of the moment, however late it is looked at. */
static void fetched(void) {
  enum { N = 4000, ROUNDS = 3 };
  const pf_grid g = {.nx = N / 4, .ny = 4, .nz = 1, .h = 1};
  const size_t bytes = N * sizeof(double);
  pf_backend *b = pf_test_backend();
  pf_room room[2];
  double *a, sums[PF_SUMS];
  PF_ASSERT_OK_FATAL(b->allocate(b, bytes, (void **)&a));
  for (int r = 0; r < 2; r++) PF_ASSERT_OK_FATAL(b->allocate_host(b, 2 * bytes, &room[r]));
  for (int n = 0; n < ROUNDS; n++) {
    for (int r = 0; r < 2; r++) {
      for (int part = 0; part < 2; part++) {
        PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = a, .a = 10 * n + 2 * r + part));
        PF_ASSERT_OK(b->fetch(b, &room[r], (size_t)part * bytes, a, bytes));
      }
      PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = a, .a = -1));
    }
    if (n == 1) PF_ASSERT_OK(PF_SUM(b, dot, &g, sums, .x = a, .y = a));
    for (int r = 1; r >= 0; r--) { /* in any order */
      waiting_thread w = {b, &room[r], PF_FAILED};
      pthread_t thread;
      CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_in_thread, &w), 0);
      (void)pthread_join(thread, NULL);
      PF_ASSERT_OK(w.status);
      int wrong = 0;
      for (int c = 0; c < 2 * N; c++) wrong += fabs(((double *)room[r].place)[c] - (10 * n + 2 * r + c / N)) > 0;
      CU_ASSERT_EQUAL(wrong, 0);
    }
  }
  PF_ASSERT_FAILS(b->fetch(b, &room[0], bytes + 1, a, bytes), PF_FAILED, "are fetched into a room of");
  for (int r = 0; r < 2; r++) b->release_host(b, &room[r]);
  b->release(b, a);
  CU_ASSERT_EQUAL(b->bytes, 0);
  pf_backend_destroy(b);
}

/* A chain of two sweeps and a residual, or of axpy on the way, against one kernel after the other. */
static pf_status chain_on(pf_backend *b, const problem *p, int chained, outcome *o) {
  const pf_grid *g = &p->g;
  const size_t f = p->cells * sizeof(float);
  void *ax, *ay, *az, *scale, *bb, *u, *r;
  PF_TRY(on_device(b, p->ax, f, &ax));
  PF_TRY(on_device(b, p->ay, f, &ay));
  PF_TRY(on_device(b, p->az, f, &az));
  PF_TRY(on_device(b, p->scale, f, &scale));
  PF_TRY(on_device(b, p->b, f, &bb));
  PF_TRY(on_device(b, p->u, f, &u));
  PF_TRY(b->allocate(b, f, &r));
  float *y = g->ny > 1 ? ay : NULL, *z = g->nz > 1 ? az : NULL;
#define RELAX PF_STAGE(mg_relax, .ax = ax, .ay = y, .az = z, .scale = scale, .b = bb, .u = u)
  const pf_stage stage[] = {
      RELAX, RELAX, PF_STAGE(mg_residual, .ax = ax, .ay = y, .az = z, .m = scale, .b = bb, .u = u, .r = r), RELAX};
#undef RELAX
  PF_TRY(chained ? b->chain(b, stage, 4, g) : pf_chain_plain(b, stage, 4, g));
  PF_TRY(b->download(b, o->u, u, f));
  PF_TRY(b->download(b, o->r, r, f));
  void *const all[] = {ax, ay, az, scale, bb, u, r};
  for (int n = 0; n < 7; n++) b->release(b, all[n]);
  return b->synchronize(b);
}

static void chains_change_nothing(void) {
  static const pf_grid more[] = {{3, 13, 1, 1}, {3, 14, 1, 1}, {5, 28, 1, 1}, {100, 100, 1, 1}, {201, 58, 1, 1}};
  for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
    pf_backend *b = NULL;
    PF_ASSERT_OK_FATAL(pf_backend_create(pf_test_backend_name(), threads, &b));
    for (int n = 0; n < SIZES + 5; n++) {
      problem p = {.cells = 0};
      outcome o = {.u = NULL}, plain = {.u = NULL};
      if (!problem_make(&p, n < SIZES ? grid_of(n) : more[n - SIZES], 0) || !outcome_make(&o, p.cells) ||
          !outcome_make(&plain, p.cells)) {
        CU_FAIL_FATAL("no memory");
      }
      PF_ASSERT_OK(chain_on(b, &p, 0, &plain));
      PF_ASSERT_OK(chain_on(b, &p, 1, &o));
      const int good = same(&o, &plain, p.cells);
      CU_ASSERT(good);
      if (!good) printf("  on %d x %d x %d, %d threads\n", p.g.nx, p.g.ny, p.g.nz, threads);
      problem_free(&p);
      outcome_free(&o);
      outcome_free(&plain);
    }
    const pf_grid g = {.nx = 4, .ny = 4, .nz = 1, .h = 1};
    const pf_stage wrong[] = {PF_STAGE(dot, .x = NULL, .y = NULL)};
    PF_ASSERT_FAILS(b->chain(b, wrong, 1, &g), PF_FAILED, "kernel dot is run as MAP, but is a SUM kernel");
    PF_ASSERT_FAILS(b->chain(b, wrong, 0, &g), PF_FAILED, "a chain of 0 stages");
    pf_backend_destroy(b);
  }
}

/* Operations of every kind that may wait, between begin and end or not, `times` times from the same values: the second time
 * a backend may know them, the third time it does. */
static pf_status list_on(pf_backend *b, const problem *p, int waiting, int times, outcome *o) {
  const pf_grid *g = &p->g;
  const size_t f = p->cells * sizeof(float), d = p->cells * sizeof(double);
  void *ax, *ay, *az, *scale, *bb, *u, *r, *x, *y, *copy, *sums;
  PF_TRY(on_device(b, p->ax, f, &ax));
  PF_TRY(on_device(b, p->ay, f, &ay));
  PF_TRY(on_device(b, p->az, f, &az));
  PF_TRY(on_device(b, p->scale, f, &scale));
  PF_TRY(on_device(b, p->b, f, &bb));
  PF_TRY(on_device(b, p->u, f, &u));
  PF_TRY(b->allocate(b, f, &r));
  PF_TRY(on_device(b, p->x, d, &x));
  PF_TRY(on_device(b, p->y, d, &y));
  PF_TRY(b->allocate(b, d, &copy));
  PF_TRY(b->allocate(b, PF_SUMS * sizeof(double), &sums));
  float *face_y = g->ny > 1 ? ay : NULL, *face_z = g->nz > 1 ? az : NULL;
  const pf_stage stage[] = {
      PF_STAGE(mg_zero, .u = r),
      PF_STAGE(mg_relax, .ax = ax, .ay = face_y, .az = face_z, .scale = scale, .b = bb, .u = u),
      PF_STAGE(mg_residual, .ax = ax, .ay = face_y, .az = face_z, .m = scale, .b = bb, .u = u, .r = r)};
  for (int n = 0; n < times; n++) {
    PF_TRY(b->upload(b, u, p->u, f));
    PF_TRY(b->upload(b, r, p->u, f)); /* not what it will be */
    PF_TRY(b->upload(b, y, p->y, d));
    if (waiting) PF_TRY(b->begin(b));
    if (waiting) PF_TRY(b->begin(b)); /* they nest */
    PF_TRY(b->chain(b, stage, 3, g));
    PF_TRY(b->map(b, stage[0].kernel, g, stage[0].args));
    PF_TRY(b->sweep(b, stage[1].kernel, g, stage[1].args));
    PF_TRY(b->copy(b, copy, x, d));
    if (waiting) PF_TRY(b->end(b));
    PF_TRY(PF_MAP(b, axpy, g, .x = copy, .y = y, .a = 3));
    PF_TRY(PF_TOTAL(b, dot, g, sums, .x = copy, .y = y));
    PF_TRY(b->map(b, stage[2].kernel, g, stage[2].args));
    if (waiting && n == 3) { /* an operation that does not wait sees what was asked for before it */
      PF_TRY(b->download(b, o->u, r, f));
      PF_TRY(PF_SUM(b, dot, g, o->health, .x = copy, .y = y));
    }
    if (waiting) PF_TRY(b->end(b));
  }
  PF_TRY(b->download(b, o->r, r, f));
  PF_CHECK(!waiting || times < 4 || !memcmp(o->u, o->r, f), PF_FAILED, "a download came before what waited was done");
  PF_TRY(b->download(b, o->u, u, f));
  PF_TRY(b->download(b, o->y, y, d));
  PF_TRY(b->download(b, o->dot, sums, sizeof o->dot));
  PF_TRY(PF_SUM(b, dot, g, o->health, .x = copy, .y = y));
  void *const all[] = {ax, ay, az, scale, bb, u, r, x, y, copy, sums};
  for (int n = 0; n < 11; n++) b->release(b, all[n]);
  return b->synchronize(b);
}

static void waiting_changes_nothing(void) {
  pf_backend *b = pf_test_backend();
  for (int n = 0; n < SIZES; n++) {
    problem p = {.cells = 0};
    outcome o = {.u = NULL}, plain = {.u = NULL};
    if (!problem_make(&p, grid_of(n), 0) || !outcome_make(&o, p.cells) || !outcome_make(&plain, p.cells))
      CU_FAIL_FATAL("no memory");
    PF_ASSERT_OK(list_on(b, &p, 0, 1, &plain));
    CU_ASSERT(!memcmp(plain.dot, plain.health, sizeof plain.dot)); /* total and sum */
    for (int times = 1; times <= 4; times++) {
      PF_ASSERT_OK(list_on(b, &p, 1, times, &o));
      const int good = same(&o, &plain, p.cells);
      CU_ASSERT(good);
      if (!good) printf("  on %d x %d x %d, %d times\n", p.g.nx, p.g.ny, p.g.nz, times);
    }
    problem_free(&p);
    outcome_free(&o);
    outcome_free(&plain);
  }
  pf_backend_destroy(b);
}

/* The first sweep of a cycle against a sweep from zero. */
static void first_sweep(void) {
  static const pf_grid grids[] = {{9, 1, 1, 1}, {33, 8, 1, 1}, {16, 16, 1, 1}, {17, 6, 4, 1}};
  pf_backend *b = pf_test_backend();
  for (int n = 0; n < 4; n++) {
    const pf_grid *g = &grids[n];
    problem p = {.cells = 0};
    outcome o = {.u = NULL};
    if (!problem_make(&p, *g, 0) || !outcome_make(&o, p.cells)) CU_FAIL_FATAL("no memory");
    const size_t f = p.cells * sizeof(float);
    void *ax, *ay, *az, *scale, *bb, *u;
    PF_ASSERT_OK_FATAL(on_device(b, p.ax, f, &ax));
    PF_ASSERT_OK_FATAL(on_device(b, p.ay, f, &ay));
    PF_ASSERT_OK_FATAL(on_device(b, p.az, f, &az));
    PF_ASSERT_OK_FATAL(on_device(b, p.scale, f, &scale));
    PF_ASSERT_OK_FATAL(on_device(b, p.b, f, &bb));
    PF_ASSERT_OK_FATAL(b->allocate(b, f, &u));
    float *y = g->ny > 1 ? ay : NULL, *z = g->nz > 1 ? az : NULL;
    PF_ASSERT_OK(PF_MAP(b, mg_relax_start, g, .ax = ax, .ay = y, .az = z, .scale = scale, .b = bb, .u = u));
    PF_ASSERT_OK(b->download(b, o.r, u, f));
    PF_ASSERT_OK(PF_MAP(b, mg_zero, g, .u = u));
    PF_ASSERT_OK(PF_SWEEP(b, mg_relax, g, .ax = ax, .ay = y, .az = z, .scale = scale, .b = bb, .u = u));
    PF_ASSERT_OK(b->download(b, o.u, u, f));
    for (size_t c = 0; c < p.cells; c++) CU_ASSERT_DOUBLE_EQUAL(o.u[c], o.r[c], 1e-5 * (1 + fabs((double)o.u[c])));
    void *const all[] = {ax, ay, az, scale, bb, u};
    for (int q = 0; q < 6; q++) b->release(b, all[q]);
    problem_free(&p);
    outcome_free(&o);
  }
  pf_backend_destroy(b);
}

static void refusals(void) {
  pf_backend *b = NULL;
  const pf_grid g = {.nx = 4, .ny = 4, .nz = 1, .h = 1}, none = {.nx = 4, .ny = 0, .nz = 1, .h = 1};
  double sum[PF_SUMS];
  PF_ASSERT_FAILS(pf_backend_create("gpu", 1, &b), PF_USAGE, "none of auto, cpu, check, cuda");
  CU_ASSERT_PTR_NULL(b);
  PF_ASSERT_OK_FATAL(pf_backend_create("auto", 1, &b));
  CU_ASSERT(!strcmp(b->name, "cpu") || !strcmp(b->name, "cuda"));
  pf_backend_destroy(b);
  b = pf_test_backend();
  const pf_dot_args dot = {.x = NULL, .y = NULL};
  PF_ASSERT_FAILS(b->map(b, PF_KERNEL_dot, &g, &dot), PF_FAILED, "kernel dot is run as MAP, but is a SUM kernel");
  PF_ASSERT_FAILS(b->sum(b, PF_KERNEL_health, &g, &dot, sum), PF_FAILED, "is a MAX kernel");
  PF_ASSERT_FAILS(b->max(b, PF_KERNEL_dot, &g, &dot, sum), PF_FAILED, "run as MAX");
  PF_ASSERT_FAILS(b->sweep(b, PF_KERNEL_fill, &g, &dot), PF_FAILED, "run as SWEEP");
  PF_ASSERT_FAILS(b->map(b, PF_KERNEL_COUNT, &g, &dot), PF_FAILED, "there is no kernel");
  PF_ASSERT_FAILS(b->sum(b, PF_KERNEL_dot, &none, &dot, sum), PF_FAILED, "kernel dot on a grid of 4 x 0 x 1");
  pf_backend_destroy(b);
}

/* Every cell is visited once, and in a sweep by its own part, for any grid. */
static void launches_visit_once(void) {
  for (int n = 0; n < SIZES; n++) {
    const pf_grid g = grid_of(n);
    unsigned char *visits = calloc((size_t)pf_cells(&g), 1);
    if (!visits) CU_FAIL_FATAL("no memory");
    size_t wrong = 0, idle = 0;
    for (int part = PF_ALL_CELLS; part < PF_SWEEP_PARTS; part++) {
      const pf_launch l = pf_launch_make(&g, part);
      size_t mine = 0;
      for (ptrdiff_t block = 0; block < l.blocks; block++) {
        for (int thread = 0; thread < PF_LAUNCH_THREADS; thread++) {
          int i, j, k;
          if (!pf_launch_place(&l, (int)block, thread, &i, &j, &k)) continue;
          const pf_at at = pf_launch_at(&g, i, j, k), expected = pf_at_cell(&g, (ptrdiff_t)k * g.ny + j, i);
          wrong += i < 0 || j < 0 || k < 0 || i >= g.nx || j >= g.ny || k >= g.nz;
          wrong += at.c != expected.c || at.xm != expected.xm || at.xp != expected.xp || at.ym != expected.ym ||
                   at.yp != expected.yp || at.zm != expected.zm || at.zp != expected.zp || at.row != expected.row ||
                   at.i != expected.i || at.j != expected.j || at.k != expected.k;
          wrong += part != PF_ALL_CELLS && part != 2 * class_of(&g, j, k) + (i + j + k) % 2;
          mine++;
          visits[expected.c]++;
        }
      }
      /* a long row does not leave more than half of the threads idle */
      if (g.nx >= 2 * PF_LAUNCH_THREADS) idle += 2 * mine < (size_t)l.blocks * PF_LAUNCH_THREADS;
    }
    for (ptrdiff_t c = 0; c < pf_cells(&g); c++) wrong += visits[c] != 2; /* once by all, once by its part */
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(idle, 0);
    if (wrong || idle) printf("  on %d x %d x %d\n", g.nx, g.ny, g.nz);
    free(visits);
  }
}

/* The tree adds each thread once; the blocks share the tiles without gap. */
static void trees_add_once(void) {
  int count[PF_LAUNCH_THREADS][PF_LAUNCH_THREADS]; /* [thread][whose value it holds] */
  memset(count, 0, sizeof count);
  for (int t = 0; t < PF_LAUNCH_THREADS; t++) count[t][t] = 1;
  for (int width = PF_LAUNCH_THREADS / 2; width > 0; width /= 2) {
    for (int t = 0; t < PF_LAUNCH_THREADS; t++) {
      const int other = pf_reduce_other(t, width);
      if (other < 0) continue;
      CU_ASSERT(other >= width && other < 2 * width); /* nobody writes what another reads in the same step */
      for (int n = 0; n < PF_LAUNCH_THREADS; n++) count[t][n] += count[other][n];
    }
  }
  for (int n = 0; n < PF_LAUNCH_THREADS; n++) CU_ASSERT_EQUAL(count[0][n], 1);
  const pf_grid grids[] = {{.nx = 1, .ny = 1, .nz = 1, .h = 1},
                           {.nx = 5000, .ny = 4001, .nz = 1, .h = 1},
                           {.nx = 16384, .ny = 16384, .nz = 1, .h = 1},
                           {.nx = 1024, .ny = 1024, .nz = 1024, .h = 1}};
  const ptrdiff_t tiles[] = {1, (ptrdiff_t)40 * 4001, (ptrdiff_t)128 * 16384, (ptrdiff_t)8 << 20};
  for (int n = 0; n < 4; n++) {
    const pf_launch l = pf_launch_make(&grids[n], PF_ALL_CELLS);
    CU_ASSERT_EQUAL(l.blocks, tiles[n]);
    CU_ASSERT_EQUAL(pf_reduce_blocks(&l), tiles[n] < PF_REDUCE_BLOCKS ? (int)tiles[n] : PF_REDUCE_BLOCKS);
  }
}

void t000_backend(void);
void t000_backend(void) {
  pf_test_suite("backend", (pf_test[]){{"memory is zeroed, copied and counted", memory},
                                       {"what is fetched is that of the moment", fetched},
                                       {"kernels give what plain loops give", kernels_as_plain_loops},
                                       {"the same bits for 1, 2, 3 and 7 threads", same_for_any_threads},
                                       {"a chain gives the bits of its kernels one by one", chains_change_nothing},
                                       {"the first sweep of a cycle is a sweep from zero", first_sweep},
                                       {"what waits gives the same bits", waiting_changes_nothing},
                                       {"check gives the bits of cpu", check_is_cpu},
                                       {"NaN is not lost in a reduction", nan_is_not_lost},
                                       {"wrong calls are refused", refusals},
                                       {"a launch visits each cell once", launches_visit_once},
                                       {"a tree adds each value once", trees_add_once}});
}
