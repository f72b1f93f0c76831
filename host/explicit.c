/* explicit.c: see explicit.h. */
#include "explicit.h"

#include <math.h>

/* Explicit steps of one step of the run: what is looked at and written between two steps costs as much as two or three. */
enum { EXPLICIT_STEPS = 20, ITERATIONS_MOST = 200 };

/* Random numbers hold for so long, s: noise does not depend on the time step.  Published codes draw them once an implicit
 * step, which lasts about that long. */
static const double noise_interval = 0.1;

static void swap(double **a, double **b) {
  double *t = *a;
  *a = *b;
  *b = t;
}

static double spacing(const pf_state *s) { return s->grid.h * 1e6; } /* of a benchmark, in its units */

/* ---- the literature's model ---- */

static pf_status draw_noise(pf_state *s, double time) {
  const pf_allen_cahn *law = &s->params.allen_cahn;
  const double interval = 1 + floor(time / noise_interval * (1 + 1e-12));
  if (!(law->noise > 0) || interval == s->noise_drawn) return PF_OK;
  s->noise_drawn = interval;
  return PF_MAP(s->backend, ac_noise, &s->grid, .noise = s->noise, .seed = law->seed,
                .interval = (uint32_t)fmod(interval, 4294967296.0));
}

/* div sigma grad phi = F c_s d xi/dt, to the tolerance of the input, and the currents through both ends. */
static pf_status solve_potential(pf_state *s, pf_step_report *report) {
  const double metal = s->params.allen_cahn.metal;
  const pf_grid lines = {1, s->grid.ny, s->grid.nz, s->grid.h};
  pf_solve_report solve;
  double sums[PF_SUMS];
  PF_TRY(PF_MAP(s->backend, ac_faces, &s->grid, .xi = s->xi, .reaction = s->reaction, .ax = s->ax, .ay = s->ay,
                .az = s->az, .m = s->m, .b = s->ion_rhs, .metal = metal, .voltage = s->voltage));
  PF_TRY(pf_multigrid_set(s->multigrid, s->ax, s->ay, s->az, s->m));
  PF_TRY(pf_multigrid_solve(s->multigrid, s->ion_rhs, s->phi, s->tolerance, ITERATIONS_MOST, &solve));
  PF_CHECK(solve.converged, PF_FAILED, "step %ld: the potential was not found in %d iterations (residual %.1e)",
           s->step + 1, solve.iterations, solve.residual);
  report->newton++, report->cycles += solve.cycles;
  PF_TRY(PF_SUM(s->backend, ac_current, &lines, sums, .xi = s->xi, .phi = s->phi, .metal = metal, .voltage = s->voltage,
                .nx = s->grid.nx));
  s->current = sums[0];
  return PF_OK;
}

static pf_status step_allen_cahn(pf_state *s, double dt, double time, bool solve, pf_step_report *report) {
  const double growth = s->params.growth;
  double sums[PF_SUMS];
  PF_TRY(draw_noise(s, time));
  const pf_ac_step_2_args args = {.xi = s->xi,
                                  .s = s->s,
                                  .phi = s->phi,
                                  .noise = s->noise,
                                  .xi_new = s->xi_next,
                                  .s_new = s->s_next,
                                  .reaction = s->reaction,
                                  .law = s->params.allen_cahn,
                                  .dt = dt,
                                  .per_growth = 1 / growth,
                                  .voltage = s->voltage};
  PF_TRY(
      s->backend->sum(s->backend, s->grid.nz > 1 ? PF_KERNEL_ac_step_3 : PF_KERNEL_ac_step_2, &s->grid, &args, sums));
  swap(&s->xi, &s->xi_next);
  swap(&s->s, &s->s_next);
  s->lithium_passed[0] += sums[0];
  s->salt_cut += sums[1];
  if (solve) PF_TRY(solve_potential(s, report));
  s->charge += s->current * growth * dt;
  s->throughput += fabs(s->current) * growth * dt;
  return PF_OK;
}

/* ---- the benchmarks ---- */

static pf_status mms_line(pf_state *s, double time) {
  const pf_grid lines = {1, s->grid.ny, 1, s->grid.h};
  return PF_MAP(s->backend, mms_line, &lines, .line = s->line, .law = s->params.mms, .time = time,
                .spacing = spacing(s), .rows = s->grid.ny);
}

