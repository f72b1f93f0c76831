/* bench_step.c: the whole step of the model on the LATP-LE cell: time against a matrix-vector product on the same grid,
 * iterations, the share of each kernel, memory, threads. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "config.h"
#include "scenario.h"
#include "step.h"

/* ---- time by kernel: the operations of a backend, with a clock around them ---- */

static struct {
  pf_backend own; /* the operations themselves */
  double seconds[PF_KERNEL_COUNT];
  bool on;
} clocked;

static pf_status timed(pf_backend *b, pf_kernel kernel, double start, pf_status status) {
  if (clocked.on) {
    (void)b->synchronize(b);
    clocked.seconds[kernel] += pf_bench_now() - start;
  }
  return status;
}
static pf_status timed_map(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args) {
  const double start = clocked.on ? pf_bench_now() : 0;
  return timed(b, k, start, clocked.own.map(b, k, g, args));
}
static pf_status timed_sweep(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args) {
  const double start = clocked.on ? pf_bench_now() : 0;
  return timed(b, k, start, clocked.own.sweep(b, k, g, args));
}
static pf_status timed_sum(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  const double start = clocked.on ? pf_bench_now() : 0;
  return timed(b, k, start, clocked.own.sum(b, k, g, args, result));
}
static pf_status timed_max(pf_backend *b, pf_kernel k, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  const double start = clocked.on ? pf_bench_now() : 0;
  return timed(b, k, start, clocked.own.max(b, k, g, args, result));
}
/* While the clock is on each kernel of a chain is run by itself. */
static pf_status timed_chain(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g) {
  return clocked.on ? pf_chain_plain(b, stage, stages, g) : clocked.own.chain(b, stage, stages, g);
}
static void clock_backend(pf_backend *b) {
  clocked.own = *b;
  memset(clocked.seconds, 0, sizeof clocked.seconds);
  b->map = timed_map, b->sweep = timed_sweep, b->sum = timed_sum, b->max = timed_max, b->chain = timed_chain;
}

/* ---- the cell ---- */

typedef struct cell {
  pf_config cfg;
  pf_scenario scenario;
  pf_backend *backend;
  pf_state *state;
} cell;

static pf_status cell_open(const pf_bench *bench, int threads, int nx, int ny, double spacing_um, cell *c) {
  char text[1024];
  const double length = nx * spacing_um, lithium = 0.075 * length;
  snprintf(text, sizeof text,
           "&grid cells = %d, %d spacing_um = %.17g /\n"
           "&model frame = 'grid' /\n"
           "&lithium thickness_um = %.17g counter_thickness_um = %.17g roughness_um = %.17g"
           " roughness_length_um = %.17g /\n"
           "&layer name = 'LATP-LE' thickness_um = 0 ionic_conductivity_S_cm = 4.48e-4 transference_number = 0.21"
           " exchange_current_mA_cm2 = 0.01 salt_concentration_mol_L = 1 diffusivity_cm2_s = 1.13e-7 /\n"
           "&protocol mode = 'galvanostatic' current_mA_cm2 = 0.8 duration_h = 1 voltage_limit_mV = 1000 /\n",
           nx, ny, spacing_um, lithium, lithium, spacing_um, 20 * spacing_um);
  memset(c, 0, sizeof *c);
  pf_report report = {0};
  const pf_status status = pf_config_parse("bench", text, strlen(text), NULL, 0, &c->cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stderr);
  pf_report_free(&report);
  PF_TRY(status);
  PF_TRY(pf_bench_backend(bench, threads, &c->backend));
  clock_backend(c->backend);
  pf_scenario_make(&c->cfg, &c->scenario);
  return pf_scenario_start(&c->cfg, &c->scenario, c->backend, &c->state);
}

static void cell_close(cell *c) {
  pf_state_destroy(c->state);
  pf_backend_destroy(c->backend);
  pf_config_free(&c->cfg);
}

typedef struct matvec {
  pf_backend *backend;
  pf_grid grid;
  double *ax, *ay, *m, *p, *q;
} matvec;

static pf_status apply(void *of) {
  matvec *v = of;
  double sums[PF_SUMS];
  return PF_SUM(v->backend, mg_apply, &v->grid, sums, .ax = v->ax, .ay = v->ay, .az = NULL, .m = v->m, .p = v->p,
                .q = v->q);
}

/* Seconds of a matrix-vector product of one unknown in double precision on the cell's grid. */
static pf_status matvec_time(cell *c, double *seconds) {
  matvec v = {.backend = c->backend, .grid = c->state->grid};
  double **arrays[] = {&v.ax, &v.ay, &v.m, &v.p, &v.q};
  for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++) {
    PF_TRY(c->backend->allocate(c->backend, (size_t)pf_cells(&v.grid) * sizeof(double), (void **)arrays[a]));
    PF_TRY(PF_MAP(c->backend, fill, &v.grid, .y = *arrays[a], .a = 1));
  }
  const pf_status status = pf_bench_time(c->backend, 5, apply, &v, seconds);
  for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++) c->backend->release(c->backend, *arrays[a]);
  return status;
}

