/* transport.c: Newton's method on potential and salt together, with the cell voltage as one more unknown.
 *
 * With J the Jacobian, b = dF/dV and g = dI/du, a galvanostatic step solves J du + b dV = -F, g.du = I - I_now.  The
 * sensitivity u_V = -J^-1 b changes little from step to step: it is kept and improved, so that one solve an iteration
 * is enough. */
#include "transport.h"

#include <math.h>

#include "electrons.h"

enum { NEWTON_MOST = 60, CYCLES_MOST = 24 };
static const double linear_tolerance = 3e-2; /* tighter buys no fewer Newton iterations (measured) */
/* With electrons what a solve leaves over is an error of potentials, which lithium at i ~ 0 answers with currents of the
 * cell's size.  What is not found after two iterations is solved well (two are all that most steps need).  Beside nuclei each
 * iteration leaves some hundredths whatever the solve does, and three to four loose ones are the least work. */
static const double last_tolerance = 0.09, careful_tolerance = 1e-4;
enum { CAREFUL_FROM = 2, CAREFUL_WITH_NUCLEI = 6 };
static const double conductance_kept = 0.05; /* dI/dV may change by so much of itself */

/* What Newton's method needs of the equations: of both unknowns, or of the potential alone. */
typedef struct equations {
  /* Residual and Jacobian.  Sums: |R_1|, |R_2|, current of the working electrode, of the counter electrode. */
  pf_status (*assemble)(pf_state *, double dt, double sums[PF_SUMS]);
  pf_status (*prepare)(pf_state *);
  /* J du = -F from zero, after `done` iterations of Newton's method, which left `residual`; J u_V = -b from the last u_V, or
   * from zero. */
  pf_status (*solve)(pf_state *, int done, double residual, pf_linear_report *);
  pf_status (*solve_sensitivity)(pf_state *, double tolerance, int cycles, pf_linear_report *);
  pf_status (*current)(pf_state *, double change[PF_SUMS]); /* g.du, g.u_V */
  pf_status (*update)(pf_state *, double d_voltage);
} equations;

/* ---- potential and salt ---- */

pf_status pf_transport_assemble(pf_state *s, double dt, double sums[PF_SUMS]) {
  pf_linear_system *a = pf_linear_finest(s->linear);
  double currents[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, newton_react, &s->grid, currents, PF_REACTION_OF(s), .reaction = s->reaction, .own = a->own,
                .border = s->border, .cells = pf_cells(&s->grid)));
  const pf_newton_args fluxes = {.xi = s->xi,
                                 .phi = s->phi,
                                 .s = s->s,
                                 .s_0 = s->s_start,
                                 .reaction = s->reaction,
                                 .material = s->material,
                                 .film_x = s->film_x,
                                 .params = s->d_params,
                                 .pairs = s->d_pairs,
                                 .rhs = a->rhs,
                                 .fx = a->fx,
                                 .fy = a->fy,
                                 .fz = a->fz,
                                 .own = a->own,
                                 .border = s->border,
                                 .pair = s->pair,
                                 .cells = pf_cells(&s->grid),
                                 .voltage = s->voltage,
                                 .floor = s->params.floor,
                                 .per_dt = dt > 0 ? 1 / dt : 0,
                                 .growth_dt = s->params.growth * dt,
                                 .shift_dt = s->shift * dt,
                                 .carry = s->shift,
                                 .enters = s->enters};
  static const pf_kernel kernel[3][3] = {
      {PF_KERNEL_newton_uniform_1, PF_KERNEL_newton_uniform_2, PF_KERNEL_newton_uniform_3},
      {PF_KERNEL_newton_plain_1, PF_KERNEL_newton_plain_2, PF_KERNEL_newton_plain_3},
      {PF_KERNEL_newton_special_1, PF_KERNEL_newton_special_2, PF_KERNEL_newton_special_3}};
  PF_TRY(s->backend->sum(s->backend, kernel[s->faces][pf_dimensions(&s->grid) - 1], &s->grid, &fluxes, sums));
  sums[3] = currents[1] + sums[2];
  sums[2] = currents[0];
  return PF_OK;
}

