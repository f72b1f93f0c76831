/* bench_coupled.c: what electrons and stress add to a step, and what a step with everything costs as the grid grows. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "config.h"
#include "scenario.h"
#include "step.h"

/* Which physics a cell has beside ions. */
enum { ELECTRONS = 1, MECHANICS = 2, STRUCTURE = 4, NUCLEI = 8, EVERYTHING = 15 };

/* Rough lithium on LATP; STRUCTURE: grains that are closed, boundaries that lithium can enter. */
static void input(char *text, size_t size, int cells, double spacing, int physics) {
  const double length = spacing * cells;
  snprintf(text, size,
           "&grid cells = %d, %d spacing_um = %.17g /\n&model electrons = %s mechanics = %s /\n"
           "&conditions stack_pressure_MPa = 1 /\n"
           "&lithium thickness_um = %.17g counter_kinetics = F roughness_um = 0.3 roughness_length_um = 5 /\n"
           "&material name = 'LATP' ionic_conductivity_S_cm = 4.9e-4 electronic_conductivity_S_cm = 1.11e-8"
           " exchange_current_mA_cm2 = 0.046 youngs_modulus_GPa = 115 poisson_ratio = 0.25 %s /\n"
           "&material name = 'boundary' ionic_conductivity_S_cm = 1e-4 electronic_conductivity_S_cm = 1.11e-7"
           " exchange_current_mA_cm2 = 0.46 youngs_modulus_GPa = 60 poisson_ratio = 0.25 /\n"
           "&layer name = 'pellet' thickness_um = 0 material = 'LATP' /\n%s%s"
           "&protocol mode = 'galvanostatic' current_mA_cm2 = 0.5 duration_h = 1 /\n",
           cells, cells, spacing, physics & ELECTRONS ? "T" : "F", physics & MECHANICS ? "T" : "F", 0.25 * length,
           physics & STRUCTURE ? "lithium_can_enter = F" : "",
           physics & STRUCTURE ? "&microstructure grain_size_um = 9 boundary_width_um = 1 grain_material = 'LATP'"
                                 " boundary_material = 'boundary' /\n"
                               : "",
           physics & NUCLEI ? "&nucleation overpotential_mV = 20 rate_per_um3_h = 1 radius_um = 1 /\n" : "");
}

typedef struct cost {
  double step;   /* s */
  double cycles; /* iterations of the linear solvers a step */
  double stress; /* iterations of the stress a step */
} cost;

/* The mean of `steps` steps after some that are not counted. */
static pf_status course(pf_state *s, const pf_config *cfg, int steps, cost *c) {
  const int before = steps > 4 ? 3 : 1;
  const pf_drive drive = {.galvanostatic = true,
                          .current = 5 / s->scales.current * (double)pf_rows(&s->grid),
                          .voltage_limit = 2 / s->scales.potential};
  const pf_step_control control = {cfg->solver.cfl, cfg->solver.time_step_max_s, 1e-6};
  pf_step_report report;
  PF_TRY(pf_step_start(s, &drive, &report));
  double begun = 0;
  long stress = 0;
  *c = (cost){0};
  for (int n = 0; n < before + steps; n++) {
    if (n == before) begun = pf_bench_now(), stress = s->stress_iterations;
    PF_TRY(pf_step(s, &control, &drive, 1e9, &report));
    if (n >= before) c->cycles += report.cycles;
  }
  c->step = (pf_bench_now() - begun) / steps;
  c->cycles /= steps;
  c->stress = (double)(s->stress_iterations - stress) / steps;
  return PF_OK;
}

static pf_status measure(const pf_bench *bench, int cells, double spacing, int physics, int steps, cost *c) {
  char text[2048];
  pf_config cfg;
  pf_report report = {0};
  pf_backend *backend = NULL;
  pf_state *state = NULL;
  input(text, sizeof text, cells, spacing, physics);
  pf_status status = pf_config_parse("bench", text, strlen(text), NULL, 0, &cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stderr);
  pf_report_free(&report);
  PF_TRY(status);
  status = pf_bench_backend(bench, 0, &backend);
  if (status == PF_OK) {
    pf_scenario scenario;
    pf_scenario_make(&cfg, &scenario);
    status = pf_scenario_start(&cfg, &scenario, backend, &state);
  }
  if (status == PF_OK) status = course(state, &cfg, steps, c);
  pf_state_destroy(state);
  if (backend) pf_backend_destroy(backend);
  pf_config_free(&cfg);
  return status;
}

pf_status pf_bench_coupled(const pf_bench *bench) {
  enum { CELLS = 128, STEPS = 12 };
  static const struct {
    int physics;
    const char *name;
  } cell[] = {{0, "ions alone"},
              {ELECTRONS, "and electrons"},
              {MECHANICS, "and stress"},
              {STRUCTURE, "and closed grains with boundaries"},
              {EVERYTHING, "and everything, nuclei too"}};
  enum { COUNT = sizeof cell / sizeof *cell };
  cost c[COUNT];
  for (int n = 0; n < COUNT; n++) {
    PF_TRY(measure(bench, CELLS, 0.25, cell[n].physics, STEPS, &c[n]));
    pf_bench_row(1e9 * c[n].step / (CELLS * CELLS), "ns a cell",
                 "%d^2, %s: a step (%.1f cycles, %.1f iterations of stress)", CELLS, cell[n].name, c[n].cycles,
                 c[n].stress);
  }
  pf_bench_row(100 * (1 - c[0].step / c[1].step), "%", "share of electrons in their step");
  pf_bench_row(100 * (1 - c[0].step / c[2].step), "%", "share of stress in its step");
  pf_bench_goal(c[4].step / c[3].step, "times", '<', 3,
                "everything against the same grains without electrons, stress and nuclei");
  pf_bench_row(c[4].step / c[0].step, "times", "everything against ions alone in one material");
  return PF_OK;
}

/* From 512^2 to 2048^2: a piece of lithium and grains 16 times as large, without nuclei and with them, which are then born
 * in every step; and finer cells of the same piece. */
pf_status pf_bench_grown(const pf_bench *bench) {
  enum { QUIET = EVERYTHING & ~NUCLEI };
  static const struct {
    int cells, physics;
    double spacing;
    const char *what;
  } grid[] = {{512, QUIET, 0.25, "without nuclei"},
              {2048, QUIET, 0.25, "without nuclei"},
              {512, EVERYTHING, 0.25, "everything"},
              {2048, EVERYTHING, 0.25, "everything"},
              {2048, EVERYTHING, 0.0625, "everything, finer cells"}};
  enum { COUNT = sizeof grid / sizeof *grid };
  double each[COUNT];
  for (int n = 0; n < COUNT; n++) {
    const int cells = grid[n].cells;
    cost all;
    PF_TRY(measure(bench, cells, grid[n].spacing, grid[n].physics, 5, &all));
    each[n] = 1e9 * all.step / cells / cells;
    pf_bench_row(each[n], "ns a cell", "%d^2, %s: a step (%.1f cycles, %.1f iterations of stress)", cells, grid[n].what,
                 all.cycles, all.stress);
  }
  pf_bench_goal(each[1] / each[0], "times", '<', 1.25, "time of a cell, 2048^2 against 512^2, without nuclei");
  pf_bench_row(each[3] / each[2], "times", "with nuclei");
  pf_bench_row(each[4] / each[2], "times", "with nuclei, finer cells");
  return PF_OK;
}