typedef struct course {
  double seconds, newton, cycles;
  long steps;
} course;

/* The first `hours` of the half cycle, or `most` steps. */
static pf_status run_cell(cell *c, double hours, long most, course *result) {
  const double end = hours * 3600;
  const pf_drive drive = {.galvanostatic = true,
                          .current = 8 / c->state->scales.current * (double)pf_rows(&c->state->grid),
                          .voltage_limit = 1 / c->state->scales.potential};
  const pf_step_control control = {c->cfg.solver.cfl, c->cfg.solver.time_step_max_s, 1e-6};
  pf_step_report report;
  *result = (course){0};
  PF_TRY(pf_step_start(c->state, &drive, &report));
  const double start = pf_bench_now();
  while (c->state->time < end * (1 - 1e-12) && result->steps < most) {
    PF_TRY(pf_step(c->state, &control, &drive, end - c->state->time, &report));
    result->newton += report.newton, result->cycles += report.cycles, result->steps++;
  }
  result->seconds = pf_bench_now() - start;
  return PF_OK;
}

static pf_status half_cycle(const pf_bench *bench) {
  cell c;
  course r;
  double product;
  PF_TRY(cell_open(bench, 0, 400, 100, 1, &c));
  PF_TRY(matvec_time(&c, &product));
  PF_TRY(run_cell(&c, 1, 1000000, &r));
  const double steps = (double)r.steps;
  pf_bench_goal(r.seconds, "s", '<', 10, "LATP-LE, 0.8 mA/cm2 for 1 h, 400 x 100 cells of 1 um");
  pf_bench_row(steps, "", "steps");
  pf_bench_row(r.newton / steps, "", "Newton iterations a step");
  pf_bench_row(r.cycles / steps, "", "V-cycles a step");
  pf_bench_row(product / 40000 * 1e9, "ns a cell", "matrix-vector product on the same grid");
  pf_bench_goal(r.seconds / steps / product, "products", '<', 300, "a step, in matrix-vector products");
  pf_bench_goal((double)c.backend->bytes / 40000, "bytes", '<', 400, "memory a cell");
  cell_close(&c);

  /* the shares, in a second run with a clock around each kernel */
  PF_TRY(cell_open(bench, 0, 400, 100, 1, &c));
  clocked.on = true;
  PF_TRY(run_cell(&c, 1, 1000000, &r));
  clocked.on = false;
  for (;;) {
    int most = 0;
    for (int k = 1; k < PF_KERNEL_COUNT; k++)
      if (clocked.seconds[k] > clocked.seconds[most]) most = k;
    if (!(clocked.seconds[most] > 0.02 * r.seconds)) break;
    pf_bench_row(100 * clocked.seconds[most] / r.seconds, "%", "share of `%s`", pf_kernel_name((pf_kernel)most));
    clocked.seconds[most] = 0;
  }
  cell_close(&c);
  return PF_OK;
}

static pf_status sizes(const pf_bench *bench) {
  static const int size[] = {128, 256, 512, 1024, 2048};
  for (size_t n = 0; n < sizeof size / sizeof *size; n++) {
    cell c;
    course r;
    double product;
    PF_TRY(cell_open(bench, 0, size[n], size[n], 1, &c));
    PF_TRY(matvec_time(&c, &product));
    PF_TRY(run_cell(&c, 1, size[n] > 512 ? 4 : 10, &r));
    const double cells = (double)pf_cells(&c.state->grid), each = r.seconds / (double)r.steps / cells;
    pf_bench_row(each * 1e9, "ns a cell", "step at %d^2 (%.0f products, %.1f V-cycles)", size[n],
                 each * cells / product, r.cycles / (double)r.steps);
    cell_close(&c);
  }
  return PF_OK;
}

static pf_status threads(const pf_bench *bench) {
  double seconds[3] = {0};
  for (int t = 1; t <= 2; t++) {
    for (int repeat = 0; repeat < 3; repeat++) {
      cell c;
      course r;
      PF_TRY(cell_open(bench, t, 512, 512, 1, &c));
      PF_TRY(run_cell(&c, 1, 6, &r));
      if (repeat == 0 || r.seconds < seconds[t]) seconds[t] = r.seconds;
      cell_close(&c);
    }
  }
  pf_bench_goal(seconds[1] / seconds[2], "times", '>', 1.7, "two threads against one, steps at 512^2");
  return PF_OK;
}

pf_status pf_bench_step(const pf_bench *bench) {
  PF_TRY(half_cycle(bench));
  PF_TRY(sizes(bench));
  return strcmp(bench->backend, "cpu") ? PF_OK : threads(bench);
}
