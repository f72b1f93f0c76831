/* cell_potential.h: (6) where no layer has a salt equation: the potential alone, a symmetric problem.
 *
 * J is linear in phi, so its conductances hold for a whole step; only the reaction is not.  Arrays as cell_multigrid.h
 * has them: ax, ay, az of the faces at the lower side, m the reaction's derivative and that of the counter face. */
#ifndef PF_CELL_POTENTIAL_H
#define PF_CELL_POTENTIAL_H

#include "cell_multigrid.h"
#include "cell_transport.h"
#include "pf_kernel.h"

/* Conductances of the faces from xi and the materials. */
// clang-format off
#define PF_ARGS_ion_faces(IN, OUT, VAR, VAL)                                                                 \
  IN(double, xi) IN(uint8_t, material) IN(double, film_x) IN(pf_pair, pairs) OUT(double, ax) OUT(double, ay) \
  OUT(double, az) VAL(double, floor)
// clang-format on
PF_ARGS(ion_faces);
PF_CELL double pf_ion_face(const pf_ion_faces_args *k, ptrdiff_t a, ptrdiff_t b, double film) {
  const double e = 0.5 * ((1 - k->xi[a]) + (1 - k->xi[b])) + k->floor;
  const pf_pair *p = &k->pairs[k->material[a] * PF_MATERIALS + k->material[b]];
  const double conducts = e * p->ion_path;
  return conducts / (1 + conducts * film);
}
PF_CELL void pf_cell_ion_faces(const pf_ion_faces_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  k->ax[c] = at.xm ? pf_ion_face(k, c - 1, c, k->film_x[at.i]) : 0;
  if (k->ay) k->ay[c] = pf_ion_face(k, c + at.ym, c, 0);
  if (k->az) k->az[c] = pf_ion_face(k, c + at.zm, c, 0);
}

/* Residual and derivative: rhs = -R_1, m = dR_1/dphi of the cell, border = -dR_1/dV.
 * Sums: |R_1|, current of the working electrode, of the counter electrode. */
// clang-format off
#define PF_ARGS_ion_newton(IN, OUT, VAR, VAL)                                                    \
  PF_REACTION_FIELDS(IN, VAL) IN(double, ax) IN(double, ay) IN(double, az) OUT(double, reaction) \
  OUT(double, rhs) OUT(double, m) OUT(double, border)
// clang-format on
PF_ARGS(ion_newton);
PF_CELL pf_sums pf_cell_ion_newton(const pf_ion_newton_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const pf_local_current r = PF_REACTION_OF_CELL(k, at);
  const int owner = k->owner[c];
  double s_f;
  const pf_current f = pf_counter_face(k->params, !at.xp, k->phi[c], k->s[c], k->material[c], k->voltage, &s_f);
  const double charge = r.r + f.i + pf_out_of_double(k->ax, k->ay, k->az, k->phi, at);
  k->reaction[c] = r.r;
  k->rhs[c] = -charge;
  k->m[c] = r.r_p + f.d_eta;
  k->border[c] = (owner == PF_COUNTER ? r.r_p : 0) + f.d_eta;
  const pf_sums sums = {{fabs(charge), owner == PF_WORKING ? r.r : 0, (owner == PF_COUNTER ? r.r : 0) + f.i, 0}};
  return sums;
}

/* Change of the working electrode's current along u and v (m is the reaction's derivative but for the last cells). */
#define PF_ARGS_ion_current(IN, OUT, VAR, VAL) IN(double, m) IN(double, u) IN(double, v) IN(uint8_t, owner)
PF_ARGS(ion_current);
PF_CELL pf_sums pf_cell_ion_current(const pf_ion_current_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double m = k->owner[c] == PF_WORKING && at.xp ? k->m[c] : 0;
  const pf_sums r = {{m * k->u[c], m * k->v[c], 0, 0}};
  return r;
}

/* phi += du + dV sensitivity, damped where lithium reacts. */
// clang-format off
#define PF_ARGS_ion_update(IN, OUT, VAR, VAL) \
  VAR(double, phi) IN(double, du) IN(double, sensitivity) IN(double, weight) VAL(double, d_voltage)
// clang-format on
PF_ARGS(ion_update);
PF_CELL void pf_cell_ion_update(const pf_ion_update_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  k->phi[c] += pf_damped(k->du[c] + k->d_voltage * k->sensitivity[c], k->weight[c]);
}

#define PF_KERNELS_POTENTIAL(MAP, SWEEP, SUM, MAX) MAP(ion_faces) SUM(ion_newton) SUM(ion_current) MAP(ion_update)

#endif
