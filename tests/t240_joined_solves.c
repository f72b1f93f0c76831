/* t240: the solvers' iterations in whatever form a backend runs them (kernels one by one, chains and lists as one launch, lists
 * that it knows, several members at once): the same bits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "joined.h"
#include "linear.h"
#include "multigrid.h"
#include "real.h"
#include "test.h"

enum { MEMBERS = 4, REPEATS = 2, CELLS_MOST = 104 * 66 };

/* What a member came to: potentials of the one unknown, then of two. */
typedef struct outcome {
  double u[CELLS_MOST];
  float x[2 * CELLS_MOST];
  int iterations, cycles;
} outcome;

typedef struct course {
  pf_grid grid;
  outcome outcome[MEMBERS];
} course;

/* 0 ... 1, from a hash. */
static double number(ptrdiff_t n, int what) {
  uint32_t h = (uint32_t)n * 2654435761u + (uint32_t)what * 40503u;
  h ^= h >> 15, h *= 2246822519u, h ^= h >> 13;
  return (double)(h >> 8) * 0x1p-24;
}

static pf_status put_doubles(pf_backend *b, ptrdiff_t cells, double low, double high, int what, double **to) {
  double *host = malloc((size_t)cells * sizeof *host);
  PF_CHECK(host, PF_NO_MEMORY, "no memory");
  for (ptrdiff_t c = 0; c < cells; c++) host[c] = low + (high - low) * number(c, what);
  pf_status status = b->allocate(b, (size_t)cells * sizeof **to, (void **)to);
  if (status == PF_OK) status = b->upload(b, *to, host, (size_t)cells * sizeof *host);
  free(host);
  return status;
}

/* parts arrays [cells], values around middle[part]. */
static pf_status put_floats(pf_backend *b, ptrdiff_t cells, int parts, const float *middle, int what, float *to) {
  float *host = malloc((size_t)(parts * cells) * sizeof *host);
  PF_CHECK(host, PF_NO_MEMORY, "no memory");
  for (ptrdiff_t c = 0; c < parts * cells; c++) host[c] = middle[c / cells] * (0.5f + (float)number(c, what));
  const pf_status status = b->upload(b, to, host, (size_t)(parts * cells) * sizeof *host);
  free(host);
  return status;
}

/* Conjugate gradients; members have other right sides, so that they take other numbers of iterations. */
static pf_status one_unknown(pf_backend *b, const pf_grid *g, bool wide, int member, outcome *o) {
  const ptrdiff_t cells = pf_cells(g);
  double *ax, *ay, *m, *right, *u;
  pf_multigrid *mg = NULL;
  pf_solve_report report;
  PF_TRY(put_doubles(b, cells, 0.1, 2, 1, &ax));
  PF_TRY(put_doubles(b, cells, 0.1, 2, 2, &ay));
  PF_TRY(put_doubles(b, cells, 0, 1e-2, 3, &m));
  PF_TRY(put_doubles(b, cells, -1, 1 + member % 2, 4, &right));
  PF_TRY(put_doubles(b, cells, 0, 0, 0, &u));
  PF_TRY(pf_multigrid_create(b, g, wide, &mg));
  PF_TRY(pf_multigrid_set(mg, ax, ay, NULL, m));
  for (int n = 0; n < REPEATS; n++) {
    PF_TRY(PF_MAP(b, fill, g, .y = u, .a = 0));
    PF_TRY(pf_multigrid_solve(mg, right, u, member % 2 ? 1e-3 : 1e-5, 50, &report));
  }
  o->iterations = report.iterations;
  PF_TRY(b->download(b, o->u, u, (size_t)cells * sizeof *u));
  pf_multigrid_destroy(mg);
  double *const all[] = {ax, ay, m, right, u};
  for (int n = 0; n < 5; n++) b->release(b, all[n]);
  return PF_OK;
}