static pf_status prepare_both(pf_state *s) { return pf_linear_set(s->linear); }

static pf_status solve_both(pf_state *s, int done, double residual, pf_linear_report *report) {
  (void)done, (void)residual;
  return pf_linear_solve(s->linear, pf_linear_finest(s->linear)->rhs, s->du, 1, linear_tolerance, CYCLES_MOST, report);
}

static pf_status sensitivity_both(pf_state *s, double tolerance, int cycles, pf_linear_report *report) {
  return pf_linear_solve(s->linear, s->border, s->sensitivity, !s->sensitive, tolerance, cycles, report);
}

static pf_status current_both(pf_state *s, double change[PF_SUMS]) {
  return PF_SUM(s->backend, block_current, &s->grid, change, .own = pf_linear_finest(s->linear)->own, .u = s->du,
                .v = s->sensitivity, .owner = s->owner, .cells = pf_cells(&s->grid));
}

static pf_status update_both(pf_state *s, double d_voltage) {
  return PF_MAP(s->backend, update, &s->grid, .phi = s->phi, .s = s->s, .du = s->du, .sensitivity = s->sensitivity,
                .weight = s->weight, .material = s->material, .params = s->d_params, .d_voltage = d_voltage,
                .cells = pf_cells(&s->grid));
}

static const equations both = {pf_transport_assemble, prepare_both, solve_both,
                               sensitivity_both,      current_both, update_both};

/* ---- the potential alone ---- */

static pf_status assemble_ion(pf_state *s, double dt, double sums[PF_SUMS]) {
  (void)dt;
  double found[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, ion_newton, &s->grid, found, PF_REACTION_OF(s), .ax = s->ax, .ay = s->ay, .az = s->az,
                .reaction = s->reaction, .rhs = s->ion_rhs, .m = s->m, .border = s->ion_border));
  sums[0] = found[0], sums[1] = 0, sums[2] = found[1], sums[3] = found[2];
  return PF_OK;
}

static pf_status prepare_ion(pf_state *s) { return pf_multigrid_set(s->multigrid, s->ax, s->ay, s->az, s->m); }

static pf_status solve_scalar(pf_state *s, const double *b, double *u, double tolerance, int most,
                              pf_linear_report *report) {
  pf_solve_report solve;
  PF_TRY(pf_multigrid_solve(s->multigrid, b, u, tolerance, most, &solve));
  *report = (pf_linear_report){solve.cycles, solve.residual};
  return PF_OK;
}

static pf_status solve_ion(pf_state *s, int done, double residual, pf_linear_report *report) {
  (void)done, (void)residual;
  PF_TRY(PF_MAP(s->backend, fill, &s->grid, .y = s->ion_du, .a = 0));
  return solve_scalar(s, s->ion_rhs, s->ion_du, 0.1 * linear_tolerance, CYCLES_MOST, report);
}

static pf_status sensitivity_ion(pf_state *s, double tolerance, int cycles, pf_linear_report *report) {
  if (!s->sensitive) PF_TRY(PF_MAP(s->backend, fill, &s->grid, .y = s->ion_sensitivity, .a = 0));
  return solve_scalar(s, s->ion_border, s->ion_sensitivity, tolerance, cycles, report);
}

static pf_status current_ion(pf_state *s, double change[PF_SUMS]) {
  return PF_SUM(s->backend, ion_current, &s->grid, change, .m = s->m, .u = s->ion_du, .v = s->ion_sensitivity,
                .owner = s->owner);
}

static pf_status update_ion(pf_state *s, double d_voltage) {
  return PF_MAP(s->backend, ion_update, &s->grid, .phi = s->phi, .du = s->ion_du, .sensitivity = s->ion_sensitivity,
                .weight = s->weight, .d_voltage = d_voltage);
}

static const equations potential = {assemble_ion, prepare_ion, solve_ion, sensitivity_ion, current_ion, update_ion};

