/* bench_gpu.c: what a GPU's memory can do, and how much of that each kernel reaches; for any backend.
 *
 * Bytes of a call: of each array that the kernel names, the elements that belong to cells of its grid, once if it is read
 * or written, twice if it is both.  So neighbours count once, as they do where a cache holds them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dendrite.h"
#include "bench.h"
#include "config.h"
#include "multigrid.h"
#include "scenario.h"
#include "step.h"

/* ---- the bytes that a kernel names ---- */

typedef struct argument {
  const void *array;
  int times; /* 1: read or written; 2: both */
} argument;
enum { ARGUMENTS_MAX = 64 };

#define ONCE_(type, name) list[n++] = (argument){k->name, 1};
#define TWICE_(type, name) list[n++] = (argument){k->name, 2};
#define NEVER_(type, name)
#define LIST_(kernel)                                          \
  static int list_##kernel(const void *args, argument *list) { \
    const pf_##kernel##_args *k = args;                        \
    int n = 0;                                                 \
    (void)k;                                                   \
    PF_ARGS_##kernel(ONCE_, ONCE_, TWICE_, NEVER_) return n;   \
  }
PF_KERNELS(LIST_, LIST_, LIST_, LIST_)
#define ENTRY_(kernel) list_##kernel,
static int (*const lists[PF_KERNEL_COUNT])(const void *, argument *) = {PF_KERNELS(ENTRY_, ENTRY_, ENTRY_, ENTRY_)};

/* ---- a backend whose operations are counted and timed ---- */

enum { ARRAYS_MAX = 1024 };
static struct {
  pf_backend own; /* the operations themselves */
  void *array[ARRAYS_MAX];
  size_t bytes[ARRAYS_MAX];
  double cells; /* of the largest grid: only calls on it are counted */
  double seconds[PF_KERNEL_COUNT], moved[PF_KERNEL_COUNT];
  long calls[PF_KERNEL_COUNT];
  bool on;
} counted;

static pf_status counted_allocate(pf_backend *b, size_t bytes, void **array) {
  PF_TRY(counted.own.allocate(b, bytes, array));
  for (int n = 0; n < ARRAYS_MAX; n++) {
    if (counted.array[n]) continue;
    counted.array[n] = *array;
    counted.bytes[n] = bytes;
    break;
  }
  return PF_OK;
}

static void counted_release(pf_backend *b, void *array) {
  for (int n = 0; array && n < ARRAYS_MAX; n++)
    if (counted.array[n] == array) counted.array[n] = NULL;
  counted.own.release(b, array);
}

static double bytes_of(pf_kernel kernel, const void *args) {
  argument list[ARGUMENTS_MAX];
  double sum = 0;
  const int count = lists[kernel](args, list);
  for (int a = 0; a < count; a++)
    for (int n = 0; list[a].array && n < ARRAYS_MAX; n++)
      if (counted.array[n] == list[a].array) sum += list[a].times * (double)counted.bytes[n];
  return sum;
}

static pf_status count(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double start,
                       pf_status status) {
  if (!counted.on || (double)pf_cells(g) < counted.cells) return status;
  (void)b->synchronize(b);
  counted.seconds[kernel] += pf_bench_now() - start;
  counted.moved[kernel] += bytes_of(kernel, args);
  counted.calls[kernel]++;
  return status;
}

static double clock_start(pf_backend *b) {
  if (!counted.on) return 0;
  (void)b->synchronize(b);
  return pf_bench_now();
}
static pf_status counted_map(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args) {
  const double start = clock_start(b);
  return count(b, k, g, args, start, counted.own.map(b, k, g, args));
}
static pf_status counted_sweep(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args) {
  const double start = clock_start(b);
  return count(b, k, g, args, start, counted.own.sweep(b, k, g, args));
}
static pf_status counted_sum(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  const double start = clock_start(b);
  return count(b, k, g, args, start, counted.own.sum(b, k, g, args, result));
}
static pf_status counted_max(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  const double start = clock_start(b);
  return count(b, k, g, args, start, counted.own.max(b, k, g, args, result));
}
static pf_status counted_chain(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g) {
  return counted.on ? pf_chain_plain(b, stage, stages, g) : counted.own.chain(b, stage, stages, g);
}
/* While kernels are timed nothing is put off. */
static pf_status counted_begin(pf_backend *b) { return counted.on ? PF_OK : counted.own.begin(b); }
static pf_status counted_end(pf_backend *b) { return counted.on ? PF_OK : counted.own.end(b); }

static void count_backend(pf_backend *b) {
  memset(&counted, 0, sizeof counted);
  counted.own = *b;
  b->allocate = counted_allocate, b->release = counted_release;
  b->map = counted_map, b->sweep = counted_sweep, b->sum = counted_sum, b->max = counted_max;
  b->chain = counted_chain, b->begin = counted_begin, b->end = counted_end;
}

/* ---- copy ---- */

typedef struct copying {
  pf_backend *backend;
  void *from, *to;
  size_t bytes;
} copying;

