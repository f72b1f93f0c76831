/* t010_joined: members that take turns on one backend compute what each would compute alone, bit for bit. */
#include "joined.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS = 7, CELLS_MOST = 12 * 10 * 4, ARRAYS = 3 };

/* What a member came to. */
typedef struct outcome {
  double value[ARRAYS][CELLS_MOST];
  double sums[PF_SUMS], sum_of_sums;
  pf_status status;
  char message[64];
  size_t bytes, peak;
  bool ran;
} outcome;

typedef struct course {
  outcome outcome[MEMBERS];
  bool fail; /* member 2 makes a mistake */
} course;

static uint32_t next_random(uint32_t *seed) { return (*seed = *seed * 1664525u + 1013904223u) >> 8; }

/* Operations of all sorts on arrays of its own; which ones come next depends on what came out. */
static pf_status compute(pf_backend *b, int member, const course *c, outcome *o) {
  static const pf_grid grids[] = {{12, 10, 4, 1}, {12, 10, 1, 1}, {12, 1, 1, 1}}, sums_grid = {PF_SUMS, 1, 1, 1};
  const pf_grid *g = &grids[member % 7 == 3 ? 1 : 0];
  const size_t cells = (size_t)pf_cells(g), bytes = cells * sizeof(double);
  const pf_grid waves = pf_spectrum(g);
  double *a[ARRAYS], *host = malloc(bytes);
  void *spectrum, *extra = NULL;
  pf_fft *fft;
  uint32_t seed = 77u * (uint32_t)(member % 4) + 5u; /* some do the same, some do not */
  PF_CHECK(host, PF_NO_MEMORY, "no memory");
  for (int n = 0; n < ARRAYS; n++) {
    PF_TRY(b->allocate(b, bytes, (void **)&a[n]));
    for (size_t i = 0; i < cells; i++) host[i] = 1e-3 * (double)(next_random(&seed) % 2000) + member;
    PF_TRY(b->upload(b, a[n], host, bytes));
  }
  PF_TRY(b->allocate(b, (size_t)pf_cells(&waves) * 2 * sizeof(double), &spectrum));
  PF_TRY(b->fft_create(b, g, 1, &fft));
  double *total;
  PF_TRY(b->allocate(b, PF_SUMS * sizeof *total, (void **)&total));
  for (int n = 0; n < 60 + 5 * member; n++) {
    double *x = a[n % 3], *y = a[(n + 1) % 3], *z = a[(n + 2) % 3];
    const double by = 0.01 * (member + 1);
    switch ((next_random(&seed) + (fabs(o->sum_of_sums) > 1e4)) % 8) {
      case 0: PF_TRY(PF_MAP(b, axpy, g, .x = x, .y = y, .a = by)); break;
      case 1: {
        PF_TRY(PF_SUM(b, dot, g, o->sums, .x = x, .y = y));
        o->sum_of_sums += o->sums[0];
        PF_TRY(PF_MAP(b, axpy, g, .x = x, .y = y, .a = -1e-6 * o->sums[0] / (1 + fabs(o->sums[0]))));
        break;
      }
      case 2: {
        const pf_stage chain[] = {PF_STAGE(axpy, .x = x, .y = y, .a = by), PF_STAGE(axpy, .x = y, .y = z, .a = 0.5)};
        PF_TRY(b->chain(b, chain, 2, g));
        break;
      }
      case 3: PF_TRY(b->copy(b, z, x, bytes)); break;
      case 4: {
        PF_TRY(b->fft_forward(b, fft, x, spectrum));
        PF_TRY(b->fft_inverse(b, fft, spectrum, y));
        PF_TRY(PF_MAP(b, fill, g, .y = x, .a = by));
        PF_TRY(PF_MAP(b, axpy, g, .x = y, .y = x, .a = 1 / (double)cells));
        break;
      }
      case 5: /* among members that take the sum back, too */
        PF_TRY(PF_TOTAL(b, dot, g, total, .x = x, .y = z));
        PF_TRY(PF_MAP(b, axpy, &sums_grid, .x = total, .y = y, .a = 1e-9));
        break;
      case 6:
        PF_TRY(b->download(b, host, x, bytes));
        host[n % 12] = 0.25;
        PF_TRY(b->upload(b, x, host, bytes));
        break;
      default:
        b->release(b, extra);
        PF_TRY(b->allocate(b, bytes, &extra));
        PF_TRY(PF_MAP(b, axpy, g, .x = x, .y = extra, .a = 2));
        PF_TRY(PF_MAP(b, axpy, g, .x = extra, .y = y, .a = by));
        break;
    }
    if (n == 20 && c->fail && member == 2) PF_TRY(b->map(b, PF_KERNEL_dot, g, &(pf_dot_args){a[0], a[1]}));
  }
  PF_TRY(b->synchronize(b));
  for (int n = 0; n < ARRAYS; n++) PF_TRY(b->download(b, o->value[n], a[n], bytes));
  o->bytes = b->bytes, o->peak = b->bytes_peak;
  for (int n = 0; n < ARRAYS; n++) b->release(b, a[n]);
  b->release(b, total);
  b->release(b, spectrum);
  b->release(b, extra);
  b->fft_destroy(b, fft);
  free(host);
  (void)PF_FAIL(PF_STOPPED, "member %d", member);
  return b->bytes == 0 ? PF_OK : PF_FAIL(PF_FAILED, "%zu bytes are left", b->bytes);
}