/* FGMRES on two unknowns a cell. */
static pf_status two_unknowns(pf_backend *b, const pf_grid *g, bool wide, int member, outcome *o) {
  static const float face[PF_FACE_PARTS] = {-1, 0.05f, -0.04f, -0.1f, 0.3f, -0.3f},
                     own[4] = {0.02f, 0.01f, 0.01f, 0.2f}, right[2] = {1, -1};
  const ptrdiff_t cells = pf_cells(g);
  pf_linear *linear = NULL;
  pf_linear_report report;
  float *x;
  PF_TRY(pf_linear_create(b, g, wide, &linear));
  const pf_linear_system *s = pf_linear_finest(linear);
  PF_TRY(put_floats(b, cells, PF_FACE_PARTS, face, 5, s->fx));
  PF_TRY(put_floats(b, cells, PF_FACE_PARTS, face, 6, s->fy));
  PF_TRY(put_floats(b, cells, 4, own, 7, s->own));
  PF_TRY(put_floats(b, cells, 2, right, 8 + member % 2, s->rhs));
  PF_TRY(b->allocate(b, (size_t)(2 * cells) * sizeof *x, (void **)&x));
  PF_TRY(pf_linear_set(linear));
  for (int n = 0; n < REPEATS; n++)
    PF_TRY(pf_linear_solve(linear, s->rhs, x, 1, member % 2 ? 3e-2 : 1e-3, 24, &report));
  o->cycles = report.iterations;
  PF_TRY(b->download(b, o->x, x, (size_t)(2 * cells) * sizeof *x));
  b->release(b, x);
  pf_linear_destroy(linear);
  return PF_OK;
}

static void run(void *context, int member, pf_backend *b) {
  course *c = context;
  outcome *o = &c->outcome[member];
  const bool wide = member >= MEMBERS / 2;
  PF_ASSERT_OK(one_unknown(b, &c->grid, wide, member, o));
  PF_ASSERT_OK(two_unknowns(b, &c->grid, wide, member, o));
}

static void same(const course *a, const course *b, const char *what) {
  for (int m = 0; m < MEMBERS; m++) {
    const outcome *x = &a->outcome[m], *y = &b->outcome[m];
    const bool good = x->iterations == y->iterations && x->cycles == y->cycles && !memcmp(x->u, y->u, sizeof x->u) &&
                      !memcmp(x->x, y->x, sizeof x->x);
    CU_ASSERT(good);
    if (!good) printf("  %s: member %d on %d x %d\n", what, m, a->grid.nx, a->grid.ny);
  }
}

/* Rows of any length, of an odd one, of a multiple of 8 bytes; a seam. */
static const pf_grid grids[] = {{104, 64, 1, 1}, {101, 64, 1, 1}, {98, 66, 1, 1}, {70, 61, 1, 1}};

static void each_form(void) {
  course *plain = calloc(1, sizeof *plain), *alone = calloc(1, sizeof *alone), *joined = calloc(1, sizeof *joined);
  CU_ASSERT_FATAL(plain && alone && joined);
  for (size_t n = 0;
       n < (pf_test_long() ? sizeof grids / sizeof *grids : 1 + (strcmp(pf_test_backend_name(), "cuda") == 0)); n++) {
    plain->grid = alone->grid = joined->grid = grids[n];
    pf_backend *b = pf_test_backend();
    for (int m = 0; m < MEMBERS; m++) run(alone, m, b);
    pf_joined_report report;
    PF_ASSERT_OK(pf_joined_run(b, MEMBERS, MEMBERS, run, joined, &report));
    PF_ASSERT_AT_MOST(report.done, 0.8 * report.asked);
    b->chain = pf_chain_plain, b->begin = b->end = pf_nothing_waits; /* one launch for each kernel */
    for (int m = 0; m < MEMBERS; m++) run(plain, m, b);
    same(plain, alone, "as one launch");
    same(plain, joined, "of several members");
    for (int m = 0; m < MEMBERS; m++)
      CU_ASSERT(plain->outcome[m].iterations >= 2 && plain->outcome[m].cycles >= 2 && plain->outcome[m].cycles <= 10);
    pf_backend_destroy(b);
  }
  free(plain), free(alone), free(joined);
}

