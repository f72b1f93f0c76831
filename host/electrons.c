#include "electrons.h"

#include <math.h>
#include <stdlib.h>

#include "krylov.h"
#include "real.h"

enum { BASIS = PF_KRYLOV_MOST + 1, FLOATING_MOST = 200 }; /* Krylov vectors between restarts; iterations of a solve */
static const double floating_tolerance = 1e-3;
/* Turns of a solve, what all but the first may leave over, in tolerances, and what a turn has to gain;
 * cycles of a turn; solves by GMRES after one that gained less. */
enum { TURNS_MOST = 6, CYCLES_OF_TURN = 24, COUPLED_SOLVES = 8 };
static const double turns_leave = 3, turns_gain = 0.3, residual_of_error = 0.1;

/* The parts of a vector of all unknowns: those of the ions, [1 or 2][cells], and of the electrons, [cells]. */
enum { IONS, ELECTRONS };

struct pf_electrons {
  pf_backend *backend;
  pf_grid grid;
  pf_space space;
  pf_multigrid *multigrid;
  pf_vector v[BASIS + 1], made; /* made: b - A x, or A v */
  void *half;                   /* the ions' part, in between */
  void *first;                  /* [cells]: the electrons' half of M^-1 on Newton's residual */
  int coupled;                  /* so many more solves are by GMRES from the start */
  double first_size;            /* as pf_multigrid_correct measures an error */
  double *b, *u;                /* [cells]: where lithium floats, and by turns */
  pf_vector right, solution;    /* in double precision: what is handed over in single */
};

static pf_status numbers(pf_electrons *e, const pf_grid *grid, void **array) {
  return pf_real_allocate(e->space.wide, e->backend, pf_cells(grid), array);
}

static pf_status create(pf_electrons *e) {
  PF_TRY(pf_space_create(&e->space));
  for (int n = 0; n <= BASIS; n++) PF_TRY(pf_vector_create(&e->space, &e->v[n]));
  PF_TRY(pf_vector_create(&e->space, &e->made));
  PF_TRY(numbers(e, &e->space.grid[IONS], &e->half));
  PF_TRY(numbers(e, &e->grid, &e->first));
  PF_TRY(e->backend->allocate(e->backend, (size_t)pf_cells(&e->grid) * sizeof(double), (void **)&e->b));
  PF_TRY(e->backend->allocate(e->backend, (size_t)pf_cells(&e->grid) * sizeof(double), (void **)&e->u));
  if (e->space.wide) PF_TRY(pf_vector_create(&e->space, &e->right));
  if (e->space.wide) PF_TRY(pf_vector_create(&e->space, &e->solution));
  return pf_multigrid_create(e->backend, &e->grid, e->space.wide, &e->multigrid);
}

pf_status pf_electrons_create(pf_backend *backend, const pf_grid *grid, bool salty, bool wide,
                              pf_electrons **electrons) {
  *electrons = NULL;
  pf_electrons *e = calloc(1, sizeof *e);
  PF_CHECK(e, PF_NO_MEMORY, "no memory for the electrons");
  e->backend = backend;
  e->grid = *grid;
  e->space = (pf_space){.backend = backend, .wide = wide, .of = "the electrons", .parts = 2, .grid = {*grid, *grid}};
  if (salty) e->space.grid[IONS].nz *= 2;
  const pf_status status = create(e);
  if (status != PF_OK) {
    pf_electrons_destroy(e);
    return status;
  }
  *electrons = e;
  return PF_OK;
}

double pf_electrons_bytes(const pf_grid *grid, bool salty, bool wide) {
  const double vectors = (BASIS + 2 + (wide ? 2 : 0)) * (salty ? 3 : 2) + (salty ? 2 : 1) + 1;
  return (double)pf_cells(grid) * ((double)pf_real_bytes(wide) * vectors + 2 * sizeof(double)) +
         pf_multigrid_bytes(grid, wide);
}

