/* bench_explicit.c: cell updates a second of the models that are advanced explicitly, on one core, beside those of others. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "config.h"
#include "explicit.h"
#include "scenario.h"

typedef struct cell {
  pf_config cfg;
  pf_scenario scenario;
  pf_backend *backend;
  pf_state *state;
  pf_step_control control;
  pf_drive drive;
  pf_step_report report; /* sums over all steps */
  long steps;
} cell;

static pf_status cell_open(const pf_bench *bench, const char *text, cell *c) {
  pf_report report = {0};
  memset(c, 0, sizeof *c);
  const pf_status status = pf_config_parse("bench", text, strlen(text), NULL, 0, &c->cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stderr);
  pf_report_free(&report);
  PF_TRY(status);
  pf_scenario_make(&c->cfg, &c->scenario);
  PF_TRY(pf_bench_backend(bench, 1, &c->backend));
  PF_TRY(pf_scenario_start(&c->cfg, &c->scenario, c->backend, &c->state));
  const double dt = c->cfg.solver.time_step_max_s;
  c->control = (pf_step_control){1, dt, dt};
  if (c->state->params.law == PF_LAW_ALLEN_CAHN)
    c->drive.voltage = 1e-3 * c->cfg.protocol.voltage_mV / c->state->scales.potential;
  return pf_explicit_start(c->state, &c->drive, &c->report);
}

static void cell_close(cell *c) {
  if (c->state) pf_state_destroy(c->state);
  if (c->backend) pf_backend_destroy(c->backend);
  pf_config_free(&c->cfg);
}

/* A step of the run: 20 explicit steps and what is looked at after them. */
static pf_status advance(void *of) {
  cell *c = of;
  pf_step_report report;
  PF_TRY(pf_explicit_step(c->state, &c->control, &c->drive, 1e9, &report));
  c->report.newton += report.newton, c->report.cycles += report.cycles;
  c->steps++;
  return PF_OK;
}

/* The kernel of both equations alone. */
static pf_status both_equations(void *of) {
  cell *c = of;
  pf_state *s = c->state;
  double sums[PF_SUMS];
  return PF_SUM(s->backend, ac_step_2, &s->grid, sums, .xi = s->xi, .s = s->s, .phi = s->phi, .noise = s->noise,
                .xi_new = s->xi_next, .s_new = s->s_next, .reaction = s->reaction, .law = s->params.allen_cahn,
                .dt = c->control.dt_max, .per_growth = 1 / s->params.growth, .voltage = s->voltage);
}

static pf_status measure(cell *c, int least, pf_status (*run)(void *), int updates, double *millions) {
  double seconds;
  PF_TRY(pf_bench_time(c->backend, least, run, c, &seconds));
  *millions = 1e-6 * updates * (double)pf_cells(&c->state->grid) / seconds;
  return PF_OK;
}

static pf_status cell_of_size(const pf_bench *bench, int n, int potential_steps, cell *c) {
  char text[1024];
  snprintf(text, sizeof text,
           "&grid cells = %d, %d spacing_um = 0.5 /\n&model interface = 'allen_cahn' /\n"
           "&allen_cahn potential_steps = %d /\n&conditions temperature_K = 300 /\n"
           "&lithium thickness_um = 2 seed_radius_um = 10 seeds = 4 electronic_conductivity_S_cm = 1e4 /\n"
           "&layer thickness_um = 0 ionic_conductivity_S_cm = 0.0119 salt_concentration_mol_L = 1"
           " diffusivity_cm2_s = 3.18e-6 /\n&protocol mode = 'potentiostatic' voltage_mV = 450 duration_h = 1 /\n",
           n, n, potential_steps);
  return cell_open(bench, text, c);
}

static pf_status literature(const pf_bench *bench, int n, int potential_steps, bool kernel) {
  cell c;
  double rate;
  pf_status status = cell_of_size(bench, n, potential_steps, &c);
  for (int warm = 0; status == PF_OK && warm < 5; warm++) status = advance(&c);
  c.report.newton = c.report.cycles = 0;
  if (status == PF_OK && kernel) {
    status = measure(&c, 5, both_equations, 1, &rate);
    if (status == PF_OK && !c.backend->launches)
      pf_bench_goal(rate, "M/s", '>', 60, "%d^2: the two explicit equations, one core", n);
  }
  if (status == PF_OK) status = measure(&c, 3, advance, 20, &rate);
  if (status == PF_OK && potential_steps == 1) {
    pf_bench_goal(rate, "M/s", '>', 10, "%d^2: with the potential to 1e-6 every step, one core", n);
    pf_bench_row(c.report.cycles / (double)c.report.newton, "iterations", "%d^2: the potential's solution of a step",
                 n);
  } else if (status == PF_OK) {
    pf_bench_row(rate, "M/s", "%d^2: with the potential every %d steps", n, potential_steps);
  }
  cell_close(&c);
  return status;
}

/* On a GPU: their share of the copy's bandwidth, by 40 bytes a cell. */
static pf_status share_of_copy(const pf_bench *bench, int n) {
  cell c;
  double rate, copied;
  PF_TRY(pf_bench_copy(bench, &copied));
  pf_status status = cell_of_size(bench, n, 20, &c);
  if (status == PF_OK) status = advance(&c);
  if (status == PF_OK) status = measure(&c, 5, both_equations, 1, &rate);
  if (status == PF_OK)
    pf_bench_goal(100 * 40e6 * rate / copied, "%", '>', 80,
                  "%d^2: the two explicit equations, their floor of 40 bytes a cell, of the copy", n);
  cell_close(&c);
  return status;
}

static pf_status benchmark(const pf_bench *bench, const char *what, const char *text) {
  cell c;
  double rate;
  pf_status status = cell_open(bench, text, &c);
  if (status == PF_OK) status = measure(&c, 3, advance, 20, &rate);
  if (status == PF_OK) pf_bench_row(rate, "M/s", "%s, one core", what);
  cell_close(&c);
  return status;
}

/* Peers, measured on one such core before (the faster end of each range). */
static void peers(void) {
  static const struct {
    const char *who;
    double rate;
  } peer[] = {{"AMReX, two explicit equations, the potential every 1000 steps", 19},
              {"AMReX, the potential every step", 6.5},
              {"PRISMS-PF, Allen-Cahn", 7},
              {"MicroSim", 3},
              {"FEniCSx", 2}};
  for (size_t n = 0; n < sizeof peer / sizeof *peer; n++)
    pf_bench_row(peer[n].rate, "M/s", "not measured here: %s, one core", peer[n].who);
}

pf_status pf_bench_explicit(const pf_bench *bench) {
  if (strcmp(bench->backend, "cpu") != 0) return share_of_copy(bench, bench->small ? 192 : 4096);
  PF_TRY(literature(bench, 256, 1, true));
  PF_TRY(literature(bench, 256, 20, false));
  PF_TRY(literature(bench, 1024, 1, true));
  PF_TRY(
      benchmark(bench, "PFHub 3, 480^2", "&grid cells = 480, 480 spacing_um = 2 /\n&benchmark problem = 'pfhub3' /\n"));
  PF_TRY(benchmark(bench, "PFHub 7, 200 x 400",
                   "&grid cells = 200, 400 spacing_um = 0.0025 /\n&benchmark problem = 'pfhub7a' /\n"));
  peers();
  return PF_OK;
}
