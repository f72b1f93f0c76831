/* cell_electrons.h: the electronic potential phi_e, (9): div J_e = r, J_e = -s_e grad phi_e, phi_e = 0 at x = 0 and V at
 * x = Lx, cell by cell.
 *
 * Stored: conductances of the faces at the lower side, ex, ey, ez [cells], as cell_multigrid.h has them (ex at i = 0, which
 * no solver reads, holds that of the end x = 0).  Row of a cell, a current in the unit of pf_params.h:
 *   R_e = sum over faces of J_e that leaves - r = 0
 * The Jacobian of (6), (7) and (9) together is
 *   [ J_ion           J_ion,e ]   J_ion,e = -slope in the charge row, +into_salt in the salt row
 *   [ -slope, -by_salt  A + m ]   slope = dr/dphi, by_salt = dr/ds, m = slope + the conductances of the two ends
 * because r depends on phi - phi_e alone.  The electrode's potential V is counted from the counter electrode's lithium:
 * phi_e moves with V there (chi = 1), so that V acts where r is and not on 1e4 times larger currents inside metal. */
#ifndef PF_CELL_ELECTRONS_H
#define PF_CELL_ELECTRONS_H

#include <math.h>

#include "cell_connect.h"
#include "cell_multigrid.h"
#include "cell_transport.h"
#include "pf_real.h"

/* Up to PF_METAL_BEGINS a cell conducts electrons as its layer does, from PF_METAL on as metal. */
PF_CELL double pf_electron_conductance(const pf_params *params, int material, double xi) {
  const double layer = params->material[material].electronic;
  double u = (xi - PF_METAL_BEGINS) / (PF_METAL - PF_METAL_BEGINS);
  u = u > 0 ? u : 0;
  u = u < 1 ? u : 1;
  return layer + (params->metal - layer) * u * u * (3 - 2 * u);
}

/* ---- conductances of a step ---- */

/* p: logit of xi.  film_e: [nx + 1], electronic resistance of films in the faces.  last: that of the face x = Lx in every
 * row, [nz][ny]. */
// clang-format off
#define PF_ARGS_electron_faces(IN, OUT, VAR, VAL)                                                         \
  IN(double, xi) IN(double, p) IN(uint8_t, material) IN(uint8_t, owner) IN(double, film_e)                \
  IN(pf_params, params) OUT(double, ex) OUT(double, ey) OUT(double, ez)
// clang-format on
PF_ARGS(electron_faces);

/* Lithium ends where xi = 1/2.  Between a cell of metal and one of electrolyte (xi on either side of PF_METAL_BEGINS) lies
 * the layer from there to the electrolyte's centre, so that the leak of a planar front is exact wherever it stands; for the
 * front's logit p falls by 1/eps a cell along its normal n, this length along the grid is -p_e/(p_m - p_e), and |n| along
 * the grid eps (p_m - p_e): of a front that leans the faces with 1/|n| of the resistance add up to the same area.  The
 * film of the electrode whose lithium it is lies in the same face. */
PF_CELL double pf_electron_face(const pf_electron_faces_args *k, ptrdiff_t a, ptrdiff_t b, double film_x) {
  const double xi_a = k->xi[a], xi_b = k->xi[b];
  const int metal_a = xi_a >= PF_METAL_BEGINS, metal_b = xi_b >= PF_METAL_BEGINS;
  if (metal_a == metal_b) {
    const double s = pf_harmonic(pf_electron_conductance(k->params, k->material[a], xi_a),
                                 pf_electron_conductance(k->params, k->material[b], xi_b));
    return s / (1 + s * film_x);
  }
  const ptrdiff_t m = metal_a ? a : b, e = metal_a ? b : a;
  const double fall = k->p[m] - k->p[e], slope = fall > 1e-3 ? fall : 1e-3;
  const double along = k->params->eps * slope < 1 ? k->params->eps * slope : 1;
  const int owner = k->owner[m];
  const double film = owner == PF_COUNTER  ? k->params->electrode[1].electrons
                      : owner & PF_WORKING ? k->params->electrode[0].electrons
                                           : 0;
  return 1 / (-k->p[e] / slope / k->params->material[k->material[e]].electronic + film / along + film_x);
}
/* The ends x = 0 and x = Lx, half a cell away; where the face x = Lx is the counter electrode its film lies there. */
PF_CELL double pf_electron_end(const pf_params *params, int last, int material, double xi) {
  const double s = 2 * pf_electron_conductance(params, material, xi);
  return s / (1 + s * (last && params->counter != PF_COUNTER_RESOLVED ? params->electrode[1].electrons : 0));
}
PF_CELL void pf_cell_electron_faces(const pf_electron_faces_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  k->ex[c] =
      at.xm ? pf_electron_face(k, c - 1, c, k->film_e[at.i]) : pf_electron_end(k->params, 0, k->material[c], k->xi[c]);
  if (k->ey) k->ey[c] = pf_electron_face(k, c + at.ym, c, 0);
  if (k->ez) k->ez[c] = pf_electron_face(k, c + at.zm, c, 0);
}