void pf_electrons_destroy(pf_electrons *e) {
  if (!e) return;
  for (int n = 0; n <= BASIS; n++) pf_vector_destroy(&e->space, &e->v[n]);
  pf_vector_destroy(&e->space, &e->made);
  pf_vector_destroy(&e->space, &e->right);
  pf_vector_destroy(&e->space, &e->solution);
  pf_space_destroy(&e->space);
  e->backend->release(e->backend, e->half);
  e->backend->release(e->backend, e->first);
  e->backend->release(e->backend, e->b);
  e->backend->release(e->backend, e->u);
  pf_multigrid_destroy(e->multigrid);
  free(e);
}

int *pf_electrons_box_solves(pf_electrons *e) { return pf_multigrid_box_solves(e->multigrid); }
int *pf_electrons_coupled(pf_electrons *e) { return &e->coupled; }

/* ---- residual and Jacobian ---- */

#define SYSTEM_OF(s)                                                                                          \
  .ex = (s)->ex, .ey = (s)->ey, .ez = (s)->ez, .xi = (s)->xi, .material = (s)->material, .owner = (s)->owner, \
  .params = (s)->d_params

pf_status pf_electrons_faces(pf_state *s) {
  return PF_MAP(s->backend, electron_faces, &s->grid, .xi = s->xi, .p = s->logit, .material = s->material,
                .owner = s->owner, .film_e = s->film_e, .params = s->d_params, .ex = s->ex, .ey = s->ey, .ez = s->ez);
}

/* The electrons' half of M^-1: one multigrid cycle; where lithium floats, at whose surface pieces of constants do badly,
 * a solve to a thousandth. */
static pf_status cycle(pf_state *s, const void *b, void *x) {
  pf_electrons *e = s->electrons;
  if (!s->floats) return pf_multigrid_cycle(e->multigrid, b, x);
  pf_solve_report report;
  const double *right = e->space.wide ? b : e->b;
  if (!e->space.wide) PF_TRY(PF_MAP(s->backend, many_widen, &e->grid, .x = b, .y = e->b));
  PF_TRY(PF_MAP(s->backend, fill, &e->grid, .y = e->u, .a = 0));
  const pf_status solved = pf_multigrid_solve(e->multigrid, right, e->u, floating_tolerance, FLOATING_MOST, &report);
  if (solved == PF_FAILED) return pf_multigrid_cycle(e->multigrid, b, x); /* round-off took its positivity */
  PF_TRY(solved);
  if (e->space.wide) return s->backend->copy(s->backend, x, e->u, (size_t)pf_cells(&e->grid) * sizeof(double));
  return PF_MAP(s->backend, many_narrow, &e->grid, .x = e->u, .y = x);
}

pf_status pf_electrons_assemble(pf_state *s, double dt, double *current, double *error) {
  pf_electrons *e = s->electrons;
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, electron_newton, &s->grid, sums, PF_REACTION_OF(s), .ex = s->ex, .ey = s->ey, .ez = s->ez,
                .m = s->e_m, .rhs = s->e_rhs, .slope = s->slope, .by_salt = s->by_salt, .into_salt = s->into_salt,
                .tail = s->tail, .tail_salt = s->tail_salt, .per_dt = dt > 0 ? 1 / dt : 0,
                .growth_dt = s->params.growth * dt));
  *current = sums[0] + sums[1];
  if (!isfinite(*current)) {
    *error = (double)NAN;
    return PF_OK;
  }
  PF_TRY(pf_multigrid_set(e->multigrid, s->ex, s->ey, s->ez, s->e_m));
  const void *right = s->e_rhs;
  if (e->space.wide) {
    right = e->right.part[ELECTRONS];
    PF_TRY(pf_real_from_float(true, s->backend, &e->grid, s->e_rhs, e->right.part[ELECTRONS]));
  }
  PF_TRY(cycle(s, right, e->first));
  PF_TRY(PF_REAL_SUM(e->space.wide, s->backend, electron_size, &s->grid, sums, .w = e->first, .slope = s->slope));
  /* as a current of the reaction; in the electrolyte as a part of the voltage, so that the leak is as good as the current */
  const double mean = sums[1] / (double)pf_cells(&s->grid);
  e->first_size = sqrt(sums[2]);
  *error = fmax(sums[0], fabs(*current) * mean / fmax(fabs(s->voltage), 1e-3));
  return PF_OK;
}

