/* cell_measure.h: what is measured on the fields. */
#ifndef PF_CELL_MEASURE_H
#define PF_CELL_MEASURE_H

#include <math.h>

#include "cell_connect.h"
#include "cell_transport.h"
#include "pf_kernel.h"

/* Lithium: sum of xi of the working electrode's side (all that is not the counter's) and of the counter's; the two sums
 * of the profile measure Q = sum xi(1-xi) / (eps sum |grad xi|). */
#define PF_ARGS_lithium(IN, OUT, VAR, VAL) IN(double, xi) IN(uint8_t, owner)
PF_ARGS(lithium);
PF_CELL pf_sums pf_cell_lithium(const pf_lithium_args *k, pf_at at) {
  const double xi = k->xi[at.c];
  const double gx = k->xi[at.c + at.xp] - k->xi[at.c + at.xm], gy = k->xi[at.c + at.yp] - k->xi[at.c + at.ym],
               gz = k->xi[at.c + at.zp] - k->xi[at.c + at.zm];
  const int counter = k->owner[at.c] == PF_COUNTER;
  const pf_sums r = {{counter ? 0 : xi, counter ? xi : 0, xi * (1 - xi), 0.5 * sqrt(gx * gx + gy * gy + gz * gz)}};
  return r;
}

/* Current of each electrode's lithium. */
#define PF_ARGS_current(IN, OUT, VAR, VAL) IN(double, reaction) IN(uint8_t, owner)
PF_ARGS(current);
PF_CELL pf_sums pf_cell_current(const pf_current_args *k, pf_at at) {
  const double r = k->reaction[at.c];
  const pf_sums sums = {{k->owner[at.c] & PF_WORKING ? r : 0, k->owner[at.c] == PF_COUNTER ? r : 0, 0, 0}};
  return sums;
}

/* Salt: sum of capacity (1-xi) s, of capacity (1-xi) where there is salt; what leaves through x = Lx (sign of the
 * residual: leaving is positive) with the displaced electrolyte, as the newton kernel has it. */
// clang-format off
#define PF_ARGS_salt(IN, OUT, VAR, VAL)                                                                         \
  IN(double, xi) IN(double, phi) IN(double, s) IN(uint8_t, material) IN(pf_params, params) VAL(double, voltage) \
  VAL(double, carry)
// clang-format on
PF_ARGS(salt);
PF_CELL pf_sums pf_cell_salt(const pf_salt_args *k, pf_at at) {
  const pf_electrolyte *m = &k->params->material[k->material[at.c]];
  pf_sums r = {{0, 0, 0, 0}};
  if (!(m->anion_share > 0)) return r;
  const double left = 1 - k->xi[at.c], s = k->s[at.c];
  r.s[0] = m->capacity * left * s;
  r.s[1] = m->capacity * left;
  if (!at.xp) {
    double s_f;
    const pf_current f = pf_counter_face(k->params, 1, k->phi[at.c], s, k->material[at.c], k->voltage, &s_f);
    r.s[2] = -s * (m->salt_volume * f.i + k->carry * m->capacity * left);
  }
  if (!at.xm) r.s[2] += k->carry * m->capacity * left * s;
  return r;
}

/* s += amount where there is salt: closes the balance to round-off (the solver leaves its tolerance behind). */
// clang-format off
#define PF_ARGS_salt_correct(IN, OUT, VAR, VAL) \
  VAR(double, s) IN(uint8_t, material) IN(pf_params, params) VAL(double, factor)
// clang-format on
PF_ARGS(salt_correct);
PF_CELL void pf_cell_salt_correct(const pf_salt_correct_args *k, pf_at at) {
  if (k->params->material[k->material[at.c]].anion_share > 0) k->s[at.c] *= k->factor;
}

/* Health: largest -s in the electrolyte, largest current density of the interface, largest excess of xi beyond [0, 1],
 * and 1 where a value is not finite (a comparison that NaN fails). */