static pf_status copy(void *of) {
  copying *c = of;
  return c->backend->copy(c->backend, c->to, c->from, c->bytes);
}

pf_status pf_bench_copy(const pf_bench *bench, double *rate) {
  copying c = {.bytes = bench->small ? (size_t)1 << 20 : (size_t)1 << 30};
  double seconds = 1;
  PF_TRY(pf_bench_backend(bench, 0, &c.backend));
  pf_status status = c.backend->allocate(c.backend, c.bytes, &c.from);
  if (status == PF_OK) status = c.backend->allocate(c.backend, c.bytes, &c.to);
  if (status == PF_OK) status = pf_bench_time(c.backend, 5, copy, &c, &seconds);
  c.backend->release(c.backend, c.from);
  c.backend->release(c.backend, c.to);
  pf_backend_destroy(c.backend);
  *rate = 2 * (double)c.bytes / seconds;
  return status;
}

/* ---- the kernels of a step ---- */

typedef struct physics {
  const char *name, *text;
} physics;
static const physics cells[] = {
    {"salt",
     "&layer name = 'LATP-LE' thickness_um = 0 ionic_conductivity_S_cm = 4.48e-4 transference_number = 0.21"
     " exchange_current_mA_cm2 = 0.01 salt_concentration_mol_L = 1 diffusivity_cm2_s = 1.13e-7 /\n"},
    {"single ion", "&layer thickness_um = 0 ionic_conductivity_S_cm = 4.48e-4 exchange_current_mA_cm2 = 0.1 /\n"}};

static pf_status cell_open(const pf_bench *bench, const physics *p, int n, pf_config *cfg, pf_backend **backend,
                           pf_state **state) {
  char text[1024];
  pf_report report = {0};
  pf_scenario scenario;
  snprintf(text, sizeof text,
           "&grid cells = %d, %d spacing_um = 1 /\n&model frame = 'grid' /\n"
           "&lithium thickness_um = %.17g counter_thickness_um = %.17g roughness_um = 1 roughness_length_um = 20 /\n"
           "%s&protocol mode = 'galvanostatic' current_mA_cm2 = 0.8 duration_h = 1 voltage_limit_mV = 1000 /\n",
           n, n, 0.075 * n + 8, 0.075 * n + 8, p->text);
  const pf_status status = pf_config_parse("bench", text, strlen(text), NULL, 0, cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stderr);
  pf_report_free(&report);
  PF_TRY(status);
  PF_TRY(pf_bench_backend(bench, 0, backend));
  count_backend(*backend);
  pf_scenario_make(cfg, &scenario);
  return pf_scenario_start(cfg, &scenario, *backend, state);
}

static pf_status steps(const pf_config *cfg, pf_state *s, int count_of, double *seconds) {
  const pf_drive drive = {.galvanostatic = true,
                          .current = 8 / s->scales.current * (double)pf_rows(&s->grid),
                          .voltage_limit = 1 / s->scales.potential};
  const pf_step_control control = {cfg->solver.cfl, cfg->solver.time_step_max_s, 1e-6};
  pf_step_report report;
  if (s->step == 0) PF_TRY(pf_step_start(s, &drive, &report));
  PF_TRY(s->backend->synchronize(s->backend));
  const double start = pf_bench_now();
  for (int n = 0; n < count_of; n++) PF_TRY(pf_step(s, &control, &drive, 3600, &report));
  PF_TRY(s->backend->synchronize(s->backend));
  *seconds = pf_bench_now() - start;
  return PF_OK;
}

/* A step as it is, then a step with a clock around each kernel. */
static pf_status step_at(const pf_bench *bench, const physics *p, int n, double copied) {
  pf_config cfg = {0};
  pf_backend *b = NULL;
  pf_state *s = NULL;
  double seconds = 0, all = 0;
  pf_status status = cell_open(bench, p, n, &cfg, &b, &s);
  if (status == PF_OK) status = steps(&cfg, s, 2, &seconds); /* graphs are made */
  if (status == PF_OK) status = steps(&cfg, s, 3, &seconds);
  if (status == PF_OK) {
    pf_bench_row(1e3 * seconds / 3, "ms", "%s, %d^2: a step", p->name, n);
    counted.cells = (double)n * n;
    counted.on = true;
    status = steps(&cfg, s, 2, &all);
    counted.on = false;
  }
  for (int k = 0; k < PF_KERNEL_COUNT && status == PF_OK; k++) {
    if (counted.calls[k] == 0) continue;
    const double calls = (double)counted.calls[k], rate = counted.moved[k] / counted.seconds[k];
    pf_bench_row(100 * rate / copied, "%", "%s, %d^2: `%s`, %.3g bytes a cell, %.4g ms a call, of the copy", p->name, n,
                 pf_kernel_name((pf_kernel)k), counted.moved[k] / calls / counted.cells,
                 1e3 * counted.seconds[k] / calls);
  }
  pf_state_destroy(s);
  if (b) pf_backend_destroy(b);
  pf_config_free(&cfg);
  return status;
}

/* ---- conjugate gradients ---- */