#define PF_ELECTRON_SYSTEM(IN) \
  IN(double, ex)               \
  IN(double, ey) IN(double, ez) IN(double, xi) IN(uint8_t, material) IN(uint8_t, owner) IN(pf_params, params)
#define PF_ELECTRON_LAST(k, at) ((at).xp ? 0 : pf_electron_end((k)->params, 1, (k)->material[(at).c], (k)->xi[(at).c]))

/* Electronic current that enters the lithium of `side` (PF_WORKING or PF_COUNTER) in cell c: through faces to other cells;
 * u_l: potential at x = Lx, end_l its conductance (0: this is not the last cell).  Current that leaves at x = 0 or enters
 * at x = Lx where there is no such lithium is the electrode's too.  These faces lie in the electrolyte, whose currents
 * are not the differences of large ones. */
#define PF_LEAK_(type)                                                                                                \
  PF_CELL double pf_leak_face_##type(const uint8_t *owner, int side, const type *u, ptrdiff_t c, ptrdiff_t n,         \
                                     double a) {                                                                      \
    return owner[n] & side ? 0 : a * ((double)u[n] - (double)u[c]);                                                   \
  }                                                                                                                   \
  PF_CELL double pf_leak_##type(const double *ex, const double *ey, const double *ez, const uint8_t *owner, int side, \
                                const type *u, double u_l, double end_l, pf_at at) {                                  \
    const ptrdiff_t c = at.c;                                                                                         \
    if (!(owner[c] & side))                                                                                           \
      return side == PF_WORKING ? (at.xm ? 0 : ex[c] * (double)u[c]) : end_l * ((double)u[c] - u_l);                  \
    double sum = side == PF_WORKING ? end_l * (u_l - (double)u[c]) : at.xm ? 0 : -ex[c] * (double)u[c];               \
    if (at.xm) sum += pf_leak_face_##type(owner, side, u, c, c + at.xm, ex[c]);                                       \
    if (at.xp) sum += pf_leak_face_##type(owner, side, u, c, c + at.xp, ex[c + at.xp]);                               \
    if (at.ym)                                                                                                        \
      sum += pf_leak_face_##type(owner, side, u, c, c + at.ym, ey[c]) +                                               \
             pf_leak_face_##type(owner, side, u, c, c + at.yp, ey[c + at.yp]);                                        \
    if (at.zm)                                                                                                        \
      sum += pf_leak_face_##type(owner, side, u, c, c + at.zm, ez[c]) +                                               \
             pf_leak_face_##type(owner, side, u, c, c + at.zp, ez[c + at.zp]);                                        \
    return sum;                                                                                                       \
  }
PF_LEAK_(double)
PF_LEAK_(float)

/* ---- residual and Jacobian ---- */

/* rhs = -R_e; slope, by_salt, into_salt, m as above (by_salt, into_salt NULL without salt), 0 in tails, whose reaction
 * follows the electrode and not phi_e; its derivatives there: tail, tail_salt.
 * Sums: reaction of the working electrode's lithium; the electronic current that enters it. */
// clang-format off
#define PF_ARGS_electron_newton(IN, OUT, VAR, VAL)                                                                    \
  PF_REACTION_FIELDS(IN, VAL) IN(double, ex) IN(double, ey) IN(double, ez) OUT(double, m) OUT(float, rhs)             \
  OUT(float, slope) OUT(float, by_salt) OUT(float, into_salt) OUT(float, tail) OUT(float, tail_salt) VAL(double, per_dt) VAL(double, growth_dt)