static void run(void *context, int member, pf_backend *b) {
  course *c = context;
  outcome *o = &c->outcome[member];
  o->ran = true;
  o->status = compute(b, member, c, o);
  /* another member's turn comes, which has a message of its own */
  double *array, sums[PF_SUMS];
  const pf_grid g = {4, 1, 1, 1};
  if (o->status == PF_OK && b->allocate(b, 32, (void **)&array) == PF_OK) {
    (void)PF_SUM(b, dot, &g, sums, .x = array, .y = array);
    b->release(b, array);
  }
  snprintf(o->message, sizeof o->message, "%.60s", pf_status_message());
}

/* As each would be alone: on the backend itself. */
static void run_alone(course *c) {
  for (int m = 0; m < MEMBERS; m++) {
    pf_backend *b = pf_test_backend();
    run(c, m, b);
    pf_backend_destroy(b);
  }
}

static void compare(const course *alone, const course *c) {
  for (int m = 0; m < MEMBERS; m++) {
    const outcome *x = &alone->outcome[m], *y = &c->outcome[m];
    CU_ASSERT(x->ran && y->ran);
    CU_ASSERT_EQUAL(y->status, PF_OK);
    CU_ASSERT(memcmp(x->value, y->value, sizeof x->value) == 0);
    CU_ASSERT(memcmp(x->sums, y->sums, sizeof x->sums) == 0);
    CU_ASSERT(memcmp(&x->sum_of_sums, &y->sum_of_sums, sizeof x->sum_of_sums) == 0);
    CU_ASSERT_STRING_EQUAL(x->message, y->message);
    CU_ASSERT(x->bytes == y->bytes && x->peak == y->peak);
  }
}

static void same_bits(void) {
  course *alone = calloc(1, sizeof *alone), *c = calloc(1, sizeof *c);
  CU_ASSERT_FATAL(alone && c);
  run_alone(alone);
  CU_ASSERT(fabs(alone->outcome[6].sum_of_sums) > 0);
  for (int together = 1; together <= MEMBERS + 1; together += 2) {
    memset(c, 0, sizeof *c);
    pf_backend *b = pf_test_backend();
    pf_joined_report report;
    PF_ASSERT_OK(pf_joined_run(b, MEMBERS, together, run, c, &report));
    compare(alone, c);
    CU_ASSERT_EQUAL(b->bytes, 0);
    PF_ASSERT_AT_LEAST(report.done, together == 1 ? report.asked : 1);
    PF_ASSERT_AT_MOST(report.done, (together == 1 ? 1 : 0.9) * report.asked); /* something was put together */
    pf_backend_destroy(b);
  }
  free(alone), free(c);
}

/* Members that do the same are served by one call. */
static void all_alike(void *context, int member, pf_backend *b) {
  const pf_grid g = {64, 1, 1, 1};
  double *x, sums[PF_SUMS] = {0}, *value = context;
  PF_ASSERT_OK_FATAL(b->allocate(b, 64 * sizeof *x, (void **)&x));
  for (int n = 0; n < 1000; n++) PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = x, .a = n + member)); /* more than AHEAD */
  PF_ASSERT_OK(PF_SUM(b, dot, &g, sums, .x = x, .y = x));
  b->release(b, x);
  value[member] = sums[0];
}