/* ---- with electrons: the same and phi_e ---- */

static const equations *of_ions(const pf_state *s) { return s->salty ? &both : &potential; }

static pf_status assemble_all(pf_state *s, double dt, double sums[PF_SUMS]) {
  double error;
  PF_TRY(of_ions(s)->assemble(s, dt, sums));
  PF_TRY(pf_electrons_assemble(s, dt, &sums[2], &error));
  sums[1] = isfinite(error) ? fmax(sums[1], error) : error;
  return PF_OK;
}

static pf_status prepare_all(pf_state *s) { return of_ions(s)->prepare(s); }

/* With salt these rules gain nothing. */
static bool beside_nuclei(const pf_state *s) { return s->nuclei > 0 && !s->salty; }

static pf_status solve_all(pf_state *s, int done, double residual, pf_linear_report *report) {
  const double loose = s->salty ? linear_tolerance : 0.1 * linear_tolerance;
  /* enough if Newton's method converges with it */
  const double last = fmin(fmax(last_tolerance * s->tolerance / residual, careful_tolerance), loose);
  double tolerance = s->salty || beside_nuclei(s) || residual > 1e-3 ? loose : last;
  if (done >= (beside_nuclei(s) ? CAREFUL_WITH_NUCLEI : CAREFUL_FROM)) tolerance = careful_tolerance;
  return pf_electrons_solve(s, tolerance, CYCLES_MOST, report);
}

static pf_status update_all(pf_state *s, double d_voltage) {
  PF_TRY(pf_electrons_update(s, d_voltage));
  return of_ions(s)->update(s, d_voltage);
}

static const equations all = {assemble_all,         prepare_all, solve_all, pf_electrons_sensitivity,
                              pf_electrons_current, update_all};

/* ---- Newton's method ---- */

/* The reaction that everything else uses.  What Newton's method left out of balance, at most its tolerance, is put where
 * current flows, in proportion to it, so that the working electrode's sum is the current to round-off and the counter's
 * its opposite.  (A shift of the electrode's potential would do the same, but has no solution where the current no longer
 * grows with it: past depletion.)  current NaN: the working electrode's as it is. */
static pf_status close_balance(pf_state *s, double current) {
  double sums[PF_SUMS];
  if (s->electrons) return pf_electrons_close(s, current);
  PF_TRY(PF_SUM(s->backend, react, &s->grid, sums, PF_REACTION_OF(s), .reaction = s->reaction));
  if (isnan(current)) current = sums[0];
  return PF_MAP(s->backend, close, &s->grid, .reaction = s->reaction, .owner = s->owner,
                .working = sums[1] > 0 ? (current - sums[0]) / sums[1] : 0,
                .counter = sums[3] > 0 ? (-current - sums[2]) / sums[3] : 0);
}

static pf_status restore(pf_state *s, double voltage) {
  const size_t bytes = (size_t)pf_cells(&s->grid) * sizeof(double);
  s->voltage = voltage;
  if (s->electrons) PF_TRY(s->backend->copy(s->backend, s->phi_e, s->phi_e_start, bytes));
  PF_TRY(s->backend->copy(s->backend, s->phi, s->phi_start, bytes));
  return s->backend->copy(s->backend, s->s, s->s_start, bytes);
}

/* The sensitivity, from nothing, or improved: a few cycles do but where the reaction has become another one. */
static pf_status find_sensitivity(pf_state *s, const equations *e, int *cycles) {
  pf_linear_report kept;
  PF_TRY(e->solve_sensitivity(s, s->sensitive ? 1e-5 : 1e-6, s->sensitive ? 3 : CYCLES_MOST, &kept));
  *cycles += kept.iterations;
  if (s->sensitive && kept.residual > 1e-3) {
    PF_TRY(e->solve_sensitivity(s, 1e-5, CYCLES_MOST, &kept));
    *cycles += kept.iterations;
  }
  s->sensitive = true;
  return PF_OK;
}