/* ---- the linear systems ---- */

/* x = M^-1 b; the electrons' part of x is there already where `half_done`. */
static pf_status precondition(pf_state *s, const pf_vector *b, const pf_vector *x, bool half_done) {
  pf_electrons *e = s->electrons;
  if (!half_done) PF_TRY(cycle(s, b->part[ELECTRONS], x->part[ELECTRONS]));
  PF_TRY(PF_REAL_MAP(e->space.wide, s->backend, electron_to_ions, &e->grid, .b = b->part[IONS], .w = x->part[ELECTRONS],
                     .slope = s->slope, .into_salt = s->into_salt, .y = e->half, .by = -1,
                     .cells = pf_cells(&e->grid)));
  if (!s->salty) return pf_multigrid_cycle(s->multigrid, e->half, x->part[IONS]);
  PF_TRY(PF_REAL_MAP(e->space.wide, s->backend, many_fill, &e->space.grid[IONS], .x = x->part[IONS], .a = 0));
  return pf_linear_improve(s->linear, e->half, x->part[IONS]);
}

/* y = A x */
static pf_status apply(pf_state *s, const pf_vector *x, const pf_vector *y) {
  pf_electrons *e = s->electrons;
  const ptrdiff_t cells = pf_cells(&e->grid);
  if (s->salty) {
    PF_TRY(pf_linear_apply(s->linear, x->part[IONS], e->half));
  } else {
    PF_TRY(PF_REAL_MAP(e->space.wide, s->backend, electron_ion_apply, &e->grid, .ax = s->ax, .ay = s->ay, .az = s->az,
                       .m = s->m, .u = x->part[IONS], .y = e->half));
  }
  PF_TRY(PF_REAL_MAP(e->space.wide, s->backend, electron_to_ions, &e->grid, .b = e->half, .w = x->part[ELECTRONS],
                     .slope = s->slope, .into_salt = s->into_salt, .y = y->part[IONS], .by = 1, .cells = cells));
  return PF_REAL_MAP(e->space.wide, s->backend, electron_apply, &e->grid, .ex = s->ex, .ey = s->ey, .ez = s->ez,
                     .m = s->e_m, .w = x->part[ELECTRONS], .u = x->part[IONS], .slope = s->slope, .by_salt = s->by_salt,
                     .y = y->part[ELECTRONS], .cells = cells);
}

/* v[m + 1] = M^-1 A v[m], made orthogonal. */
static pf_status next_vector(pf_state *s, const pf_gmres *k, const pf_vector *v) {
  pf_electrons *e = s->electrons;
  PF_TRY(apply(s, &v[k->m], &e->made));
  PF_TRY(precondition(s, &e->made, &v[k->m + 1], false));
  return pf_gmres_extend(&e->space, k, v, 0);
}

