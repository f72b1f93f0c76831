#include "electrons.h"

#include <math.h>
#include <stdlib.h>

enum { BASIS = 10, FLOATING_MOST = 200 }; /* Krylov vectors between restarts; iterations of a solve */
static const double floating_tolerance = 1e-3;

/* A vector of all unknowns. */
typedef struct vector {
  float *ions;      /* [1 or 2][cells] */
  float *electrons; /* [cells] */
} vector;

struct pf_electrons {
  pf_backend *backend;
  pf_grid grid, wide; /* wide: as many planes as the ions' vectors have */
  pf_multigrid *multigrid;
  vector v[BASIS + 1], made, half; /* made: b - A x, or A v; half: in between */
  float *first;                    /* [cells]: the electrons' half of M^-1 on Newton's residual */
  double *b, *u;                   /* [cells]: where lithium floats */
};

static pf_status floats(pf_electrons *e, const pf_grid *grid, float **array) {
  return e->backend->allocate(e->backend, (size_t)pf_cells(grid) * sizeof(float), (void **)array);
}

static pf_status create(pf_electrons *e) {
  for (int n = 0; n < BASIS + 3; n++) {
    vector *v = n <= BASIS ? &e->v[n] : n == BASIS + 1 ? &e->made : &e->half;
    PF_TRY(floats(e, &e->wide, &v->ions));
    PF_TRY(floats(e, &e->grid, &v->electrons));
  }
  PF_TRY(floats(e, &e->grid, &e->first));
  PF_TRY(e->backend->allocate(e->backend, (size_t)pf_cells(&e->grid) * sizeof(double), (void **)&e->b));
  PF_TRY(e->backend->allocate(e->backend, (size_t)pf_cells(&e->grid) * sizeof(double), (void **)&e->u));
  return pf_multigrid_create(e->backend, &e->grid, &e->multigrid);
}

pf_status pf_electrons_create(pf_backend *backend, const pf_grid *grid, bool salty, pf_electrons **electrons) {
  *electrons = NULL;
  pf_electrons *e = calloc(1, sizeof *e);
  PF_CHECK(e, PF_NO_MEMORY, "no memory for the electrons");
  e->backend = backend;
  e->grid = e->wide = *grid;
  if (salty) e->wide.nz *= 2;
  const pf_status status = create(e);
  if (status != PF_OK) {
    pf_electrons_destroy(e);
    return status;
  }
  *electrons = e;
  return PF_OK;
}

double pf_electrons_bytes(const pf_grid *grid, bool salty) {
  const double vectors = (BASIS + 3) * (salty ? 3 : 2) + 5;
  return (double)pf_cells(grid) * sizeof(float) * vectors + pf_multigrid_bytes(grid);
}

void pf_electrons_destroy(pf_electrons *e) {
  if (!e) return;
  for (int n = 0; n < BASIS + 3; n++) {
    vector *v = n <= BASIS ? &e->v[n] : n == BASIS + 1 ? &e->made : &e->half;
    e->backend->release(e->backend, v->ions);
    e->backend->release(e->backend, v->electrons);
  }
  e->backend->release(e->backend, e->first);
  e->backend->release(e->backend, e->b);
  e->backend->release(e->backend, e->u);
  pf_multigrid_destroy(e->multigrid);
  free(e);
}

int *pf_electrons_box_solves(pf_electrons *e) { return pf_multigrid_box_solves(e->multigrid); }

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
static pf_status cycle(pf_state *s, const float *b, float *x) {
  pf_electrons *e = s->electrons;
  if (!s->floats) return pf_multigrid_cycle(e->multigrid, b, x);
  pf_solve_report report;
  PF_TRY(PF_MAP(s->backend, many_widen, &e->grid, .x = b, .y = e->b));
  PF_TRY(PF_MAP(s->backend, fill, &e->grid, .y = e->u, .a = 0));
  const pf_status solved = pf_multigrid_solve(e->multigrid, e->b, e->u, floating_tolerance, FLOATING_MOST, &report);
  if (solved == PF_FAILED) return pf_multigrid_cycle(e->multigrid, b, x); /* round-off took its positivity */
  PF_TRY(solved);
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
  PF_TRY(cycle(s, s->e_rhs, e->first));
  PF_TRY(PF_SUM(s->backend, electron_size, &s->grid, sums, .w = e->first, .slope = s->slope));
  /* as a current of the reaction; in the electrolyte as a part of the voltage, so that the leak is as good as the current */
  const double mean = sums[1] / (double)pf_cells(&s->grid);
  *error = fmax(sums[0], fabs(*current) * mean / fmax(fabs(s->voltage), 1e-3));
  return PF_OK;
}