/* ---- chains of a multigrid cycle on one level ---- */

/* The arrays of a level and of the next coarser one, float or double; two unknowns: twice the values, face parts.  Of one
 * unknown two vectors and their dots with what comes of it, in double precision. */
enum { AX, AY, AZ, SCALE, M, B, U, R, COARSE_B, COARSE_U, MET_R, MET_Q, DOTS, ARRAYS };
typedef struct tower {
  pf_grid grid, coarse;
  bool wide, pairs; /* double precision; two unknowns a cell */
  void *array[ARRAYS];
  size_t bytes[ARRAYS];
} tower;

static int half(int n) { return (n + 1) / 2; }

static pf_status tower_make(pf_backend *b, const pf_grid *g, bool wide, bool pairs, int member, tower *t) {
  *t = (tower){.grid = *g, .coarse = {half(g->nx), half(g->ny), half(g->nz), 1}, .wide = wide, .pairs = pairs};
  const int parts[ARRAYS] = {PF_FACE_PARTS, PF_FACE_PARTS, PF_FACE_PARTS, 4, 0, 2, 2, 2, 2, 2};
  static const float face[PF_FACE_PARTS] = {-1, 0.05f, -0.04f, -0.1f, 0.3f, -0.3f},
                     own[4] = {0.02f, 0.01f, 0.01f, 0.2f};
  for (int a = 0; a < ARRAYS; a++) {
    const bool doubles = wide || a >= MET_R;
    const ptrdiff_t cells = a == DOTS ? PF_SUMS : pf_cells(a < COARSE_B || a >= MET_R ? g : &t->coarse);
    const ptrdiff_t count = cells * (pairs ? parts[a] : 1);
    t->bytes[a] = (size_t)count * (doubles ? sizeof(double) : sizeof(float));
    if (count == 0 || (a == AZ && g->nz == 1)) continue;
    double *host = calloc((size_t)count, sizeof *host);
    PF_CHECK(host, PF_NO_MEMORY, "no memory");
    for (ptrdiff_t c = 0; c < count; c++) {
      const float middle = !pairs ? 1 : a < SCALE ? face[c / cells] : a == SCALE ? own[c / cells] : 1;
      const float value = middle * (0.2f + (float)number(c, 20 * member + a)) * (a == SCALE && !pairs ? 0.2f : 1);
      if (doubles)
        host[c] = (double)value / 3;
      else
        ((float *)host)[c] = value;
    }
    PF_TRY(b->allocate(b, t->bytes[a], &t->array[a]));
    PF_TRY(b->upload(b, t->array[a], host, t->bytes[a]));
    free(host);
  }
  return PF_OK;
}

static void tower_free(pf_backend *b, tower *t) {
  for (int a = 0; a < ARRAYS; a++) b->release(b, t->array[a]);
}

#define RELAX_(t, kernel, END)                                                                                \
  PF_STAGE(kernel##END, .ax = t->array[AX], .ay = t->array[AY], .az = t->array[AZ], .scale = t->array[SCALE], \
           .b = t->array[B], .u = t->array[U])
#define RELAX_TO_(t, END)                                                                                       \
  PF_STAGE(mg_relax##END, .ax = t->array[AX], .ay = t->array[AY], .az = t->array[AZ], .scale = t->array[SCALE], \
           .b = t->array[B], .u = t->array[R])
#define RELAX_PAIRS_(t, END)                                                                                     \
  PF_STAGE(block_relax##END, .fx = t->array[AX], .fy = t->array[AY], .fz = t->array[AZ], .own = t->array[SCALE], \
           .cells = cells, .b = t->array[B], .x = t->array[U])