// clang-format on
PF_ARGS(electron_newton);
PF_CELL pf_sums pf_cell_electron_newton(const pf_electron_newton_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const pf_local_current r = PF_REACTION_OF_CELL(k, at);
  const double last = PF_ELECTRON_LAST(k, at), first = at.xm ? 0 : k->ex[c], phi_e = k->metal[c];
  const double out = pf_out_of_double(k->ex, k->ey, k->ez, k->metal, at) + first * phi_e + last * (phi_e - k->voltage);
  const double own = pf_has_electrons(k->xi[c], k->owner[c]) ? 1.0 : 0.0;
  k->rhs[c] = (float)(own * r.r - out);
  k->slope[c] = (float)(own * r.r_p);
  k->tail[c] = (float)((1 - own) * r.r_p);
  k->m[c] = own * r.r_p + first + last;
  if (k->by_salt) {
    const pf_electrolyte *m = &k->params->material[k->material[c]];
    const int stores = m->anion_share > 0 && m->enters;
    k->by_salt[c] = (float)(own * r.r_s);
    k->tail_salt[c] = (float)((1 - own) * r.r_s);
    k->into_salt[c] = stores ? (float)(m->capacity * k->per_dt * k->s[c] * k->growth_dt * own * r.r_p) : 0;
  }
  const double leak = pf_leak_double(k->ex, k->ey, k->ez, k->owner, PF_WORKING, k->metal, k->voltage, last, at);
  const pf_sums sums = {{k->owner[c] & PF_WORKING ? r.r : 0, leak, 0, 0}};
  return sums;
}

/* -dR_e/dV with phi_e = ... + V chi. */
// clang-format off
#define PF_ARGS_electron_border(IN, OUT, VAR, VAL) PF_ELECTRON_SYSTEM(IN) IN(float, slope) OUT(float, rhs)
// clang-format on
PF_ARGS(electron_border);
PF_CELL double pf_chi(const uint8_t *owner, ptrdiff_t c) { return owner[c] == PF_COUNTER ? 1 : 0; }
PF_CELL void pf_cell_electron_border(const pf_electron_border_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double chi = pf_chi(k->owner, c);
  double out = (at.xm ? k->ex[c] * (chi - pf_chi(k->owner, c + at.xm)) : k->ex[c] * chi) +
               (at.xp ? k->ex[c + at.xp] * (chi - pf_chi(k->owner, c + at.xp)) : PF_ELECTRON_LAST(k, at) * (chi - 1));
  if (at.ym)
    out += k->ey[c] * (chi - pf_chi(k->owner, c + at.ym)) + k->ey[c + at.yp] * (chi - pf_chi(k->owner, c + at.yp));
  if (at.zm)
    out += k->ez[c] * (chi - pf_chi(k->owner, c + at.zm)) + k->ez[c + at.zp] * (chi - pf_chi(k->owner, c + at.zp));
  k->rhs[c] = (float)-(out + (double)k->slope[c] * chi);
}

#define PF_OUT_OF_VECTOR_(ax, ay, az, w, at)                                                        \
  (((at).xm ? (ax)[(at).c] * ((double)(w)[(at).c] - (double)(w)[(at).c + (at).xm]) : 0) +           \
   ((at).xp ? (ax)[(at).c + (at).xp] * ((double)(w)[(at).c] - (double)(w)[(at).c + (at).xp]) : 0) + \
   ((at).ym ? (ay)[(at).c] * ((double)(w)[(at).c] - (double)(w)[(at).c + (at).ym]) +                \
                  (ay)[(at).c + (at).yp] * ((double)(w)[(at).c] - (double)(w)[(at).c + (at).yp])    \
            : 0) +                                                                                  \
   ((at).zm ? (az)[(at).c] * ((double)(w)[(at).c] - (double)(w)[(at).c + (at).zm]) +                \
                  (az)[(at).c + (at).zp] * ((double)(w)[(at).c] - (double)(w)[(at).c + (at).zp])    \
            : 0))

#define PF_REAL float
#include "real_electrons.h"
#undef PF_REAL
#define PF_ARGS_electron_size(...) PF_REAL_ARGS_electron_size(float, __VA_ARGS__)
#define PF_ARGS_electron_to_ions(...) PF_REAL_ARGS_electron_to_ions(float, __VA_ARGS__)
#define PF_ARGS_electron_apply(...) PF_REAL_ARGS_electron_apply(float, __VA_ARGS__)
#define PF_ARGS_electron_ion_apply(...) PF_REAL_ARGS_electron_ion_apply(float, __VA_ARGS__)

/* The electrons' right side with the ions' potential as it is (no layer has a salt): y = b + slope u. */
#define PF_ARGS_electron_right(IN, OUT, VAR, VAL) IN(float, b) IN(double, u) IN(float, slope) OUT(double, y)
PF_ARGS(electron_right);
PF_CELL void pf_cell_electron_right(const pf_electron_right_args *k, pf_at at) {
  k->y[at.c] = (double)k->b[at.c] + (double)k->slope[at.c] * k->u[at.c];
}