typedef struct problem {
  pf_backend *backend;
  pf_grid grid;
  pf_multigrid *mg;
  double *array[6]; /* ax, ay, az, m, b, u: of the backend */
  bool wide;        /* cycles in double precision */
  double tolerance;
  int iterations, most;
} problem;
enum { U = 5, ITERATIONS = 5 };

static pf_status set(problem *p, double moved) {
  const size_t bytes = (size_t)pf_cells(&p->grid) * sizeof(double);
  pf_dendrite d;
  PF_CHECK(pf_dendrite_make(&p->grid, 1, 1e5, moved, &d), PF_NO_MEMORY, "no memory for a problem");
  const double *from[] = {d.ax, d.ay, d.az, d.m, d.b};
  pf_status status = PF_OK;
  for (int q = 0; q <= U && status == PF_OK; q++) {
    if (q < U && !from[q]) continue;
    if (!p->array[q]) status = p->backend->allocate(p->backend, bytes, (void **)&p->array[q]);
    if (status == PF_OK && q < U) status = p->backend->upload(p->backend, p->array[q], from[q], bytes);
  }
  pf_dendrite_free(&d);
  PF_TRY(status);
  if (!p->mg) PF_TRY(pf_multigrid_create(p->backend, &p->grid, p->wide, &p->mg));
  return pf_multigrid_set(p->mg, p->array[0], p->array[1], p->array[2], p->array[3]);
}

static pf_status solve(void *of) {
  problem *p = of;
  pf_solve_report report;
  PF_TRY(PF_MAP(p->backend, fill, &p->grid, .y = p->array[U], .a = 0));
  PF_TRY(pf_multigrid_solve(p->mg, p->array[4], p->array[U], p->tolerance, p->most, &report));
  p->iterations = report.iterations;
  return PF_OK;
}

static pf_status gradients(problem *p, const pf_bench *bench, double copied) {
  const int three = p->grid.nz > 1, n = p->grid.nx;
  const double floor_bytes = three ? 141 : 147, size = (double)pf_cells(&p->grid); /* a cell, an iteration, mixed */
  const char *precision = p->wide ? "double" : "mixed";
  double seconds;
  PF_TRY(pf_bench_backend(bench, 0, &p->backend));
  PF_TRY(set(p, 0));
  p->tolerance = 0, p->most = ITERATIONS;
  PF_TRY(pf_bench_time(p->backend, 3, solve, p, &seconds));
  const double each = seconds / ITERATIONS;
  pf_bench_row(1e3 * each, "ms", "%d^%d: an iteration, %s", n, 2 + three, precision);
  const double share = 100 * floor_bytes * size / each / copied;
  if (!p->wide && ((n == 4096 && !three) || (n == 256 && three)))
    pf_bench_goal(share, "%", '>', 65, "%d^%d: its floor of %g bytes a cell, of the copy", n, 2 + three, floor_bytes);
  else if (!p->wide)
    pf_bench_row(share, "%", "%d^%d: its floor of %g bytes a cell, of the copy", n, 2 + three, floor_bytes);
  p->tolerance = 1e-8, p->most = 100;
  PF_TRY(pf_bench_time(p->backend, 3, solve, p, &seconds));
  if (!p->wide && n == 1024 && !three)
    pf_bench_goal(1e3 * seconds * 8 / p->iterations, "ms", '<', 1.2, "%d^2: eight iterations of a solve", n);
  pf_bench_row(1e3 * seconds, "ms", "%d^%d: a solve to 1e-8 from 0, %s, %d iterations", n, 2 + three, precision,
               p->iterations);
  return PF_OK;
}

pf_status pf_bench_gpu(const pf_bench *bench) {
  const pf_grid large[] = {{1024, 1024, 1, 1}, {4096, 4096, 1, 1}, {256, 256, 256, 1}, {512, 512, 512, 1}},
                small[] = {{32, 32, 1, 1}, {128, 96, 1, 1}, {16, 16, 16, 1}};
  const pf_grid *grid = bench->small ? small : large;
  const size_t grids = bench->small ? sizeof small / sizeof *small : sizeof large / sizeof *large;
  double copied;
  PF_TRY(pf_bench_copy(bench, &copied));
  pf_bench_row(copied / 1e9, "GB/s", "copy within the memory, read and written");
  for (size_t g = 0; g < 2 * grids; g++) {
    problem p = {.grid = grid[g / 2], .wide = g % 2};
    const pf_status status = gradients(&p, bench, copied);
    for (int q = 0; p.backend && q <= U; q++) p.backend->release(p.backend, p.array[q]);
    pf_multigrid_destroy(p.mg);
    pf_backend_destroy(p.backend);
    PF_TRY(status);
  }
  for (size_t q = 0; q < sizeof cells / sizeof *cells; q++) {
    PF_TRY(step_at(bench, &cells[q], bench->small ? 96 : 1024, copied));
    if (!bench->small) PF_TRY(step_at(bench, &cells[q], 4096, copied));
  }
  return PF_OK;
}