#define CYCLE_(t, END)                                                                                             \
  const pf_grid *g = &t->grid;                                                                                     \
  const pf_mg_join join = {.n = {g->nx, g->ny, g->nz}, .s = {2, 2, 1 + (g->nz > 1)}};                              \
  const bool seam = g->ny % 2 || (g->nz > 1 && g->nz % 2);                                                         \
  const pf_stage residual = PF_STAGE(mg_residual##END, .ax = t->array[AX], .ay = t->array[AY], .az = t->array[AZ], \
                                     .m = t->array[M], .b = t->array[B], .u = t->array[U], .r = t->array[R]);      \
  const pf_stage down[] = {RELAX_(t, mg_relax_start, END), RELAX_(t, mg_relax, END), residual};                    \
  const pf_stage down_seam[] = {PF_STAGE(mg_zero##END, .u = t->array[U]), RELAX_(t, mg_relax, END),                \
                                RELAX_(t, mg_relax, END), residual};                                               \
  const pf_stage up[] = {PF_STAGE(mg_prolong##END, .cu = t->array[COARSE_U], .u = t->array[U], .join = join),      \
                         RELAX_(t, mg_relax, END), RELAX_(t, mg_relax, END)};                                      \
  PF_TRY(seam ? b->chain(b, down_seam, 4, g) : b->chain(b, down, 3, g));                                           \
  PF_TRY(PF_MAP(b, mg_restrict##END, &t->coarse, .r = t->array[R], .b = t->array[COARSE_B], .join = join));        \
  const pf_stage up_to[] = {                                                                                       \
      PF_STAGE(mg_prolong_to##END, .cu = t->array[COARSE_U], .v = t->array[U], .u = t->array[R], .join = join),    \
      RELAX_TO_(t, END), RELAX_TO_(t, END)};                                                                       \
  PF_TRY(b->chain(b, up, 3, g));                                                                                   \
  PF_TRY(b->chain(b, up_to, 3, g));                                                                                \
  return PF_TOTAL(b, mg_dots##END, g, t->array[DOTS], .r = t->array[MET_R], .q = t->array[MET_Q], .z = t->array[R])
#define CYCLE_PAIRS_(t, END)                                                                                    \
  const pf_grid *g = &t->grid, *c = &t->coarse;                                                                 \
  const ptrdiff_t cells = pf_cells(g), coarse_cells = pf_cells(c);                                              \
  const pf_coarsening to = {g->nx, g->ny, g->nz, 2, 2, 1 + (g->nz > 1)};                                        \
  const pf_stage down[] = {                                                                                     \
      RELAX_PAIRS_(t, END), RELAX_PAIRS_(t, END),                                                               \
      PF_STAGE(block_residual##END, .fx = t->array[AX], .fy = t->array[AY], .fz = t->array[AZ],                 \
               .own = t->array[SCALE], .cells = cells, .b = t->array[B], .x = t->array[U], .y = t->array[R])};  \
  const pf_stage up[] = {                                                                                       \
      PF_STAGE(block_prolong##END, .fine = t->array[U], .coarse = t->array[COARSE_U], .to = to, .cells = cells, \
               .coarse_cells = coarse_cells, .coarse_nx = c->nx, .coarse_ny = c->ny),                           \
      RELAX_PAIRS_(t, END), RELAX_PAIRS_(t, END)};                                                              \
  PF_TRY(b->chain(b, down, 3, g));                                                                              \
  PF_TRY(PF_MAP(b, block_restrict##END, c, .fine = t->array[R], .coarse = t->array[COARSE_B], .to = to,         \
                .cells = coarse_cells));                                                                        \
  return b->chain(b, up, 3, g)

static pf_status half_cycle(pf_backend *b, const tower *t) {
  if (t->pairs && t->wide) {
    CYCLE_PAIRS_(t, _double);
  } else if (t->pairs) {
    CYCLE_PAIRS_(t, );
  } else if (t->wide) {
    CYCLE_(t, _double);
  } else {
    CYCLE_(t, );
  }
}

typedef struct towers {
  tower of[2];
} towers;

static void cycle_of_member(void *context, int member, pf_backend *b) {
  const tower *t = &((const towers *)context)->of[member];
  pf_status status = b->begin(b);
  if (status == PF_OK) status = half_cycle(b, t);
  PF_ASSERT_OK(status);
  PF_ASSERT_OK(b->end(b));
}

/* What comes of it: u and the coarse right side; of one unknown also what was taken from u to r, and its dots. */
static void same_towers(pf_backend *b, const towers *x, const towers *y, const char *what) {
  static const int results[] = {U, COARSE_B, R, DOTS};
  static const char *const names[] = {"u", "coarse b", "r", "dots"};
  for (int m = 0; m < 2; m++)
    for (int n = 0; n < (x->of[m].pairs ? 2 : 4); n++) {
      const tower *one = &x->of[m], *other = &y->of[m];
      const size_t bytes = one->bytes[results[n]];
      char *values = malloc(2 * bytes);
      CU_ASSERT_FATAL(values != NULL);
      PF_ASSERT_OK(b->download(b, values, one->array[results[n]], bytes));
      PF_ASSERT_OK(b->download(b, values + bytes, other->array[results[n]], bytes));
      const bool good = !memcmp(values, values + bytes, bytes);
      CU_ASSERT(good);
      if (!good)
        printf("  %s, %s: %d x %d x %d, %s precision, %d unknowns, member %d\n", what, names[n], one->grid.nx,
               one->grid.ny, one->grid.nz, one->wide ? "double" : "single", 1 + one->pairs, m);
      free(values);
    }
}

/* The dots by the host. */
static void dots_are_right(pf_backend *b, const tower *t) {
  const size_t cells = (size_t)pf_cells(&t->grid);
  double *r = calloc(3 * cells, sizeof *r), *q = r + cells, *z = q + cells, dots[PF_SUMS], sum[2] = {0, 0};
  CU_ASSERT_FATAL(r != NULL);
  PF_ASSERT_OK(b->download(b, r, t->array[MET_R], cells * sizeof *r));
  PF_ASSERT_OK(b->download(b, q, t->array[MET_Q], cells * sizeof *q));
  PF_ASSERT_OK(pf_real_download(t->wide, b, z, t->array[R], (ptrdiff_t)cells));
  PF_ASSERT_OK(b->download(b, dots, t->array[DOTS], sizeof dots));
  for (size_t c = 0; c < cells; c++) sum[0] += r[c] * z[c], sum[1] += q[c] * z[c];
  for (int n = 0; n < 2; n++) PF_ASSERT_NEAR(dots[n], sum[n], 1e-11);
  free(r);
}

/* Even and odd sides, seams, planes: what a GPU does in tiles where it can (cuda_fused.h). */
static const pf_grid level_grids[] = {{101, 50, 1, 1}, {270, 260, 1, 1}, {72, 61, 1, 1},  {128, 97, 1, 1},
                                      {64, 36, 16, 1}, {63, 36, 16, 1},  {64, 33, 16, 1}, {64, 32, 17, 1},
                                      {47, 33, 15, 1}, {64, 16, 64, 1}};

static void cycle_on_one_level(void) {
  for (size_t n = 0; n < sizeof level_grids / sizeof *level_grids; n++)
    for (int kind = 0; kind < 4; kind++) {
      const pf_grid *g = &level_grids[n];
      /* two unknowns in 3-D: tiles on the last grid only, elsewhere kernel by kernel */
      if (g->nz > 1 && (g->nz == 64) != (kind > 1) && !pf_test_long()) continue;
      pf_backend *b = pf_test_backend();
      towers plain, alone, joined;
      towers *const all[] = {&plain, &alone, &joined};
      for (int x = 0; x < 3; x++)
        for (int m = 0; m < 2; m++) PF_ASSERT_OK_FATAL(tower_make(b, g, kind % 2, kind / 2, m, &all[x]->of[m]));
      for (int m = 0; m < 2; m++) cycle_of_member(&alone, m, b);
      PF_ASSERT_OK(pf_joined_run(b, 2, 2, cycle_of_member, &joined, NULL));
      pf_status (*chain)(pf_backend *, const pf_stage *, int, const pf_grid *) = b->chain;
      pf_status (*begin)(pf_backend *) = b->begin, (*end)(pf_backend *) = b->end;
      b->chain = pf_chain_plain, b->begin = b->end = pf_nothing_waits; /* one launch for each kernel */
      for (int m = 0; m < 2; m++) cycle_of_member(&plain, m, b);
      b->chain = chain, b->begin = begin, b->end = end;
      same_towers(b, &plain, &alone, "alone");
      same_towers(b, &plain, &joined, "of members");
      if (kind < 2) dots_are_right(b, &plain.of[1]);
      for (int x = 0; x < 3; x++)
        for (int m = 0; m < 2; m++) tower_free(b, &all[x]->of[m]);
      pf_backend_destroy(b);
    }
}

/* The product that meets four vectors against the product, and the vectors on the host. */
static void product_meets_basis(void) {
  static const float face[PF_FACE_PARTS] = {-1, 0.05f, -0.04f, -0.1f, 0.3f, -0.3f}, own[4] = {1, 2, 3, 4},
                     one[2] = {1, -1};
  const pf_grid g = {23, 9, 1, 1};
  const ptrdiff_t cells = pf_cells(&g);
  const size_t bytes = (size_t)(2 * cells) * sizeof(float);
  pf_backend *b = pf_test_backend();
  float *fx, *fy, *o, *vector[7], host[7][2 * 23 * 9];
  double *to, sums[PF_SUMS], dots[PF_SUMS] = {0};
  PF_ASSERT_OK_FATAL(b->allocate(b, 3 * bytes, (void **)&fx));
  PF_ASSERT_OK_FATAL(b->allocate(b, 3 * bytes, (void **)&fy));
  PF_ASSERT_OK_FATAL(b->allocate(b, 2 * bytes, (void **)&o));
  PF_ASSERT_OK_FATAL(b->allocate(b, sizeof sums, (void **)&to));
  PF_ASSERT_OK(put_floats(b, cells, PF_FACE_PARTS, face, 5, fx));
  PF_ASSERT_OK(put_floats(b, cells, PF_FACE_PARTS, face, 6, fy));
  PF_ASSERT_OK(put_floats(b, cells, 4, own, 7, o));
  for (int n = 0; n < 7; n++) {
    PF_ASSERT_OK_FATAL(b->allocate(b, bytes, (void **)&vector[n]));
    PF_ASSERT_OK(put_floats(b, cells, 2, one, 8 + n, vector[n]));
  }
  enum { X, Y, PLAIN, V0, V1, V2, V3 };
  PF_ASSERT_OK(
      PF_MAP(b, block_apply, &g, .fx = fx, .fy = fy, .own = o, .cells = cells, .x = vector[X], .y = vector[PLAIN]));
  PF_ASSERT_OK(PF_TOTAL(b, block_product, &g, to, .fx = fx, .fy = fy, .own = o, .cells = cells, .x = vector[X],
                        .v0 = vector[V0], .v1 = vector[V1], .v2 = vector[V2], .v3 = vector[V3], .y = vector[Y]));
  PF_ASSERT_OK(b->download(b, sums, to, sizeof sums));
  for (int n = 0; n < 7; n++) PF_ASSERT_OK(b->download(b, host[n], vector[n], bytes));
  for (ptrdiff_t c = 0; c < 2 * cells; c++) {
    CU_ASSERT_DOUBLE_EQUAL(host[Y][c], host[PLAIN][c], 1e-5);
    for (int n = 0; n < PF_SUMS; n++) dots[n] += (double)host[Y][c] * (double)host[V0 + n][c];
  }
  for (int n = 0; n < PF_SUMS; n++) PF_ASSERT_NEAR(sums[n], dots[n], 1e-12);
  for (int n = 0; n < 7; n++) b->release(b, vector[n]);
  b->release(b, fx), b->release(b, fy), b->release(b, o), b->release(b, to);
  pf_backend_destroy(b);
}

void t240_joined_solves(void);
void t240_joined_solves(void) {
  pf_test_suite("solves in every form", (pf_test[]){{"one by one, fused, known, joined", each_form},
                                                    {"a level's part of a cycle", cycle_on_one_level},
                                                    {"a product that meets the basis", product_meets_basis}});
}