/* Change of the terminal current along du and du_e, and along the sensitivities u and u_e with chi. */
// clang-format off
#define PF_ARGS_electron_current(IN, OUT, VAR, VAL)                                                             \
  PF_ELECTRON_SYSTEM(IN) IN(float, slope) IN(float, by_salt) IN(float, tail) IN(float, tail_salt) IN(float, du) IN(float, du_e) IN(float, u)         \
  IN(float, u_e) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(electron_current);
PF_CELL double pf_electron_change(const pf_electron_current_args *k, pf_at at, const float *u, const float *u_e) {
  if (!(k->owner[at.c] & PF_WORKING)) return 0;
  const double own = (double)k->slope[at.c], phi = (double)u[at.c], e = (double)u_e[at.c];
  const double change = own * (phi - e) + (double)k->tail[at.c] * phi;
  if (!k->by_salt) return change;
  return change + ((double)k->by_salt[at.c] + (double)k->tail_salt[at.c]) * (double)u[k->cells + at.c];
}
/* chi in the electronic current that enters the working electrode's lithium */
PF_CELL double pf_electron_lift(const pf_electron_current_args *k, pf_at at, double last) {
  const ptrdiff_t c = at.c;
  const uint8_t *owner = k->owner;
  if (!(owner[c] & PF_WORKING)) return at.xm ? 0 : k->ex[c] * pf_chi(owner, c);
  double sum = last;
  if (at.xm) sum += k->ex[c] * pf_chi(owner, c + at.xm);
  if (at.xp) sum += k->ex[c + at.xp] * pf_chi(owner, c + at.xp);
  if (at.ym) sum += k->ey[c] * pf_chi(owner, c + at.ym) + k->ey[c + at.yp] * pf_chi(owner, c + at.yp);
  if (at.zm) sum += k->ez[c] * pf_chi(owner, c + at.zm) + k->ez[c + at.zp] * pf_chi(owner, c + at.zp);
  return sum;
}
PF_CELL pf_sums pf_cell_electron_current(const pf_electron_current_args *k, pf_at at) {
  const double last = PF_ELECTRON_LAST(k, at);
  const double d = pf_electron_change(k, at, k->du, k->du_e) +
                   pf_leak_float(k->ex, k->ey, k->ez, k->owner, PF_WORKING, k->du_e, 0, last, at);
  const double v = pf_electron_change(k, at, k->u, k->u_e) + pf_electron_lift(k, at, last) +
                   pf_leak_float(k->ex, k->ey, k->ez, k->owner, PF_WORKING, k->u_e, 0, last, at);
  const pf_sums sums = {{d, v, 0, 0}};
  return sums;
}

/* ---- moving on ---- */

/* phi_e += du + dV (chi + sensitivity), damped.
 *
 * A nucleus takes what leaks to it at i ~ 0, where r grows as eta^2 and a step along its tangent brings eta half of the way,
 * or far beyond.  It goes to the eta at which the law itself, r = a eta^2/(eta + e) (pf_reaction_of_cell), and what leaves
 * through the faces, d eta, add up to what they do on the tangent.  (weight NULL: with salt, on which r depends, too, this needs
 * more iterations.) */
// clang-format off
#define PF_ARGS_electron_update(IN, OUT, VAR, VAL)                                                                     \
  VAR(double, metal) IN(float, du) IN(float, sensitivity) PF_ELECTRON_SYSTEM(IN) IN(double, phi) IN(float, ions)       \
  IN(float, ions_sensitivity) IN(double, weight) IN(double, curvature) IN(double, push) IN(double, reaction)           \
  IN(float, slope) VAL(double, d_voltage)
