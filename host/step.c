/* step.c: the operators of a step, in order, with the numbers of their equations. */
#include "step.h"

#include <math.h>

#include "explicit.h"
#include "mechanics.h"
#include "nucleation.h"
#include "transport.h"

/* M of (4) in units of v eps.  The bracket moves no planar front and smooths a ripple of 32 cells by less than 1e-4 of what
 * diffusion with M would, so M is large: the profile keeps its shape where currents differ across the front (salt nearly
 * used up, stripping).  Measured, ripple at kappa R_1 k = 1.6: rate 0.95 ... 1.05 of exact at 8, 0.993 at 16, 24 and 32; a
 * planar front in frame `stack` settles within 0.05 cells at 24, 0.07 at 12. */
static const double profile_mobility = 24;
/* Explicit sub-steps: M ds/h^2 at most this over the number of dimensions. */
static const double profile_stability = 0.4;

/* How far the window of (1) stands before the front, eps.  Lithium has to be put at the middle of that which is there (halfway
 * through the step): what is put elsewhere the bracket carries along the normal, which at a slope moves it along the front, and
 * a ripple gets v e k^2 for each cell e that it is put too far outside.  Two things put it elsewhere, and `lead` undoes them.
 *   - A step forward in time puts it half of what the front slides over the grid, v dt, too far inside (less in long steps).
 *   - The window is narrower than xi, so in steady growth the bracket carries v (S - xi) through the profile and bends it
 *     evenly, S with it, int (S - xi)^2/(xi (1-xi))^2 d xi = 0.71 eps/M outwards for short steps; in long ones the bend is
 *     relaxed when the next step begins.
 * eps sinh(1/eps): flux of the discrete bracket along a front to that through it.  Numbers without a derivation are measured on
 * ripples of 64 cells that hardly grow, in both frames, W of 3 to 8 cells, cfl of 0.025 to 0.3 (tests/README.md, Ripples to
 * dendrites). */
static double window_lead(const pf_state *s, double dt) {
  const double eps = s->params.eps, moved = s->speed * dt / eps; /* by the fastest piece of the front */
  if (!(moved > 0 && s->speed * dt < 0.5)) return 0;             /* longer steps are coarse anyway */
  const double slid = moved * fmax(1 - fabs(s->shift) / s->speed, 0);
  const double bent = (0.78 - 0.09 * slid / moved) / profile_mobility * exp(-0.28 * profile_mobility * moved);
  return 0.5 * slid / (1 + 1.5 * slid) - (bent - 0.053 * moved / eps) / (eps * sinh(1 / eps));
}

static void swap(double **a, double **b) {
  double *t = *a;
  *a = *b;
  *b = t;
}

/* Where lithium floats beside the counter electrode, B moves some from the tail of one to that of the other: it changes
 * hands, as that of bodies that touch does (pf_state_connect).  `by`: +1 before B, -1 after it. */
static pf_status count_counter(pf_state *s, double by) {
  if (s->params.counter != PF_COUNTER_RESOLVED || !(s->floats || s->nuclei > 0)) return PF_OK;
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, lithium, &s->grid, sums, .xi = s->xi, .owner = s->owner));
  s->lithium_start[0] += by * sums[1], s->lithium_start[1] -= by * sums[1];
  return PF_OK;
}

/* Where fronts meet, for all sub-steps of B.  What B works with is lent to the slopes. */
static pf_status find_ridges(pf_state *s, const double *open) {
  const pf_logit_args logit = {.xi = s->xi, .p = s->logit};
  const pf_slopes_args slopes = {
      .p = s->logit, .open = open, .slope_x = s->bend, .slope_y = s->curvature, .slope_z = s->xi_next};
  const pf_ridge_args ridge = {.p = s->logit,
                               .slope_x = s->bend,
                               .slope_y = s->curvature,
                               .slope_z = s->xi_next,
                               .open = open,
                               .ridge = s->ridge};
  const pf_stage stage[] = {{PF_KERNEL_logit, &logit}, {PF_KERNEL_slopes, &slopes}, {PF_KERNEL_ridge, &ridge}};
  return s->backend->chain(s->backend, stage, 3, &s->grid);
}

