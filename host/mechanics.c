#include "mechanics.h"

#include <math.h>
#include <string.h>

/* The stress is found anew when the fastest piece of the front has moved by this, cells: where lithium yields, stress hardly
 * acts; where it does not, it acts strongly and is found at each step. */
static const double renewal_yielding = 0.1;
/* An elastic surface answers a ripple at a rate; a step takes at most this much of it. */
static const double feedback_per_step = 0.5;

/* That rate, 1/s, at the shortest wave.  The fastest currents have the least resistance: (RT/F)/sqrt(i0^2 + (i/2)^2). */
static double feedback_rate(const pf_state *s) {
  const pf_mechanics *m = &s->mechanics;
  const double i = s->speed * m->charge, resistance = m->thermal / sqrt(m->exchange * m->exchange + 0.25 * i * i);
  return m->feedback / (resistance + m->series);
}

pf_status pf_mechanics_deposit(pf_state *s, double dt) {
  if (!s->elasticity) return PF_OK;
  const pf_elasticity *e = s->elasticity;
  PF_TRY(PF_MAP(s->backend, elastic_deposit, &s->grid, .xi = s->xi, .p = s->logit, .reaction = s->reaction,
                .material = s->material, .owner = s->owner, .eigenstrain = s->eigenstrain, .next = e->step,
                .growth_dt = s->params.growth * dt, .shift = s->shift * dt, .full = s->mechanics.full,
                .isotropic = s->mechanics.isotropic, .enters = s->enters, .stays = pf_state_embeds(s),
                .cells = pf_cells(&s->grid), .dimensions = e->dimensions));
  return s->backend->copy(s->backend, s->eigenstrain, e->step,
                          (size_t)e->components * (size_t)pf_cells(&s->grid) * sizeof(double));
}

/* The displacement goes on as the last three answers did, a first guess that saves half of the iterations. */
static pf_status solve(pf_state *s, const pf_elastic_load *load, pf_elastic_report *report) {
  pf_elasticity *e = s->elasticity;
  const pf_elastic_field field = {s->displacement, s->eigenstrain, s->stress, s->stretch};
  const double tolerance = s->mechanics.tolerance, elapsed = s->stress_elapsed;
  if (e->dimensions == 1) return pf_elasticity_solve(e, s->xi, s->material, load, &field, tolerance, report);
  pf_grid all = s->grid; /* of all components */
  all.nz *= e->dimensions;
  double stretch[3];
  memcpy(stretch, s->stretch, sizeof stretch);
  PF_TRY(s->backend->copy(s->backend, s->displacement_start, s->displacement, (size_t)pf_cells(&all) * sizeof(double)));
  if (s->stress_solves > 0 && elapsed > 0) {
    PF_TRY(PF_MAP(s->backend, electron_predict, &all, .metal = s->displacement, .rate = s->displacement_rate,
                  .dt = elapsed));
    for (int d = 0; d < 3; d++) s->stretch[d] += elapsed * s->stretch_rate[d];
  }
  PF_TRY(pf_elasticity_solve(e, s->xi, s->material, load, &field, tolerance, report));
  const double per_dt = s->stress_solves > 0 && elapsed > 0 ? 1 / elapsed : 0;
  /* the next interval will be as this one */
  const double more = s->stress_interval > 0 ? 2 * elapsed / (s->stress_interval + elapsed) : 0;
  s->stress_interval = elapsed;
  for (int d = 0; d < 3; d++) {
    const double rate = (s->stretch[d] - stretch[d]) * per_dt;
    s->stretch_rate[d] = rate + more * (rate - s->stretch_last[d]);
    s->stretch_last[d] = rate;
  }
  return PF_MAP(s->backend, elastic_remember, &all, .u = s->displacement, .start = s->displacement_start,
                .rate = s->displacement_rate, .last = s->displacement_last, .per_dt = per_dt, .more = more);
}

pf_status pf_mechanics_solve(pf_state *s) {
  pf_elasticity *e = s->elasticity;
  if (!e) return PF_OK;
  const pf_mechanics *m = &s->mechanics;
  const ptrdiff_t cells = pf_cells(&s->grid);
  const pf_elastic_load load = {.traction = {-m->pressure, 0, 0}};
  pf_elastic_report report;
  PF_TRY(solve(s, &load, &report));
  s->stress_solves++;
  s->stress_iterations += report.iterations;
  if (report.iterations > s->stress_iterations_most) s->stress_iterations_most = report.iterations;
  /* push follows by this share: with all of it, a surface that answers faster than the stress is found would alternate from
   * one solution to the next; the linear answer of a share 2/(2 + rate times interval) never grows */
  const double share = s->stress_solves > 1 ? 2 / (2 + feedback_rate(s) * s->stress_elapsed) : 1;
  s->stress_moved = s->stress_elapsed = 0;
  PF_TRY(PF_MAP(s->backend, elastic_traction, &s->grid, .xi = s->xi, .p = s->logit, .stress = s->stress,
                .material = s->material, .t = e->q, .force = m->force, .isotropic = m->isotropic, .full = m->full,
                .of = e->compliances, .cells = cells, .dimensions = e->dimensions));
  return PF_MAP(s->backend, elastic_push, &s->grid, .xi = s->xi, .p = s->logit, .t = e->q, .push = s->push,
                .volume = m->volume, .pressure = m->pressure, .cap = m->cap, .share = share,
                .reach = (int)ceil(2 * s->params.eps), .grid = s->grid);
}

pf_status pf_mechanics_follow(pf_state *s, double dt) {
  if (!s->elasticity) return PF_OK;
  s->stress_moved += s->speed * dt;
  s->stress_elapsed += dt;
  return isfinite(s->mechanics.cap) && s->stress_moved < renewal_yielding ? PF_OK : pf_mechanics_solve(s);
}

double pf_mechanics_step_limit(const pf_state *s) {
  return s->elasticity && !isfinite(s->mechanics.cap) ? feedback_per_step / feedback_rate(s) : (double)INFINITY;
}