/* A x = b by GMRES, ||M^-1 (b - A x)|| <= tolerance ||M^-1 b||.  half_done: the electrons' half of M^-1 b is `first`. */
static pf_status gmres(pf_state *s, const pf_vector *b, const pf_vector *x, bool from_zero, bool half_done,
                       double tolerance, int most, pf_linear_report *report) {
  pf_electrons *e = s->electrons;
  pf_backend *be = e->backend;
  const pf_space *space = &e->space;
  double size = 0, residual;
  *report = (pf_linear_report){0, 0};
  pf_vector start = e->v[0];
  if (half_done) start.part[ELECTRONS] = e->first;
  if (from_zero) {
    PF_TRY(pf_vector_zero(space, x));
  } else { /* the size of the right side */
    PF_TRY(precondition(s, b, &e->made, false));
    PF_TRY(pf_vector_norm(space, &e->made, &size));
    report->iterations++;
  }
  const pf_vector *v = e->v + 1; /* the basis */
  for (bool at_zero = from_zero;; at_zero = false) {
    const pf_vector *r = at_zero ? &start : &e->v[0];
    if (!at_zero) {
      PF_TRY(apply(s, x, v));
      PF_TRY(pf_vector_rest(space, b, v));
    }
    PF_TRY(precondition(s, at_zero ? b : v, r, at_zero && half_done));
    PF_TRY(pf_vector_norm(space, r, &residual));
    if (at_zero) size = residual;
    report->iterations++;
    report->residual = size > 0 ? residual / size : 0;
    if (!(residual > tolerance * size) || report->iterations >= most) return PF_OK;
    pf_gmres k;
    PF_TRY(pf_gmres_begin(space, &k, r, residual, v));
    while (k.m < PF_KRYLOV_MOST && report->iterations < most && report->residual > tolerance) {
      PF_TRY(be->begin(be));
      const pf_status status = next_vector(s, &k, v), ended = be->end(be);
      PF_TRY(status != PF_OK ? status : ended);
      PF_TRY(pf_gmres_take(space, &k));
      report->iterations++;
      report->residual = k.residual / size;
    }
    PF_TRY(pf_gmres_correct(space, &k, v, x));
    if (!(report->residual > tolerance) || report->iterations >= most) return PF_OK;
  }
}

/* b, x: single precision. */
static pf_status solve(pf_state *s, const pf_vector *b, const pf_vector *x, bool from_zero, bool half_done,
                       double tolerance, int most, pf_linear_report *report) {
  const pf_electrons *e = s->electrons;
  if (!e->space.wide) return gmres(s, b, x, from_zero, half_done, tolerance, most, report);
  PF_TRY(pf_vector_from_float(&e->space, b, &e->right));
  if (!from_zero) PF_TRY(pf_vector_from_float(&e->space, x, &e->solution));
  PF_TRY(gmres(s, &e->right, &e->solution, from_zero, half_done, tolerance, most, report));
  return pf_vector_to_float(&e->space, &e->solution, x);
}

/* ---- by turns: without salt ---- */

/* Right sides and unknowns; that of the electrons is e->u. */
typedef struct turns {
  const double *ion_b;
  double *ion_u;
  const float *b_e;
  float *u, *u_e; /* the answer */
} turns;

/* To a tolerance of the error where lithium floats; elsewhere the residual tells as much and needs no cycle to be known. */
static pf_status turn(const pf_state *s, pf_multigrid *of, const double *b, double *u, double tolerance, double size,
                      int most, pf_solve_report *report) {
  if (s->floats || s->nuclei > 0) return pf_multigrid_correct(of, b, u, tolerance, size, most, report);
  PF_TRY(pf_multigrid_solve(of, b, u, residual_of_error * tolerance, most, report));
  report->first = report->iterations > 0 ? (double)INFINITY : 0;
  return PF_OK;
}

/* The electrons' unknown with the ions' as they are. */
static pf_status turn_of_electrons(pf_state *s, const turns *t, double tolerance, double size,
                                   pf_solve_report *report) {
  pf_electrons *e = s->electrons;
  PF_TRY(PF_MAP(s->backend, electron_right, &e->grid, .b = t->b_e, .u = t->ion_u, .slope = s->slope, .y = e->b));
  return turn(s, e->multigrid, e->b, e->u, tolerance, size, FLOATING_MOST, report);
}

/* The ions' with the electrons' as it is. */
static pf_status turn_of_ions(pf_state *s, const turns *t, double tolerance, double size, pf_solve_report *report) {
  pf_electrons *e = s->electrons;
  PF_TRY(PF_MAP(s->backend, electron_to_ions_double, &e->grid, .b = t->ion_b, .w = e->u, .slope = s->slope, .y = e->b,
                .by = -1, .cells = pf_cells(&e->grid)));
  return turn(s, s->multigrid, e->b, t->ion_u, tolerance, size, CYCLES_OF_TURN, report);
}