// clang-format off
#define PF_ARGS_health(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(double, phi) IN(double, s) IN(double, reaction) IN(double, weight) VAL(double, eps)
// clang-format on
PF_ARGS(health);
PF_CELL pf_sums pf_cell_health(const pf_health_args *k, pf_at at) {
  const double xi = k->xi[at.c], r = k->reaction[at.c];
  const double w = pf_reaction_weight(r, k->weight[at.c], xi, k->eps);
  const double beyond = xi < 0 ? -xi : xi - 1;
  const int good = fabs(xi) <= 1e300 && fabs(k->phi[at.c]) <= 1e300 && fabs(k->s[at.c]) <= 1e300 && fabs(r) <= 1e300;
  const pf_sums out = {
      {xi < 0.5 ? -k->s[at.c] : -1e300, w * k->eps > 0.05 ? fabs(r) / w : 0, beyond, good ? 0.0 : 1.0}};
  return out;
}

/* What the watch over a run looks at.  Sums: values that are not finite, cells with xi beyond [0, 1] by more than 1e-3, xi,
 * (1-xi) s.  Maxima: xi, -xi, |phi|, -s of the electrolyte. */
#define PF_ARGS_watch_sums(IN, OUT, VAR, VAL) IN(double, xi) IN(double, phi) IN(double, s)
PF_ARGS(watch_sums);
PF_CELL pf_sums pf_cell_watch_sums(const pf_watch_sums_args *k, pf_at at) {
  const double xi = k->xi[at.c], phi = k->phi[at.c], s = k->s[at.c];
  const double bad = !(fabs(xi) <= 1e300) + !(fabs(phi) <= 1e300) + !(fabs(s) <= 1e300);
  const pf_sums out = {{bad, xi < -1e-3 || xi > 1.001 ? 1.0 : 0.0, xi, (1 - xi) * s}};
  return out;
}
#define PF_ARGS_watch_ranges(IN, OUT, VAR, VAL) IN(double, xi) IN(double, phi) IN(double, s)
PF_ARGS(watch_ranges);
PF_CELL pf_sums pf_cell_watch_ranges(const pf_watch_ranges_args *k, pf_at at) {
  const double xi = k->xi[at.c];
  const pf_sums out = {{xi, -xi, fabs(k->phi[at.c]), xi < 0.5 ? -k->s[at.c] : -1e300}};
  return out;
}

/* Place of the front on a lateral line, in cells from x = 0: the highest point ln(xi/(1-xi)) = level (0: xi = 1/2) of
 * lithium of the working electrode.  Launched over {1, ny, nz}. */
// clang-format off
#define PF_ARGS_front(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(uint8_t, owner) OUT(double, front) VAL(int, nx) VAL(double, level)
// clang-format on
PF_ARGS(front);
PF_CELL void pf_cell_front(const pf_front_args *k, pf_at at) {
  const ptrdiff_t start = at.row * k->nx;
  const double least = 1 / (1 + exp(-k->level));
  double front = 0;
  for (int i = k->nx - 1; i >= 0; i--) {
    const ptrdiff_t c = start + i;
    if (!(k->xi[c] >= least) || (k->owner[c] & PF_DEAD) || k->owner[c] == PF_COUNTER) continue;
    const double here = k->xi[c], next = i + 1 < k->nx ? k->xi[c + 1] : here;
    front = i + 0.5;
    /* the profile is logistic: ln(xi/(1-xi)) is linear, so its zero is found without error on a planar front */
    if (next < least) front += (pf_logit(here) - k->level) / (pf_logit(here) - pf_logit(next));
    break;
  }
  k->front[at.row] = front;
}

/* (12): overpotential of deposition (metal against electrolyte, films included), mean over the front on a lateral line,
 * in units of that at which the flaw of the layer it touches becomes critical.  Maxima: working electrode, counter
 * electrode.  Launched over {1, ny, nz}. */