/* ---- the linear systems ---- */

/* x = M^-1 b; x.electrons is there already where `half_done`. */
static pf_status precondition(pf_state *s, const vector *b, const vector *x, bool half_done) {
  pf_electrons *e = s->electrons;
  if (!half_done) PF_TRY(cycle(s, b->electrons, x->electrons));
  PF_TRY(PF_MAP(s->backend, electron_to_ions, &e->grid, .b = b->ions, .w = x->electrons, .slope = s->slope,
                .into_salt = s->into_salt, .y = e->half.ions, .by = -1, .cells = pf_cells(&e->grid)));
  if (!s->salty) return pf_multigrid_cycle(s->multigrid, e->half.ions, x->ions);
  PF_TRY(PF_MAP(s->backend, many_fill, &e->wide, .x = x->ions, .a = 0));
  return pf_linear_improve(s->linear, e->half.ions, x->ions);
}

/* y = A x */
static pf_status apply(pf_state *s, const vector *x, const vector *y) {
  pf_electrons *e = s->electrons;
  const ptrdiff_t cells = pf_cells(&e->grid);
  if (s->salty) {
    const pf_linear_system *a = pf_linear_finest(s->linear);
    PF_TRY(PF_MAP(s->backend, block_apply, &e->grid, .fx = a->fx, .fy = a->fy, .fz = a->fz, .own = a->own,
                  .cells = cells, .x = x->ions, .y = e->half.ions));
  } else {
    PF_TRY(PF_MAP(s->backend, electron_ion_apply, &e->grid, .ax = s->ax, .ay = s->ay, .az = s->az, .m = s->m,
                  .u = x->ions, .y = e->half.ions));
  }
  PF_TRY(PF_MAP(s->backend, electron_to_ions, &e->grid, .b = e->half.ions, .w = x->electrons, .slope = s->slope,
                .into_salt = s->into_salt, .y = y->ions, .by = 1, .cells = cells));
  return PF_MAP(s->backend, electron_apply, &e->grid, .ex = s->ex, .ey = s->ey, .ez = s->ez, .m = s->e_m,
                .w = x->electrons, .u = x->ions, .slope = s->slope, .by_salt = s->by_salt, .y = y->electrons,
                .cells = cells);
}

/* dots of w with v_0 ... v_(count-1), four at a time */
static pf_status dots(pf_electrons *e, const vector *w, const vector *v, int count, double *result) {
  for (int q = 0; q < count; q += 4) {
    double ions[PF_SUMS], electrons[PF_SUMS];
    const vector *a = v + q, *b = q + 1 < count ? v + q + 1 : NULL, *c = q + 2 < count ? v + q + 2 : NULL,
                 *d = q + 3 < count ? v + q + 3 : NULL;
    PF_TRY(PF_SUM(e->backend, many_dots, &e->wide, ions, .x = w->ions, .y0 = a->ions, .y1 = b ? b->ions : NULL,
                  .y2 = c ? c->ions : NULL, .y3 = d ? d->ions : NULL));
    PF_TRY(PF_SUM(e->backend, many_dots, &e->grid, electrons, .x = w->electrons, .y0 = a->electrons,
                  .y1 = b ? b->electrons : NULL, .y2 = c ? c->electrons : NULL, .y3 = d ? d->electrons : NULL));
    for (int m = 0; m < 4 && q + m < count; m++) result[q + m] = ions[m] + electrons[m];
  }
  return PF_OK;
}