/* From the unknowns that there are; size: theirs, or that of the electrons' alone.  *done: nothing was left to do. */
static pf_status by_turns(pf_state *s, const turns *t, double size, double tolerance, pf_linear_report *report,
                          bool *done) {
  double before = 0;
  int cycles = 0;
  for (int n = 0; n < TURNS_MOST; n++) {
    pf_solve_report ions, electrons;
    PF_TRY(turn_of_ions(s, t, n > 0 ? turns_leave * tolerance : tolerance, size, &ions));
    cycles += ions.cycles;
    report->iterations = (cycles + 1) / 2; /* each of two, as those of GMRES */
    *done = n > 0 && ions.first <= turns_leave * tolerance * size;
    if (*done || !ions.converged) return PF_OK;
    if (n > 1 && ions.first > turns_gain * before) break;
    if (n == 0 && isfinite(ions.first)) size = hypot(size, ions.first);
    before = ions.first;
    PF_TRY(turn_of_electrons(s, t, tolerance, size, &electrons));
    cycles += electrons.cycles;
    report->residual = fmax(tolerance, fmin(electrons.residual, 0.5)); /* of it also far from where lithium reacts */
    if (!electrons.converged) return PF_OK;
  }
  s->electrons->coupled = COUPLED_SOLVES;
  return PF_OK;
}

static pf_status solve_by_turns(pf_state *s, const turns *t, double size, double tolerance, pf_linear_report *report,
                                bool *done) {
  *done = false;
  *report = (pf_linear_report){0, tolerance};
  if (s->electrons->coupled > 0) {
    s->electrons->coupled--;
    return PF_OK;
  }
  const pf_status status = by_turns(s, t, size, tolerance, report, done);
  if (status == PF_FAILED) *done = false; /* round-off took a solver's positivity */
  if (status != PF_FAILED) PF_TRY(status);
  if (!*done) return PF_OK;
  PF_TRY(PF_MAP(s->backend, many_narrow, &s->grid, .x = t->ion_u, .y = t->u));
  return PF_MAP(s->backend, many_narrow, &s->grid, .x = s->electrons->u, .y = t->u_e);
}

/* ---- both ---- */

pf_status pf_electrons_solve(pf_state *s, double tolerance, int most, pf_linear_report *report) {
  pf_electrons *e = s->electrons;
  pf_vector b = {{s->ion_b, s->e_rhs}};
  const pf_vector x = {{s->du, s->du_e}};
  int before = 0;
  if (s->salty) {
    b.part[IONS] = pf_linear_finest(s->linear)->rhs;
  } else {
    const turns t = {s->ion_rhs, s->ion_du, s->e_rhs, s->du, s->du_e};
    bool done;
    PF_TRY(PF_MAP(s->backend, fill, &s->grid, .y = s->ion_du, .a = 0));
    if (e->space.wide) {
      PF_TRY(s->backend->copy(s->backend, e->u, e->first, (size_t)pf_cells(&e->grid) * sizeof(double)));
    } else {
      PF_TRY(PF_MAP(s->backend, many_widen, &e->grid, .x = e->first, .y = e->u));
    }
    PF_TRY(solve_by_turns(s, &t, e->first_size, tolerance, report, &done));
    if (done) return PF_OK;
    before = report->iterations;
    PF_TRY(PF_MAP(s->backend, many_narrow, &s->grid, .x = s->ion_rhs, .y = s->ion_b));
  }
  PF_TRY(solve(s, &b, &x, true, true, tolerance, most, report));
  report->iterations += before;
  return PF_OK;
}

