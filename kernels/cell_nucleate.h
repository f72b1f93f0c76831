/* cell_nucleate.h: lithium that nucleates inside the electrolyte.
 *
 * Where the lithium overpotential phi - phi_e exceeds a threshold, nuclei are born by a Poisson process from the
 * counter-based generator, f(seed, cell, step).  A nucleus is a shape, xi* = 1/(1 + exp((d - R)/eps)), d the distance from
 * its centre, that is still to be filled: there
 *   w_p += (xi* - xi)/eps  while xi < xi*                                                                         (n1)
 * so that lithium is deposited by (1)-(3) of the cell's own potentials: its ions come through (6) and (7), its electrons
 * through (9), as fast as the field brings them.  No balance knows of nuclei. */
#ifndef PF_CELL_NUCLEATE_H
#define PF_CELL_NUCLEATE_H

#include <math.h>

#include "cell_connect.h"
#include "cell_phase.h"
#include "cell_random.h"
#include "cell_transport.h"
#include "pf_kernel.h"
#include "pf_params.h"

/* May lithium nucleate in this cell? */
PF_CELL int pf_may_nucleate(const pf_nucleation_law *law, const uint8_t *material, pf_enters enters, double xi,
                            double shape, pf_at at) {
  const int m = material[at.c];
  const ptrdiff_t step[6] = {at.xm, at.xp, at.ym, at.yp, at.zm, at.zp};
  int place = (int)((law->materials >> m) & 1u), other = 0;
  for (int n = 0; n < 6; n++) other |= material[at.c + step[n]] != m;
  place |= law->beside && other;
  return place && pf_is_open(material, enters.mask, at.c) && xi < 1e-3 && !(shape > 0);
}

/* Marks the cells in which a nucleus is born in a step of dt.  Sums: their number, cells where it could have been. */
// clang-format off
#define PF_ARGS_nucleate(IN, OUT, VAR, VAL)                                                                        \
  IN(double, xi) IN(double, phi) IN(double, metal) IN(uint8_t, material) IN(float, nucleus) OUT(uint8_t, born)     \
  VAL(pf_nucleation_law, law) VAL(pf_enters, enters) VAL(double, dt) VAL(uint32_t, step)
// clang-format on
PF_ARGS(nucleate);
PF_CELL pf_sums pf_cell_nucleate(const pf_nucleate_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const int may = k->phi[c] - k->metal[c] > k->law.threshold &&
                  pf_may_nucleate(&k->law, k->material, k->enters, k->xi[c], (double)k->nucleus[c], at);
  uint8_t born = 0;
  if (may) {
    const pf_uniform random = pf_random_uniform(k->law.seed, PF_RANDOM_NUCLEI, (uint32_t)c, k->step);
    born = random.u[0] < -expm1(-k->law.rate * k->dt);
  }
  k->born[c] = born;
  const pf_sums r = {{born ? 1.0 : 0.0, may ? 1.0 : 0.0, 0, 0}};
  return r;
}

/* Adds the shape of a nucleus whose centre is that of a cell; lateral directions are periodic.
 *
 * Where nothing was yet, phi_e follows phi, so that Newton's method begins near the answer.  A nucleus takes what leaks to
 * it with hardly an overpotential, r = w i0 eta^2/e (pf_reaction_of_cell): s_e laplacian eta = r is solved by
 * eta = 6 a/(x + x0)^2, x the depth below its surface, a = e s_e/(w i0); x0 from what leaks in, which falls from
 * `beyond`, phi - phi_e before, over twice the radius.  So it answers to the voltage as phi does, too.
 * (metal NULL: phi_e stays.) */
// clang-format off
#define PF_ARGS_nucleus_draw(IN, OUT, VAR, VAL)                                                                \
  VAR(float, nucleus) VAR(double, metal) VAR(float, sensitivity_e) IN(double, xi) IN(double, phi)              \
  IN(float, sensitivity) IN(double, push) IN(uint8_t, material) IN(pf_params, params) VAL(pf_enters, enters)   \
  VAL(pf_grid, grid) VAL(pf_at, centre)