/* (4): reaction and frame, then the bracket B in sub-steps. */
static pf_status move_front(pf_state *s, double dt) {
  pf_backend *b = s->backend;
  double sums[PF_SUMS];
  PF_TRY(pf_mechanics_deposit(s, dt)); /* (10): eigenstrain */
  PF_TRY(PF_SUM(b, grow, &s->grid, sums, .xi = s->xi, .reaction = s->reaction, .material = s->material,
                .owner = s->owner, .xi_new = s->xi_next, .growth_dt = s->params.growth * dt, .shift = s->shift * dt,
                .enters = s->enters, .stays = pf_state_embeds(s)));
  s->lithium_passed[0] += sums[0], s->lithium_passed[1] += sums[1];
  s->lithium_retreat[0] += sums[2], s->lithium_retreat[1] += sums[3];
  swap(&s->xi, &s->xi_next);
  const double mobility = profile_mobility * s->speed * s->params.eps * dt; /* M dt/h^2 */
  const bool closed = !s->walls && !(s->enters.mask & 1u);                  /* the one material, or all of them */
  if (!(mobility > 0) || closed) return PF_OK;
  const int dimensions = pf_dimensions(&s->grid) > 2 ? 3 : 2;
  const int parts = (int)ceil(mobility / (profile_stability / dimensions));
  PF_TRY(count_counter(s, 1));
  const bool walls = s->walls || s->nuclei > 0;
  double *open = s->weight; /* lent: it is made anew when the front has moved */
  if (walls) PF_TRY(PF_MAP(b, open, &s->grid, .material = s->material, .open = open, .mask = s->enters.mask));
  static const pf_kernel profile[3][2] = {{PF_KERNEL_profile_2, PF_KERNEL_profile_3},
                                          {PF_KERNEL_profile_walls_2, PF_KERNEL_profile_walls_3},
                                          {PF_KERNEL_profile_nuclei_2, PF_KERNEL_profile_nuclei_3}};
  const pf_kernel bend = walls ? PF_KERNEL_bend_walls : PF_KERNEL_bend;
  const pf_bend_args once = {.p = s->logit, .open = open, .bend = s->curvature}; /* lent, too */
  const pf_bend_args twice = {.p = s->curvature, .open = open, .bend = s->bend};
  PF_TRY(find_ridges(s, walls ? open : NULL));
  enum { STAGES = 4, TOGETHER = PF_STAGES_MAX / STAGES }; /* of a sub-step; sub-steps in a chain */
  for (int n = 0; n < parts;) {
    pf_logit_args logit[TOGETHER];
    pf_profile_args move[TOGETHER];
    pf_stage stage[PF_STAGES_MAX];
    int stages = 0;
    for (int m = 0; m < TOGETHER && n < parts; m++, n++) {
      logit[m] = (pf_logit_args){.xi = s->xi, .p = s->logit};
      move[m] = (pf_profile_args){.xi = s->xi,
                                  .p = s->logit,
                                  .ridge = s->ridge,
                                  .bend = s->bend,
                                  .salt = s->s,
                                  .open = open,
                                  .nucleus = s->nucleus,
                                  .xi_new = s->xi_next,
                                  .salt_new = s->s_next,
                                  .rate = mobility / parts,
                                  .eps = s->params.eps,
                                  .enters = s->enters};
      stage[stages++] = (pf_stage){PF_KERNEL_logit, &logit[m]};
      stage[stages++] = (pf_stage){bend, &once};
      stage[stages++] = (pf_stage){bend, &twice};
      stage[stages++] = (pf_stage){profile[s->nuclei > 0 ? 2 : s->walls][dimensions - 2], &move[m]};
      swap(&s->xi, &s->xi_next);
      swap(&s->s, &s->s_next);
    }
    PF_TRY(b->chain(b, stage, stages, &s->grid));
  }
  return count_counter(s, -1);
}

static pf_status salt_sums(pf_state *s, double sums[PF_SUMS]) {
  return PF_SUM(s->backend, salt, &s->grid, sums, .xi = s->xi, .phi = s->phi, .s = s->s, .material = s->material,
                .params = s->d_params, .voltage = s->voltage, .carry = s->shift);
}

/* Salt left = salt at the start - what left with the electrolyte: what the solver's tolerance lost or made is put
 * back, and its size is the error that is reported. */
static pf_status close_salt(pf_state *s, double before, double out) {
  if (!s->salty) return PF_OK;
  double sums[PF_SUMS];
  PF_TRY(salt_sums(s, sums));
  s->salt_out += out;
  const double target = before - out;
  s->salt_error = fabs(sums[0] - target) / target;
  return PF_MAP(s->backend, salt_correct, &s->grid, .s = s->s, .material = s->material, .params = s->d_params,
                .factor = target / sums[0]);
}