static pf_status step_mms(pf_state *s, double dt, double time) {
  PF_TRY(mms_line(s, time));
  PF_TRY(PF_MAP(s->backend, mms_step, &s->grid, .eta = s->xi, .line = s->line, .eta_new = s->xi_next,
                .law = s->params.mms, .dt = dt, .spacing = spacing(s), .rows = s->grid.ny));
  swap(&s->xi, &s->xi_next);
  return PF_OK;
}

static pf_status step_dendrite(pf_state *s, double dt) {
  PF_TRY(PF_MAP(s->backend, dendrite_step, &s->grid, .xi = s->xi, .s = s->s, .xi_new = s->xi_next, .s_new = s->s_next,
                .dt = dt, .spacing = spacing(s)));
  swap(&s->xi, &s->xi_next);
  swap(&s->s, &s->s_next);
  return PF_OK;
}

pf_status pf_explicit_value(pf_state *s, double *value) {
  const double h = spacing(s);
  double sums[PF_SUMS];
  *value = (double)NAN;
  if (s->params.law == PF_LAW_DENDRITE) {
    PF_TRY(PF_SUM(s->backend, dendrite_energy, &s->grid, sums, .xi = s->xi, .s = s->s, .spacing = h));
    *value = sums[0] * h * h;
  } else if (s->params.law == PF_LAW_MMS) {
    PF_TRY(mms_line(s, s->time));
    PF_TRY(PF_SUM(s->backend, mms_error, &s->grid, sums, .eta = s->xi, .line = s->line, .law = s->params.mms,
                  .spacing = h));
    *value = sqrt(sums[0] * h * h);
  }
  return PF_OK;
}

/* ---- the step ---- */

/* What the fields have come to: finite, the profile, the least salt, and by how much lithium and charge differ. */
static pf_status look(pf_state *s) {
  double sums[PF_SUMS], most[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, watch_sums, &s->grid, sums, .xi = s->xi, .phi = s->phi, .s = s->s));
  PF_CHECK(!(sums[0] > 0), PF_FAILED, "step %ld: %.0f values are not finite: a shorter time_step_max_s is needed",
           s->step, sums[0]);
  PF_TRY(PF_MAX(s->backend, watch_ranges, &s->grid, most, .xi = s->xi, .phi = s->phi, .s = s->s));
  s->salt_least = -most[3];
  PF_TRY(PF_SUM(s->backend, lithium, &s->grid, sums, .xi = s->xi, .owner = s->owner));
  s->profile = sums[3] > 0 ? sums[2] / (s->params.eps * sums[3]) : 1;
  s->faraday_error = s->throughput > 0 ? fabs(s->lithium_passed[0] - s->charge) / s->throughput : 0;
  const double taken = s->params.allen_cahn.sites * fabs(s->lithium_passed[0]); /* ions that the metal took, c0 */
  s->salt_error = taken > 0 ? s->salt_cut / taken : 0;
  return PF_OK;
}

pf_status pf_explicit_start(pf_state *s, const pf_drive *drive, pf_step_report *report) {
  *report = (pf_step_report){0};
  s->voltage = drive->voltage;
  if (s->params.law == PF_LAW_ALLEN_CAHN) PF_TRY(solve_potential(s, report));
  return look(s);
}

pf_status pf_explicit_step(pf_state *s, const pf_step_control *control, const pf_drive *drive, double dt_most,
                           pf_step_report *report) {
  const double all = fmin(dt_most, EXPLICIT_STEPS * control->dt_max);
  const int steps = (int)fmax(1, ceil(all / control->dt_max * (1 - 1e-12)));
  const double dt = all / steps;
  *report = (pf_step_report){.tries = 1};
  s->voltage = drive->voltage;
  for (int n = 0; n < steps; n++) {
    const double time = s->time + n * dt;
    const int each = s->params.allen_cahn.potential_steps;
    switch (s->params.law) {
      case PF_LAW_ALLEN_CAHN:
        PF_TRY(step_allen_cahn(s, dt, time, n + 1 == steps || (n + 1) % each == 0, report));
        break;
      case PF_LAW_DENDRITE: PF_TRY(step_dendrite(s, dt)); break;
      default: PF_TRY(step_mms(s, dt, time));
    }
  }
  s->time += all;
  s->dt = all;
  s->step++;
  if (s->params.law == PF_LAW_ALLEN_CAHN) PF_TRY(pf_state_connect(s)); /* a benchmark has no electrodes */
  return look(s);
}