/* A member's room holds what its array held at the call, though all members go on. */
static void fetch_and_go_on(void *context, int member, pf_backend *b) {
  const pf_grid g = {64, 1, 1, 1};
  int *good = context;
  double *x, sums[PF_SUMS];
  pf_room room;
  PF_ASSERT_OK_FATAL(b->allocate(b, 64 * sizeof *x, (void **)&x));
  PF_ASSERT_OK_FATAL(b->allocate_host(b, 64 * sizeof *x, &room));
  PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = x, .a = member));
  PF_ASSERT_OK(b->fetch(b, &room, 0, x, 64 * sizeof *x));
  PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = x, .a = -1));
  PF_ASSERT_OK(b->arrived(b, &room));
  PF_ASSERT_OK(PF_SUM(b, dot, &g, sums, .x = x, .y = x));
  for (int c = 0; c < 64; c++) good[member] += fabs(((double *)room.place)[c] - member) <= 0;
  b->release_host(b, &room);
  b->release(b, x);
}

static void fetch_of_each(void) {
  int good[5] = {0};
  pf_backend *b = pf_test_backend();
  PF_ASSERT_OK(pf_joined_run(b, 5, 5, fetch_and_go_on, good, NULL));
  for (int m = 0; m < 5; m++) CU_ASSERT_EQUAL(good[m], 64);
  CU_ASSERT_EQUAL(b->bytes, 0);
  pf_backend_destroy(b);
}

static void one_call_for_all(void) {
  double value[5];
  pf_joined_report report;
  pf_backend *b = pf_test_backend();
  PF_ASSERT_OK(pf_joined_run(b, 5, 5, all_alike, value, &report));
  CU_ASSERT_EQUAL(report.asked, 5 * 1001);
  CU_ASSERT_EQUAL(report.done, 1001);
  for (int m = 0; m < 5; m++) PF_ASSERT_NEAR(value[m], 64.0 * (999 + m) * (999 + m), 1e-15);
  PF_ASSERT_OK(pf_joined_run(b, 0, 5, all_alike, value, &report));
  pf_backend_destroy(b);
}

/* A mistake of one member ends that member, and no other. */
static void failure(void) {
  course *alone = calloc(1, sizeof *alone), *c = calloc(1, sizeof *c);
  CU_ASSERT_FATAL(alone && c);
  run_alone(alone);
  c->fail = true;
  pf_backend *b = pf_test_backend();
  PF_ASSERT_OK(pf_joined_run(b, MEMBERS, 4, run, c, NULL));
  outcome *bad = &c->outcome[2];
  CU_ASSERT_EQUAL(bad->status, PF_FAILED);
  CU_ASSERT_PTR_NOT_NULL(strstr(bad->message, "kernel dot is run as MAP"));
  *bad = alone->outcome[2];
  compare(alone, c);
  pf_backend_destroy(b);
  free(alone), free(c);
}

/* A failure that comes later than its call: the operations behind it are not done, and all further ones fail. */
static pf_status refuse(pf_backend *b, int members, const pf_task *const list[], int count) {
  for (int m = 0; m < members; m++) {
    for (int n = 0; n < count; n++) {
      const pf_fill_args *k = list[m][n].stage->args;
      PF_CHECK(list[m][n].stage->kernel != PF_KERNEL_fill || !(k->a > 5 && k->a < 6), PF_FAILED, "refused %.1f", k->a);
    }
  }
  return pf_batch_plain(b, members, list, count);
}

static void late(void *context, int member, pf_backend *b) {
  const pf_grid g = {8, 1, 1, 1}, part = {4, 1, 1, 1};
  double *x, sums[PF_SUMS] = {0};
  pf_status *status = context;
  PF_ASSERT_OK_FATAL(b->allocate(b, 8 * sizeof *x, (void **)&x));
  PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = x, .a = 1));
  PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = x, .a = 7));
  if (member == 1) PF_ASSERT_OK(PF_MAP(b, fill, &part, .y = x, .a = 5.5)); /* by itself: another grid */
  status[member] = PF_SUM(b, dot, &g, sums, .x = x, .y = x);
  if (member == 1) {
    CU_ASSERT_PTR_NOT_NULL(strstr(pf_status_message(), "refused 5.5"));
    PF_ASSERT_FAILS(PF_MAP(b, fill, &g, .y = x, .a = 1), PF_FAILED, "refused 5.5");
    PF_ASSERT_FAILS(b->download(b, sums, x, 8), PF_FAILED, "refused 5.5");
    PF_ASSERT_FAILS(b->synchronize(b), PF_FAILED, "refused 5.5");
  } else {
    PF_ASSERT_NEAR(sums[0], 8 * 49.0, 1e-15);
  }
  b->release(b, x);
}

static void failure_that_comes_late(void) {
  pf_status status[3];
  pf_backend *b = pf_test_backend();
  b->batch = refuse;
  PF_ASSERT_OK(pf_joined_run(b, 3, 3, late, status, NULL));
  CU_ASSERT(status[0] == PF_OK && status[1] == PF_FAILED && status[2] == PF_OK);
  CU_ASSERT_EQUAL(b->bytes, 0);
  pf_backend_destroy(b);
}