static pf_status health(pf_state *s) {
  double worst[PF_SUMS], sums[PF_SUMS];
  PF_TRY(PF_MAX(s->backend, health, &s->grid, worst, .xi = s->xi, .phi = s->phi, .s = s->s, .reaction = s->reaction,
                .weight = s->weight, .eps = s->params.eps));
  s->salt_least = -worst[0];
  s->speed = s->params.growth * worst[1];
  PF_CHECK(!(worst[3] > 0) && worst[2] <= 0.05, PF_FAILED,
           "step %ld: a field is no longer sound (lithium fraction %.3g beyond 0 ... 1, not finite: %s)", s->step,
           worst[2], worst[3] > 0 ? "yes" : "no");
  PF_TRY(PF_SUM(s->backend, lithium, &s->grid, sums, .xi = s->xi, .owner = s->owner));
  s->profile = sums[3] > 0 ? sums[2] / (s->params.eps * sums[3]) : 1;
  double error = 0;
  for (int e = 0; e < (s->params.counter == PF_COUNTER_RESOLVED ? 2 : 1); e++)
    error = fmax(error, fabs(sums[e] - s->lithium_start[e] + s->lithium_retreat[e] - s->lithium_passed[e]));
  s->faraday_error = s->throughput > 0 ? error / s->throughput : 0;
  return PF_OK;
}

/* What passes the terminals: the reaction of the working electrode's lithium and, with electrons, what leaks. */
static pf_status read_current(pf_state *s) {
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, current, &s->grid, sums, .reaction = s->reaction, .owner = s->owner));
  s->current = sums[0] + s->leak;
  return PF_OK;
}

/* The frame moves with the electrode's mean growth: U = Vm I/(F A), I the current of the reaction. */
static void set_frame(pf_state *s, double current) {
  s->shift = s->stack ? s->params.growth * current / (double)pf_rows(&s->grid) : 0;
}

pf_status pf_step_start(pf_state *s, const pf_drive *drive, pf_step_report *report) {
  pf_transport_report transport;
  if (s->params.law != PF_LAW_REACTION) return pf_explicit_start(s, drive, report);
  s->shift = 0;
  PF_TRY(pf_mechanics_solve(s)); /* (10), (11) */
  PF_TRY(pf_transport_step(s, 0, drive, &transport));
  *report = (pf_step_report){.newton = transport.newton, .cycles = transport.cycles, .limited = transport.limited};
  PF_CHECK(transport.converged, PF_FAILED,
           "no potential was found at the start (%.1e of the current is out of balance)", transport.residual);
  PF_TRY(read_current(s));
  set_frame(s, s->current - s->leak);
  return health(s);
}

pf_status pf_step(pf_state *s, const pf_step_control *control, const pf_drive *drive, double dt_most,
                  pf_step_report *report) {
  if (s->params.law != PF_LAW_REACTION) return pf_explicit_step(s, control, drive, dt_most, report);
  *report = (pf_step_report){0};
  double dt = fmin(control->dt_max, dt_most);
  if (s->speed > 0) dt = fmin(dt, control->cfl / s->speed);
  dt = fmin(dt, pf_mechanics_step_limit(s));
  if (s->dt > 0) dt = fmin(dt, 2 * s->dt);                         /* grows slowly after a cut */
  if (dt_most - dt < 0.5 * dt && dt < dt_most) dt = 0.5 * dt_most; /* no splinter at the end of a half cycle */
  pf_transport_report transport;
  double before[PF_SUMS] = {0}, after[PF_SUMS] = {0};
  if (s->salty) PF_TRY(salt_sums(s, before));
  for (;; dt *= 0.5) {
    PF_CHECK(dt >= control->dt_min || dt >= dt_most, PF_FAILED,
             "step %ld: potential and salt found no solution down to a step of %.2g s (%.1e of the current is out of "
             "balance, voltage %.4g mV)",
             s->step + 1, dt, report->tries ? transport.residual : 0, 1e3 * s->voltage * s->scales.potential);
    report->tries++;
    if (drive->galvanostatic) set_frame(s, drive->current - s->leak);
    PF_TRY(pf_transport_step(s, dt, drive, &transport)); /* (1)-(3), (6), (7) */
    report->newton += transport.newton, report->cycles += transport.cycles;
    if (transport.converged) break;
  }
  report->limited = transport.limited;
  PF_TRY(read_current(s));
  set_frame(s, s->current - s->leak);
  if (s->salty) PF_TRY(salt_sums(s, after));
  const double grown = s->params.growth * dt;
  s->throughput += fabs(s->current - s->leak) * grown;
  s->charge += s->current * grown, s->charge_passed += fabs(s->current) * grown;
  s->charge_leaked += fabs(s->leak) * grown;
  PF_TRY(pf_nucleation_count(s, dt));
  PF_TRY(move_front(s, dt)); /* (4) */
  PF_TRY(close_salt(s, before[0], after[2] * dt));
  PF_TRY(pf_nucleation_step(s, dt));
  s->time += dt;
  s->dt = dt;
  s->step++;
  PF_TRY(pf_state_connect(s));
  s->lead = window_lead(s, dt);
  PF_TRY(pf_state_geometry(s));
  PF_TRY(pf_mechanics_follow(s, dt)); /* (10), (11) when due */
  return health(s);
}