/* y += sum by[q] v_q */
static pf_status combine(pf_electrons *e, const vector *y, const vector *v, int count, const double *by) {
  for (int q = 0; q < count; q += 4) {
    const vector none = {NULL, NULL};
    const vector *a = v + q, *b = q + 1 < count ? v + q + 1 : &none, *c = q + 2 < count ? v + q + 2 : &none,
                 *d = q + 3 < count ? v + q + 3 : &none;
    float f[4] = {0, 0, 0, 0};
    for (int m = 0; m < 4 && q + m < count; m++) f[m] = (float)by[q + m];
    PF_TRY(PF_MAP(e->backend, many_combine, &e->wide, .y = y->ions, .x0 = a->ions, .x1 = b->ions, .x2 = c->ions,
                  .x3 = d->ions, .a0 = f[0], .a1 = f[1], .a2 = f[2], .a3 = f[3]));
    PF_TRY(PF_MAP(e->backend, many_combine, &e->grid, .y = y->electrons, .x0 = a->electrons, .x1 = b->electrons,
                  .x2 = c->electrons, .x3 = d->electrons, .a0 = f[0], .a1 = f[1], .a2 = f[2], .a3 = f[3]));
  }
  return PF_OK;
}

static pf_status norm(pf_electrons *e, const vector *w, double *result) {
  double square;
  PF_TRY(dots(e, w, w, 1, &square));
  *result = sqrt(square);
  PF_CHECK(isfinite(*result), PF_FAILED, "the linear system of the electrons holds a value that is not finite");
  return PF_OK;
}

static pf_status scaled(pf_electrons *e, const vector *x, double a, const vector *y) {
  PF_TRY(PF_MAP(e->backend, many_scaled, &e->wide, .x = x->ions, .y = y->ions, .a = (float)a));
  return PF_MAP(e->backend, many_scaled, &e->grid, .x = x->electrons, .y = y->electrons, .a = (float)a);
}

static pf_status fill(pf_electrons *e, const vector *x) {
  PF_TRY(PF_MAP(e->backend, many_fill, &e->wide, .x = x->ions, .a = 0));
  return PF_MAP(e->backend, many_fill, &e->grid, .x = x->electrons, .a = 0);
}