// clang-format on
PF_ARGS(electron_update);
/* eta > 0 of a eta^2/(eta + e) + d eta = sum > 0. */
PF_CELL double pf_nucleus_answer(double a, double e, double d, double sum) {
  const double b = sum - d * e, root = sqrt(b * b + 4 * (a + d) * sum * e);
  return b > 0 ? 0.5 * (b + root) / (a + d) : 2 * sum * e / (root - b);
}
PF_CELL double pf_nucleus_step(const pf_electron_update_args *k, pf_at at, double change) {
  const ptrdiff_t c = at.c;
  const double r = k->reaction[c], slope = (double)k->slope[c];
  const double eta = k->phi[c] - k->metal[c] - k->params->capillary * k->curvature[c] - (k->push ? k->push[c] : 0);
  const double step = (double)k->ions[c] + k->d_voltage * (double)k->ions_sensitivity[c] - change;
  const int takes = eta > 0 && r > 0 && slope > 0;
  if (!takes && !(eta + step > 0)) return change; /* what dissolves: its law is straight */
  const pf_electrolyte *m = &k->params->material[k->material[c]];
  const double exchange = pf_kinetics_of(m, &k->params->electrode[2], 1).exchange;
  const double back = exchange * pf_reaction_weight(-1, 0, k->xi[c], k->params->eps); /* the slope below 0 */
  const double d = pf_diagonal_of_double(k->ex, k->ey, k->ez, at) + (at.xm ? 0 : k->ex[c]) + PF_ELECTRON_LAST(k, at);
  const double sum = r + slope * step + d * (eta + step), part = takes ? 2 - slope * eta / r : 0;
  double to;
  if (!(sum > 0)) {
    to = sum / (d + back);
  } else if (takes) { /* the law that touches the tangent */
    const double e = part < 1e-6 ? 1e6 * eta : part < 1 ? eta * (1 / part - 1) : 0;
    to = pf_nucleus_answer(r * (eta + e) / (eta * eta), e, d, sum);
  } else {
    to = pf_nucleus_answer(exchange * k->weight[c], PF_NUCLEUS_SOFT, d + back, sum);
  }
  return change + step + eta - to;
}
PF_CELL void pf_cell_electron_update(const pf_electron_update_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  double d = (double)k->du[c] + k->d_voltage * (double)k->sensitivity[c];
  if (k->weight && (k->owner[c] & PF_NUCLEUS)) d = pf_nucleus_step(k, at, d);
  const double most = 8;
  k->metal[c] += (d > most ? most : d < -most ? -most : d) + k->d_voltage * pf_chi(k->owner, c);
}

/* phi_e follows a voltage that was set: += dV chi. */
#define PF_ARGS_electron_lift(IN, OUT, VAR, VAL) VAR(double, metal) IN(uint8_t, owner) VAL(double, d_voltage)
PF_ARGS(electron_lift);
PF_CELL void pf_cell_electron_lift(const pf_electron_lift_args *k, pf_at at) {
  k->metal[at.c] += k->d_voltage * pf_chi(k->owner, at.c);
}

/* The last step's rate of change, and the start of the next step that follows from it. */
// clang-format off
#define PF_ARGS_electron_remember(IN, OUT, VAR, VAL) \
  IN(double, metal) IN(double, start) OUT(float, rate) VAL(double, per_dt)
// clang-format on
PF_ARGS(electron_remember);
PF_CELL void pf_cell_electron_remember(const pf_electron_remember_args *k, pf_at at) {
  k->rate[at.c] = (float)((k->metal[at.c] - k->start[at.c]) * k->per_dt);
}
#define PF_ARGS_electron_predict(IN, OUT, VAR, VAL) VAR(double, metal) IN(float, rate) VAL(double, dt)
PF_ARGS(electron_predict);
PF_CELL void pf_cell_electron_predict(const pf_electron_predict_args *k, pf_at at) {
  k->metal[at.c] += k->dt * (double)k->rate[at.c];
}

/* ---- balances ---- */

/* Electronic current that enters the working electrode's lithium, and the counter electrode's; sums of r and |r| over
 * lithium that belongs to neither. */
// clang-format off
#define PF_ARGS_electron_balance(IN, OUT, VAR, VAL) \
  PF_ELECTRON_SYSTEM(IN) IN(double, metal) IN(double, reaction) VAL(double, voltage)
// clang-format on
PF_ARGS(electron_balance);
PF_CELL pf_sums pf_cell_electron_balance(const pf_electron_balance_args *k, pf_at at) {
  const double last = PF_ELECTRON_LAST(k, at);
  const double r = k->owner[at.c] & (PF_WORKING | PF_COUNTER) ? 0 : k->reaction[at.c];
  const pf_sums sums = {{pf_leak_double(k->ex, k->ey, k->ez, k->owner, PF_WORKING, k->metal, k->voltage, last, at),
                         pf_leak_double(k->ex, k->ey, k->ez, k->owner, PF_COUNTER, k->metal, k->voltage, last, at), r,
                         fabs(r)}};
  return sums;
}

// clang-format off
#define PF_KERNELS_ELECTRONS(MAP, SWEEP, SUM, MAX)                                                                \
  MAP(electron_faces) SUM(electron_newton) MAP(electron_border) SUM(electron_size) MAP(electron_to_ions)          \
  MAP(electron_apply) MAP(electron_ion_apply) MAP(electron_right) SUM(electron_current) MAP(electron_update) MAP(electron_lift)       \
  MAP(electron_remember) MAP(electron_predict) SUM(electron_balance)
// clang-format on

#endif