/* The step's own Newton iteration, from phi, s and voltage as they stand. */
static pf_status newton(pf_state *s, double dt, const pf_drive *drive, pf_transport_report *report) {
  const equations *e = s->electrons ? &all : of_ions(s);
  const double rows = (double)pf_rows(&s->grid);
  bool limited = false; /* held at the compliance voltage */
  double expected = 0;  /* residual after the last linear solve */
  double miss_before = 0;
  for (int n = 0; n <= NEWTON_MOST; n++) {
    double sums[PF_SUMS];
    PF_TRY(e->assemble(s, dt, sums));
    const bool holds_current = drive->galvanostatic && !limited;
    const double asked = drive->galvanostatic ? drive->current : sums[2];
    /* a current density of 1 nA/cm2 counts as one at rest */
    const double scale = fmax(fmax(fabs(asked), fabs(sums[2])), 1e-5 / s->scales.current * rows);
    const double miss = holds_current ? fabs(sums[2] - drive->current) : 0;
    report->residual = fmax(fmax(sums[0], sums[1]), miss) / scale;
    if (!isfinite(sums[0] + sums[1] + sums[2])) report->residual = (double)INFINITY; /* fmax loses a NaN */
    if (!isfinite(report->residual)) return PF_OK;
    if (report->residual <= s->tolerance) {
      if (limited && (s->voltage > 0 ? sums[2] > drive->current : sums[2] < drive->current)) {
        limited = false; /* more than asked for flows: the limit does not bind */
      } else {
        report->converged = true;
        report->limited = limited;
        return close_balance(s, holds_current ? drive->current : sums[2]);
      }
    }
    if (n == NEWTON_MOST) break;
    report->newton++;
    pf_linear_report linear;
    pf_status solved = e->prepare(s);
    if (solved == PF_OK) solved = e->solve(s, n, report->residual, &linear);
    if (solved == PF_FAILED) return PF_OK; /* singular or not finite: a shorter step may do */
    PF_TRY(solved);
    report->cycles += linear.iterations;
    if (!(linear.residual < 0.9)) return PF_OK;
    double d_voltage = 0;
    if (drive->galvanostatic && !limited) {
      /* its residual is small against the conductance of one cell, dI/dV is that of the whole cell: solve well once, and
       * again where the current is missed by more than what is out of balance.  Nuclei are out of balance for other reasons:
       * beside them where dI/dV has changed, or an iteration did not bring the current nearer. */
      double by[PF_SUMS];
      PF_TRY(e->current(s, by));
      const bool changed = !(fabs(by[1] - s->conductance) <= conductance_kept * fabs(s->conductance));
      const bool missed = n > 2 && miss > 0.5 * miss_before && miss > fmax(3 * expected, s->tolerance) * scale;
      const bool poor = beside_nuclei(s) ? changed || missed : report->residual > 3 * expected;
      if (!s->sensitive || (n > 0 && poor)) {
        const pf_status found = find_sensitivity(s, e, &report->cycles);
        if (found == PF_FAILED) return PF_OK;
        PF_TRY(found);
        PF_TRY(e->current(s, by));
        s->conductance = by[1];
      }
      miss_before = miss;
      if (fabs(by[1]) > 0) d_voltage = -(sums[2] - drive->current + by[0]) / by[1];
      if (!isfinite(d_voltage)) return PF_OK;
      const double most = 8 + 0.5 * fabs(s->voltage); /* damping, as that of the potential */
      if (fabs(d_voltage) > most) d_voltage = copysign(most, d_voltage);
      if (fabs(s->voltage + d_voltage) > drive->voltage_limit) {
        const double held = copysign(drive->voltage_limit, s->voltage + d_voltage);
        d_voltage = held - s->voltage;
        limited = true;
      }
    }
    PF_TRY(e->update(s, d_voltage));
    s->voltage += d_voltage;
    expected = linear.residual * report->residual;
    /* so near that the next residual is known to be good: no need to look */
    const bool checked = holds_current || !drive->galvanostatic; /* not where the limit has just let go */
    if (!limited && checked && report->residual < 1e-3 && linear.residual * report->residual < 0.1 * s->tolerance &&
        miss < 0.1 * s->tolerance * scale) {
      report->residual *= linear.residual;
      report->converged = true;
      return close_balance(s, holds_current ? drive->current : (double)NAN);
    }
  }
  return PF_OK;
}