/* A x = b by GMRES, ||M^-1 (b - A x)|| <= tolerance ||M^-1 b||.  half_done: the electrons' half of M^-1 b is `first`. */
static pf_status gmres(pf_state *s, const vector *b, const vector *x, bool from_zero, bool half_done, double tolerance,
                       int most, pf_linear_report *report) {
  pf_electrons *e = s->electrons;
  double size = 0, residual;
  *report = (pf_linear_report){0, 0};
  vector start = e->v[0];
  if (half_done) start.electrons = e->first;
  if (from_zero) {
    PF_TRY(fill(e, x));
  } else { /* the size of the right side */
    PF_TRY(precondition(s, b, &e->made, false));
    PF_TRY(norm(e, &e->made, &size));
    report->iterations++;
  }
  for (bool at_zero = from_zero;; at_zero = false) {
    if (!at_zero) {
      PF_TRY(apply(s, x, &e->made));
      PF_TRY(scaled(e, &e->made, -1, &e->v[1]));
      const double one = 1;
      PF_TRY(combine(e, &e->v[1], b, 1, &one));
      PF_TRY(precondition(s, &e->v[1], &e->v[0], false));
      PF_TRY(norm(e, &e->v[0], &residual));
    } else {
      PF_TRY(precondition(s, b, &start, half_done));
      PF_TRY(norm(e, &start, &residual));
      size = residual;
    }
    report->iterations++;
    report->residual = size > 0 ? residual / size : 0;
    if (!(residual > tolerance * size) || report->iterations >= most) return PF_OK;
    const vector *r = at_zero ? &start : &e->v[0];
    PF_TRY(scaled(e, r, 1 / residual, &e->v[1]));
    /* v[1] ... v[BASIS]: the basis */
    const vector *v = e->v + 1;
    double h[BASIS + 1][BASIS], g[BASIS + 1] = {residual}, cosine[BASIS], sine[BASIS], y[BASIS];
    int m = 0;
    while (m + 1 < BASIS && report->iterations < most) {
      PF_TRY(apply(s, &v[m], &e->made));
      PF_TRY(precondition(s, &e->made, &v[m + 1], false));
      report->iterations++;
      double column[BASIS + 1], minus[BASIS], length;
      PF_TRY(dots(e, &v[m + 1], v, m + 1, column));
      for (int q = 0; q <= m; q++) minus[q] = -column[q];
      PF_TRY(combine(e, &v[m + 1], v, m + 1, minus));
      PF_TRY(norm(e, &v[m + 1], &length));
      if (length > 0) {
        PF_TRY(PF_MAP(e->backend, many_times, &e->wide, .x = v[m + 1].ions, .a = (float)(1 / length)));
        PF_TRY(PF_MAP(e->backend, many_times, &e->grid, .x = v[m + 1].electrons, .a = (float)(1 / length)));
      }
      for (int q = 0; q < m; q++) {
        const double t = cosine[q] * column[q] + sine[q] * column[q + 1];
        column[q + 1] = -sine[q] * column[q] + cosine[q] * column[q + 1];
        column[q] = t;
      }
      const double root = hypot(column[m], length);
      cosine[m] = root > 0 ? column[m] / root : 1;
      sine[m] = root > 0 ? length / root : 0;
      column[m] = root;
      for (int q = 0; q <= m; q++) h[q][m] = column[q];
      g[m + 1] = -sine[m] * g[m];
      g[m] *= cosine[m];
      m++;
      report->residual = fabs(g[m]) / size;
      if (!(report->residual > tolerance)) break;
    }
    for (int q = m - 1; q >= 0; q--) {
      y[q] = g[q];
      for (int p = q + 1; p < m; p++) y[q] -= h[q][p] * y[p];
      y[q] = fabs(h[q][q]) > 0 ? y[q] / h[q][q] : 0;
    }
    PF_TRY(combine(e, x, v, m, y));
    if (!(report->residual > tolerance) || report->iterations >= most) return PF_OK;
  }
}

pf_status pf_electrons_solve(pf_state *s, double tolerance, int most, pf_linear_report *report) {
  vector b = {s->ion_b, s->e_rhs};
  const vector x = {s->du, s->du_e};
  if (s->salty)
    b.ions = pf_linear_finest(s->linear)->rhs;
  else
    PF_TRY(PF_MAP(s->backend, many_narrow, &s->grid, .x = s->ion_rhs, .y = s->ion_b));
  return gmres(s, &b, &x, true, true, tolerance, most, report);
}

pf_status pf_electrons_sensitivity(pf_state *s, double tolerance, int most, pf_linear_report *report) {
  const vector b = {s->border, s->e_rhs}, x = {s->sensitivity, s->sensitivity_e};
  if (!s->salty) PF_TRY(PF_MAP(s->backend, many_narrow, &s->grid, .x = s->ion_border, .y = s->border));
  PF_TRY(PF_MAP(s->backend, electron_border, &s->grid, SYSTEM_OF(s), .slope = s->slope, .rhs = s->e_rhs));
  return gmres(s, &b, &x, !s->sensitive, false, tolerance, most, report);
}

pf_status pf_electrons_current(pf_state *s, double change[PF_SUMS]) {
  return PF_SUM(s->backend, electron_current, &s->grid, change, SYSTEM_OF(s), .slope = s->slope, .by_salt = s->by_salt,
                .tail = s->tail, .tail_salt = s->tail_salt, .du = s->du, .du_e = s->du_e, .u = s->sensitivity,
                .u_e = s->sensitivity_e, .cells = pf_cells(&s->grid));
}

/* ---- moving on ---- */

pf_status pf_electrons_update(pf_state *s, double d_voltage) {
  PF_TRY(PF_MAP(s->backend, electron_update, &s->grid, .metal = s->phi_e, .du = s->du_e,
                .sensitivity = s->sensitivity_e, .owner = s->owner, .d_voltage = d_voltage));
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
