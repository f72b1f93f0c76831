/* The part of GMRES that knows nothing of the system: its basis, its residual, what it asks of the device. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "krylov.h"
#include "real.h"
#include "test.h"

enum { CELLS = 40 };

/* A vector of two parts, each with a tridiagonal matrix of its own: -div(k grad u) + m u. */
typedef struct problem {
  pf_space space;
  void *ax[2], *m[2], *zero[2]; /* of its precision */
  pf_vector v[PF_KRYLOV_MOST + 1], b, x, y;
} problem;

static float number(int n) { return 0.5f + (float)(n * 7919 % 101) / 101; }

static pf_status array(const problem *p, int part, int seed, float scale, void **to) {
  const pf_space *s = &p->space;
  float host[CELLS] = {0};
  double wide[CELLS] = {0};
  for (int c = 0; c < s->grid[part].nx; c++) wide[c] = (double)(host[c] = scale * number(c + seed));
  PF_TRY(pf_real_allocate(s->wide, s->backend, pf_cells(&s->grid[part]), to));
  return s->backend->upload(s->backend, *to, s->wide ? (void *)wide : (void *)host,
                            (size_t)pf_cells(&s->grid[part]) * pf_real_bytes(s->wide));
}

static pf_status make(problem *p, pf_backend *backend, bool wide, int parts, int cells, int cells_2) {
  *p = (problem){.space = {.backend = backend,
                           .wide = wide,
                           .of = "a test",
                           .parts = parts,
                           .grid = {{cells, 1, 1, 1}, {cells_2, 1, 1, 1}}}};
  PF_TRY(pf_space_create(&p->space));
  for (int n = 0; n <= PF_KRYLOV_MOST; n++) PF_TRY(pf_vector_create(&p->space, &p->v[n]));
  PF_TRY(pf_vector_create(&p->space, &p->x));
  PF_TRY(pf_vector_create(&p->space, &p->y));
  for (int q = 0; q < parts; q++) {
    PF_TRY(array(p, q, 3 + q, 1, &p->ax[q]));
    PF_TRY(array(p, q, 50 + q, 0.2f, &p->m[q]));
    PF_TRY(array(p, q, 0, 0, &p->zero[q]));
    PF_TRY(array(p, q, 20 + q, 1, &p->b.part[q]));
  }
  return PF_OK;
}

static void destroy(problem *p) {
  for (int n = 0; n <= PF_KRYLOV_MOST; n++) pf_vector_destroy(&p->space, &p->v[n]);
  pf_vector_destroy(&p->space, &p->x), pf_vector_destroy(&p->space, &p->y), pf_vector_destroy(&p->space, &p->b);
  for (int q = 0; q < p->space.parts; q++) {
    void *all[] = {p->ax[q], p->m[q], p->zero[q]};
    for (int n = 0; n < 3; n++) p->space.backend->release(p->space.backend, all[n]);
  }
  pf_space_destroy(&p->space);
}

/* y = -A x */
static pf_status apply(const problem *p, const pf_vector *x, const pf_vector *y) {
  for (int q = 0; q < p->space.parts; q++)
    PF_TRY(PF_REAL_MAP(p->space.wide, p->space.backend, mg_residual, &p->space.grid[q], .ax = p->ax[q], .m = p->m[q],
                       .b = p->zero[q], .u = x->part[q], .r = y->part[q]));
  return PF_OK;
}

static double dot(const problem *p, const pf_vector *x, const pf_vector *y) {
  double sum = 0;
  for (int q = 0; q < p->space.parts; q++) {
    double a[CELLS], b[CELLS];
    const ptrdiff_t cells = pf_cells(&p->space.grid[q]);
    PF_ASSERT_OK(pf_real_download(p->space.wide, p->space.backend, a, x->part[q], cells));
    PF_ASSERT_OK(pf_real_download(p->space.wide, p->space.backend, b, y->part[q], cells));
    for (int c = 0; c < p->space.grid[q].nx; c++) sum += a[c] * b[c];
  }
  return sum;
}

/* From x = 0, `most` iterations or until nothing is left; the residual that GMRES believes in. */
static double solve(const problem *p, pf_gmres *k, int most) {
  double size;
  PF_ASSERT_OK(pf_vector_zero(&p->space, &p->x));
  PF_ASSERT_OK(pf_vector_norm(&p->space, &p->b, &size));
  PF_ASSERT_NEAR(size, sqrt(dot(p, &p->b, &p->b)), 1e-12);
  PF_ASSERT_OK(pf_gmres_begin(&p->space, k, &p->b, size, p->v));
  while (k->m < most && k->residual > 1e-6 * size) {
    PF_ASSERT_OK(apply(p, &p->v[k->m], &p->v[k->m + 1]));
    PF_ASSERT_OK(pf_gmres_extend(&p->space, k, p->v, 0));
    PF_ASSERT_OK(pf_gmres_take(&p->space, k));
  }
  PF_ASSERT_OK(pf_gmres_correct(&p->space, k, p->v, &p->x));
  return k->residual / size;
}

static double residual(const problem *p) {
  PF_ASSERT_OK(apply(p, &p->x, &p->y));
  PF_ASSERT_OK(pf_vector_rest(&p->space, &p->b, &p->y));
  return sqrt(dot(p, &p->y, &p->y) / dot(p, &p->b, &p->b));
}