/* A potentiostat's voltage, from that of the fields. */
static pf_status set_voltage(pf_state *s, const pf_drive *drive) {
  if (drive->galvanostatic) return PF_OK;
  if (s->electrons) PF_TRY(pf_electrons_lift(s, drive->voltage - s->voltage));
  s->voltage = drive->voltage;
  return PF_OK;
}

pf_status pf_transport_step(pf_state *s, double dt, const pf_drive *drive, pf_transport_report *report) {
  *report = (pf_transport_report){.converged = false};
  const size_t bytes = (size_t)pf_cells(&s->grid) * sizeof(double);
  const double voltage = s->voltage;
  PF_TRY(s->backend->copy(s->backend, s->phi_start, s->phi, bytes));
  PF_TRY(s->backend->copy(s->backend, s->s_start, s->s, bytes));
  if (s->electrons) {
    PF_TRY(s->backend->copy(s->backend, s->phi_e_start, s->phi_e, bytes));
    PF_TRY(pf_electrons_faces(s));
  }
  if (!s->salty)
    PF_TRY(PF_MAP(s->backend, ion_faces, &s->grid, .xi = s->xi, .material = s->material, .film_x = s->film_x,
                  .pairs = s->d_pairs, .ax = s->ax, .ay = s->ay, .az = s->az, .floor = s->params.floor));
  if (s->fresh) { /* the drive has changed: from rest is nearer than from the other sign */
    PF_TRY(PF_MAP(s->backend, fill, &s->grid, .y = s->phi, .a = 0));
    if (s->electrons) PF_TRY(PF_MAP(s->backend, fill, &s->grid, .y = s->phi_e, .a = 0));
    s->voltage = 0;
  }
  if (s->rate_dt > 0 && dt > 0) {
    s->voltage += dt * s->voltage_rate;
    if (s->electrons)
      PF_TRY(PF_MAP(s->backend, electron_predict, &s->grid, .metal = s->phi_e, .rate = s->rate_e, .dt = dt));
    PF_TRY(PF_MAP(s->backend, predict, &s->grid, .phi = s->phi, .s = s->s, .rate = s->rate, .dt = dt,
                  .cells = pf_cells(&s->grid)));
  }
  PF_TRY(set_voltage(s, drive));
  PF_TRY(newton(s, dt, drive, report));
  if (!report->converged && s->rate_dt > 0) { /* once more without the prediction */
    PF_TRY(restore(s, voltage));
    PF_TRY(set_voltage(s, drive));
    PF_TRY(newton(s, dt, drive, report));
  }
  if (!report->converged) {
    s->rate_dt = 0;
    s->sensitive = false;
    return restore(s, voltage);
  }
  if (dt > 0 && s->fresh) {
    s->fresh = false; /* this step jumped: no rate to predict from */
  } else if (dt > 0 && s->nuclei > s->nuclei_seen && s->rate_dt > 0) {
    s->nuclei_seen = s->nuclei; /* here it jumped where they were born: the rate before is nearer to what follows */
  } else if (dt > 0) {
    s->nuclei_seen = s->nuclei;
    PF_TRY(PF_MAP(s->backend, remember, &s->grid, .phi = s->phi, .phi_start = s->phi_start, .s = s->s,
                  .s_start = s->s_start, .rate = s->rate, .per_dt = 1 / dt, .cells = pf_cells(&s->grid)));
    if (s->electrons)
      PF_TRY(PF_MAP(s->backend, electron_remember, &s->grid, .metal = s->phi_e, .start = s->phi_e_start,
                    .rate = s->rate_e, .per_dt = 1 / dt));
    s->voltage_rate = (s->voltage - voltage) / dt;
    s->rate_dt = dt;
  }
  return PF_OK;
}