pf_status pf_electrons_sensitivity(pf_state *s, double tolerance, int most, pf_linear_report *report) {
  const pf_electrons *e = s->electrons;
  const pf_vector b = {{s->border, s->e_rhs}}, x = {{s->sensitivity, s->sensitivity_e}};
  int before = 0;
  if (!s->salty) PF_TRY(PF_MAP(s->backend, many_narrow, &s->grid, .x = s->ion_border, .y = s->border));
  PF_TRY(PF_MAP(s->backend, electron_border, &s->grid, SYSTEM_OF(s), .slope = s->slope, .rhs = s->e_rhs));
  if (!s->salty) {
    const turns t = {s->ion_border, s->ion_sensitivity, s->e_rhs, s->sensitivity, s->sensitivity_e};
    double size = 0;
    bool done;
    if (!s->sensitive) {
      PF_TRY(PF_MAP(s->backend, fill, &s->grid, .y = s->ion_sensitivity, .a = 0));
      PF_TRY(PF_MAP(s->backend, fill, &s->grid, .y = e->u, .a = 0));
    } else {
      double sums[PF_SUMS];
      PF_TRY(PF_MAP(s->backend, many_widen, &e->grid, .x = s->sensitivity_e, .y = e->u));
      PF_TRY(PF_SUM(s->backend, mg_error_double, &s->grid, sums, .m = s->m, .z = s->ion_sensitivity));
      size = sums[0];
      PF_TRY(PF_SUM(s->backend, mg_error_double, &s->grid, sums, .m = s->e_m, .z = e->u));
      size = sqrt(size + sums[0]);
    }
    PF_TRY(solve_by_turns(s, &t, size, tolerance, report, &done));
    if (done) return PF_OK;
    before = report->iterations;
  }
  PF_TRY(solve(s, &b, &x, !s->sensitive, false, tolerance, most, report));
  report->iterations += before;
  return PF_OK;
}

pf_status pf_electrons_current(pf_state *s, double change[PF_SUMS]) {
  return PF_SUM(s->backend, electron_current, &s->grid, change, SYSTEM_OF(s), .slope = s->slope, .by_salt = s->by_salt,
                .tail = s->tail, .tail_salt = s->tail_salt, .du = s->du, .du_e = s->du_e, .u = s->sensitivity,
                .u_e = s->sensitivity_e, .cells = pf_cells(&s->grid));
}

/* ---- moving on ---- */

pf_status pf_electrons_update(pf_state *s, double d_voltage) {
  PF_TRY(PF_MAP(s->backend, electron_update, &s->grid, SYSTEM_OF(s), .metal = s->phi_e, .du = s->du_e,
                .sensitivity = s->sensitivity_e, .phi = s->phi, .ions = s->du, .ions_sensitivity = s->sensitivity,
                .weight = s->salty ? NULL : s->weight, .curvature = s->curvature, .push = s->push,
                .reaction = s->reaction, .slope = s->slope, .d_voltage = d_voltage));
  if (s->salty) return PF_OK;
  PF_TRY(PF_MAP(s->backend, many_widen, &s->grid, .x = s->du, .y = s->ion_du));
  return PF_MAP(s->backend, many_widen, &s->grid, .x = s->sensitivity, .y = s->ion_sensitivity);
}

pf_status pf_electrons_lift(pf_state *s, double d_voltage) {
  return PF_MAP(s->backend, electron_lift, &s->grid, .metal = s->phi_e, .owner = s->owner, .d_voltage = d_voltage);
}

/* What is missing of a sum as a part of the sum of sizes; 0 where there is hardly anything to put it on. */
static double share(double missing, double sizes) { return fabs(missing) < 0.01 * sizes ? missing / sizes : 0; }

pf_status pf_electrons_close(pf_state *s, double current) {
  double sums[PF_SUMS], balance[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, react, &s->grid, sums, PF_REACTION_OF(s), .reaction = s->reaction));
  PF_TRY(PF_SUM(s->backend, electron_balance, &s->grid, balance, SYSTEM_OF(s), .metal = s->phi_e,
                .reaction = s->reaction, .voltage = s->voltage));
  s->leak = balance[0];
  const double target = isnan(current) ? sums[0] : current - balance[0];
  const double others = share(balance[0] + balance[1] - balance[2], balance[3]);
  const double kept = balance[2] + others * balance[3];
  return PF_MAP(s->backend, close, &s->grid, .reaction = s->reaction, .owner = s->owner,
                .working = sums[1] > 0 ? (target - sums[0]) / sums[1] : 0,
                .counter = sums[3] > 0 ? (-target - kept - sums[2]) / sums[3] : 0, .others = others);
}