// clang-format on
PF_ARGS(nucleus_draw);
PF_CELL double pf_apart(int a, int b, int period) {
  const int d = a > b ? a - b : b - a;
  return (double)(2 * d > period ? period - d : d);
}
PF_CELL double pf_nucleus_rest(const pf_params *p, int material, double shape, double depth, double beyond) {
  const double exchange = pf_kinetics_of(&p->material[material], &p->electrode[2], 1).exchange;
  const double a = PF_NUCLEUS_SOFT * p->material[material].electronic * p->eps / (shape * exchange);
  const double place = (depth > 0 ? depth : 0) + cbrt(24 * a * p->nucleation.radius / beyond);
  return 6 * a / (place * place);
}
PF_CELL void pf_cell_nucleus_draw(const pf_nucleus_draw_args *k, pf_at at) {
  const pf_params *p = k->params;
  const ptrdiff_t c = at.c;
  const double x = (double)(at.i - k->centre.i), y = pf_apart(at.j, k->centre.j, k->grid.ny),
               z = pf_apart(at.k, k->centre.k, k->grid.nz);
  const double square = x * x + y * y + z * z, reach = p->nucleation.radius + 4 * p->eps;
  if (!(square < reach * reach) || !pf_is_open(k->material, k->enters.mask, c)) return;
  const double depth = p->nucleation.radius - sqrt(square);
  const float shape = (float)(1 / (1 + exp(-depth / p->eps)));
  if (!(shape > k->nucleus[c])) return;
  const double push = k->push ? k->push[c] : 0, beyond = k->metal ? k->phi[c] - push - k->metal[c] : 0;
  if (!(k->nucleus[c] > 0) && k->xi[c] < PF_METAL_BEGINS && beyond > 0) {
    const double eta = pf_nucleus_rest(p, k->material[c], (double)shape, depth, beyond);
    if (eta < beyond) {
      k->metal[c] = k->phi[c] - push - eta;
      k->sensitivity_e[c] = k->sensitivity[c];
    }
  }
  k->nucleus[c] = shape;
}

/* (n1), after the geometry; what is nine tenths full is done.  Its cells have electrons of their own, though they are no
 * metal yet, and are no electrode's though the tail of a front may reach them.  Sum: lithium in what the counter electrode's
 * tail loses so. */
// clang-format off
#define PF_ARGS_nucleus_fill(IN, OUT, VAR, VAL) \
  IN(double, xi) VAR(float, nucleus) VAR(double, weight) VAR(uint8_t, owner) VAL(double, eps)
// clang-format on
PF_ARGS(nucleus_fill);
PF_CELL pf_sums pf_cell_nucleus_fill(const pf_nucleus_fill_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double shape = (double)k->nucleus[c], xi = k->xi[c], left = shape - xi;
  const int pending = left >= 0.1 * shape && shape > 0, owner = k->owner[c];
  const int takes = pending && (xi < PF_METAL || !(owner & (PF_WORKING | PF_COUNTER)));
  if (!pending) k->nucleus[c] = 0;
  if (pending) k->weight[c] += left / k->eps;
  if (takes) k->owner[c] = (uint8_t)((owner & PF_DEAD) | PF_NUCLEUS);
  const pf_sums r = {{takes && owner == PF_COUNTER ? xi : 0, 0, 0, 0}};
  return r;
}

/* Lithium that is no electrode's: sums of r and of xi there. */
#define PF_ARGS_floating(IN, OUT, VAR, VAL) IN(double, reaction) IN(double, xi) IN(uint8_t, owner)
PF_ARGS(floating);
PF_CELL pf_sums pf_cell_floating(const pf_floating_args *k, pf_at at) {
  const int mine = !(k->owner[at.c] & (PF_WORKING | PF_COUNTER));
  const pf_sums r = {{mine ? k->reaction[at.c] : 0, mine ? k->xi[at.c] : 0, 0, 0}};
  return r;
}

// clang-format off
#define PF_KERNELS_NUCLEATE(MAP, SWEEP, SUM, MAX) \
  SUM(nucleate) MAP(nucleus_draw) SUM(nucleus_fill) SUM(floating)
// clang-format on

#endif