/* ---- the outermost dimension of every array is the member ---- */

enum { PLACES = 5, ROUNDS = 3 };
static const size_t place_sizes[] = {64 * sizeof(double), 64 * sizeof(double), 1000, 17};
enum { PLACE_ARRAYS = sizeof place_sizes / sizeof *place_sizes };

typedef struct layout {
  char *at[ROUNDS * PLACES][PLACE_ARRAYS];
  double left[ROUNDS * PLACES];
} layout;

static int slabs_made, slabs_refused; /* places more than these are refused */
static pf_status (*slab_of_backend)(pf_backend *, size_t, int, void **);
static pf_status count_slabs(pf_backend *b, size_t bytes, int places, void **array) {
  PF_CHECK(places <= slabs_refused, PF_NO_MEMORY, "no memory for %d places", places);
  slabs_made++;
  return slab_of_backend(b, bytes, places, array);
}

/* Arrays of some sizes, also two of one; they begin at zero and end otherwise. */
static void lay_out(void *context, int member, pf_backend *b) {
  layout *l = context;
  const pf_grid g = {64, 1, 1, 1};
  double sums[PF_SUMS] = {0};
  for (int n = 0; n < PLACE_ARRAYS; n++) PF_ASSERT_OK_FATAL(b->allocate(b, place_sizes[n], (void **)&l->at[member][n]));
  for (int n = 0; n < 2; n++) {
    double *x = (double *)(void *)l->at[member][n];
    PF_ASSERT_OK(PF_SUM(b, dot, &g, sums, .x = x, .y = x));
    l->left[member] += sums[0];
    PF_ASSERT_OK(PF_MAP(b, fill, &g, .y = x, .a = member + 1));
  }
  for (int n = 0; n < member; n++) PF_ASSERT_OK(b->synchronize(b)); /* they leave one after the other */
  for (int n = 0; n < PLACE_ARRAYS; n++) b->release(b, l->at[member][n]);
}

static void refused(void *context, int member, pf_backend *b) {
  (void)context, (void)member;
  void *x;
  PF_ASSERT_FAILS(b->allocate(b, 64, &x), PF_NO_MEMORY, "no memory for 1 places");
  CU_ASSERT_PTR_NULL(x);
}

static void one_array_for_all(void) {
  layout *l = calloc(1, sizeof *l);
  CU_ASSERT_FATAL(l != NULL);
  pf_backend *b = pf_test_backend();
  slab_of_backend = b->allocate_slab;
  b->allocate_slab = count_slabs, slabs_made = 0, slabs_refused = PLACES;
  PF_ASSERT_OK(pf_joined_run(b, ROUNDS * PLACES, PLACES, lay_out, l, NULL));
  CU_ASSERT_EQUAL(slabs_made, PLACE_ARRAYS); /* not one for each member */
  for (int n = 0; n < PLACE_ARRAYS; n++) {
    const ptrdiff_t stride = l->at[1][n] - l->at[0][n];
    CU_ASSERT(stride >= (ptrdiff_t)place_sizes[n] && stride % 256 == 0);
    for (int m = 0; m < PLACES; m++) CU_ASSERT(l->at[m][n] == l->at[0][n] + m * stride);
  }
  for (int m = 0; m < ROUNDS * PLACES; m++) CU_ASSERT_DOUBLE_EQUAL(l->left[m], 0, 0);
  CU_ASSERT_EQUAL(b->bytes, 0);
  /* no memory for a place of each: a place of its own; and none for that */
  slabs_made = 0, slabs_refused = 1;
  PF_ASSERT_OK(pf_joined_run(b, PLACES, PLACES, lay_out, l, NULL));
  CU_ASSERT_EQUAL(slabs_made, PLACE_ARRAYS * PLACES);
  slabs_refused = 0;
  PF_ASSERT_OK(pf_joined_run(b, PLACES, PLACES, refused, l, NULL));
  CU_ASSERT_EQUAL(b->bytes, 0);
  pf_backend_destroy(b);
  free(l);
}

void t010_joined(void);
void t010_joined(void) {
  pf_test_suite("joined members", (pf_test[]){{"each as if it were alone", same_bits},
                                              {"one call for all", one_call_for_all},
                                              {"what each has fetched", fetch_of_each},
                                              {"one array for all", one_array_for_all},
                                              {"a mistake of one", failure},
                                              {"a failure that comes late", failure_that_comes_late}});
}