// clang-format off
#define PF_ARGS_fracture(IN, OUT, VAR, VAL)                                                                   \
  IN(double, xi) IN(double, phi) IN(double, s) IN(double, weight) IN(double, curvature) IN(uint8_t, material) \
  IN(uint8_t, owner) IN(double, metal) IN(pf_params, params) VAL(double, voltage) VAL(int, nx)
// clang-format on
PF_ARGS(fracture);
PF_CELL pf_sums pf_cell_fracture(const pf_fracture_args *k, pf_at at) {
  const ptrdiff_t start = at.row * k->nx;
  double push[2] = {0, 0}, weight[2] = {0, 0};
  for (int i = 0; i < k->nx; i++) {
    const ptrdiff_t c = start + i;
    const double critical = k->params->material[k->material[c]].fracture, w = k->weight[c];
    const int owner = k->owner[c], counter = owner == PF_COUNTER;
    if (!(critical > 0) || !(w > 0) || !(owner == PF_WORKING || counter)) continue;
    const double electrons = k->metal ? k->metal[c] : counter ? k->voltage : 0;
    const double eta = k->phi[c] - electrons - k->params->capillary * k->curvature[c];
    push[counter] += w * eta / critical;
    weight[counter] += w;
  }
  pf_sums r = {{weight[0] > 0 ? push[0] / weight[0] : 0, weight[1] > 0 ? push[1] / weight[1] : 0, 0, 0}};
  const ptrdiff_t last = start + k->nx - 1;
  const pf_electrolyte *m = &k->params->material[k->material[last]];
  if (k->params->counter == PF_COUNTER_FACE && m->fracture > 0) {
    double s_f;
    const pf_current f = pf_counter_face(k->params, 1, k->phi[last], k->s[last], k->material[last], k->voltage, &s_f);
    double d_s;
    /* at the face: half a cell's drop behind the last centre */
    r.s[1] = (k->phi[last] - 0.5 * f.i / pf_total_conductance(m, k->s[last], &d_s) - k->voltage) / m->fracture;
  }
  return r;
}

/* Whether lithium of the two electrodes touches: counts metal cells that both own. */
#define PF_ARGS_short(IN, OUT, VAR, VAL) IN(double, xi) IN(uint8_t, owner)
PF_ARGS(short);
PF_CELL pf_sums pf_cell_short(const pf_short_args *k, pf_at at) {
  const pf_sums r = {{k->owner[at.c] == (PF_WORKING | PF_COUNTER) ? 1.0 : 0.0,
                      !at.xp && k->owner[at.c] == PF_WORKING && k->xi[at.c] >= 0.5 ? 1.0 : 0.0, 0, 0}};
  return r;
}

/* A field for a file: y = factor x (times c0 of the cell's layer where by_salt). */
// clang-format off
#define PF_ARGS_export(IN, OUT, VAR, VAL) \
  IN(double, x) IN(uint8_t, material) IN(pf_params, params) OUT(float, y) VAL(double, factor) VAL(int, by_salt)
// clang-format on
PF_ARGS(export);
PF_CELL void pf_cell_export(const pf_export_args *k, pf_at at) {
  const double c0 = k->by_salt ? k->params->material[k->material[at.c]].c0 : 1;
  k->y[at.c] = (float)(k->factor * c0 * k->x[at.c]);
}

/* A map for a file. */
#define PF_ARGS_export_map(IN, OUT, VAR, VAL) IN(uint8_t, map) OUT(float, y)
PF_ARGS(export_map);
PF_CELL void pf_cell_export_map(const pf_export_map_args *k, pf_at at) { k->y[at.c] = (float)k->map[at.c]; }

// clang-format off
#define PF_KERNELS_MEASURE(MAP, SWEEP, SUM, MAX)                                                        \
  SUM(lithium) SUM(current) SUM(salt) MAP(salt_correct) MAX(health) SUM(watch_sums) MAX(watch_ranges) MAP(front) MAX(fracture) SUM(short) \
  MAP(export) MAP(export_map)
// clang-format on

#endif