static void basis_and_residual(void) {
  static const int sizes[][4] = {{0, 1, CELLS, 1}, {0, 2, CELLS, 11}, {1, 1, CELLS, 1}, {1, 2, CELLS, 11}};
  pf_backend *b = pf_test_backend();
  const bool launches = b->launches;
  for (int turn = 0; turn < 8; turn++) {
    const int n = turn % 4;
    problem p;
    pf_gmres k;
    b->launches = turn < 4 ? launches : !launches; /* dots as passes; with the pass that takes off those before */
    const double digits = sizes[n][0] ? 1e-12 : 1e-4;
    PF_ASSERT_OK_FATAL(make(&p, b, sizes[n][0], sizes[n][1], sizes[n][2], sizes[n][3]));
    const double believed = solve(&p, &k, PF_KRYLOV_MOST);
    CU_ASSERT_EQUAL(k.m, PF_KRYLOV_MOST);
    for (int i = 0; i <= PF_KRYLOV_MOST; i++)
      for (int j = 0; j <= i; j++) PF_ASSERT_WITHIN(dot(&p, &p.v[i], &p.v[j]), i == j ? 1 : 0, digits);
    PF_ASSERT_AT_MOST(believed, 0.1);
    PF_ASSERT_WITHIN(residual(&p), believed, 0.1 * digits);
    destroy(&p);
  }
  CU_ASSERT_EQUAL(b->bytes, 0);
  pf_backend_destroy(b);
}

/* As many iterations as there are unknowns, and no more: the last vector is nothing. */
static void small_systems_end(void) {
  pf_backend *b = pf_test_backend();
  for (int n = 2; n <= 4; n++) {
    problem p;
    pf_gmres k;
    PF_ASSERT_OK_FATAL(make(&p, b, n % 2, 2, n, n - 1));
    (void)solve(&p, &k, PF_KRYLOV_MOST);
    CU_ASSERT(k.m <= 2 * n - 1);
    PF_ASSERT_AT_MOST(residual(&p), 1e-5);
    destroy(&p);
  }
  pf_backend_destroy(b);
}

/* Numbers that come to the host in between. */
static struct {
  pf_backend own;
  int total, back, dots; /* dots: passes for them alone */
} counted;

static pf_status counted_sum(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  counted.back += counted.total == 0;
  return counted.own.sum(b, k, g, args, result);
}
static pf_status counted_total(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args, double *to) {
  counted.total++;
  counted.dots += k == PF_KERNEL_many_dots;
  const pf_status status = counted.own.total(b, k, g, args, to);
  counted.total--;
  return status;
}
static pf_status counted_download(pf_backend *b, void *host, const void *array, size_t bytes) {
  counted.back++;
  return counted.own.download(b, host, array, bytes);
}

/* An iteration waits once, whatever the length of the basis, and is one list where the backend makes lists. */
static void one_number_back(void) {
  pf_backend *b = pf_test_backend();
  problem p;
  pf_gmres k;
  double size;
  PF_ASSERT_OK_FATAL(make(&p, b, false, 2, CELLS, 11));
  counted.own = *b;
  b->sum = counted_sum, b->total = counted_total, b->download = counted_download;
  PF_ASSERT_OK(pf_vector_norm(&p.space, &p.b, &size));
  PF_ASSERT_OK(pf_gmres_begin(&p.space, &k, &p.b, size, p.v));
  while (k.m < PF_KRYLOV_MOST) {
    counted.back = 0;
    PF_ASSERT_OK(b->begin(b));
    PF_ASSERT_OK(apply(&p, &p.v[k.m], &p.v[k.m + 1]));
    counted.dots = 0;
    PF_ASSERT_OK(pf_gmres_extend(&p.space, &k, p.v, 0));
    PF_ASSERT_OK(b->end(b));
    CU_ASSERT_EQUAL(counted.back, 0);
    CU_ASSERT_EQUAL(counted.dots, 2 * (b->launches ? 1 : 1 + k.m / 4)); /* two parts */
    PF_ASSERT_OK(pf_gmres_take(&p.space, &k));
    CU_ASSERT_EQUAL(counted.back, 1);
  }
  PF_ASSERT_FAILS(pf_gmres_extend(&p.space, &k, p.v, 0), PF_FAILED, "more than 9 vectors");
  destroy(&p);
  pf_backend_destroy(b);
}

static void not_finite(void) {
  pf_backend *b = pf_test_backend();
  problem p;
  pf_gmres k;
  double size;
  const float bad[2] = {1, NAN};
  PF_ASSERT_OK_FATAL(make(&p, b, false, 1, CELLS, 1));
  PF_ASSERT_OK(pf_vector_norm(&p.space, &p.b, &size));
  PF_ASSERT_OK(pf_gmres_begin(&p.space, &k, &p.b, size, p.v));
  PF_ASSERT_OK(apply(&p, &p.v[0], &p.v[1]));
  PF_ASSERT_OK(b->upload(b, p.v[1].part[0], bad, sizeof bad));
  PF_ASSERT_OK(pf_gmres_extend(&p.space, &k, p.v, 0));
  PF_ASSERT_FAILS(pf_gmres_take(&p.space, &k), PF_FAILED, "of a test holds a value that is not finite");
  PF_ASSERT_FAILS(pf_vector_norm(&p.space, &p.v[1], &size), PF_FAILED, "of a test holds a value that is not finite");
  destroy(&p);
  pf_backend_destroy(b);
}

void t220_krylov(void);
void t220_krylov(void) {
  pf_test_suite("vectors of GMRES", (pf_test[]){{"basis and residual", basis_and_residual},
                                                {"small systems end", small_systems_end},
                                                {"one number back an iteration", one_number_back},
                                                {"what is not finite", not_finite}});
}
