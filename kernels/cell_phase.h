/* cell_phase.h: the lithium phase field: profile, normals, curvature, weights of the reaction, motion.
 *
 * xi = 1/(1 + exp(d/eps)), d the distance to the front, eps = W/4.  Its logit p = ln(xi/(1-xi)) = -d/eps is a scaled
 * signed distance, whose gradient is the normal also in the tails, where that of xi drowns in round-off. */
#ifndef PF_CELL_PHASE_H
#define PF_CELL_PHASE_H

#include <math.h>

#include "pf_kernel.h"
#include "pf_params.h"

enum { PF_NOBODY = 0, PF_WORKING = 1, PF_COUNTER = 2, PF_DEAD = 4 }; /* whose lithium a cell belongs to */

/* Where xi is closer to 0 or 1 than this there is no front to keep (p stays at its bound). */
#define PF_LOGIT_TAIL 1e-12

PF_CELL double pf_logit(double xi) {
  const double top = 27.631021115928547; /* ln((1 - tail)/tail) */
  if (!(xi > PF_LOGIT_TAIL)) return -top;
  if (!(xi < 1 - PF_LOGIT_TAIL)) return top;
  return log(xi / (1 - xi));
}

/* p [cells] of xi [cells]. */
#define PF_ARGS_logit(IN, OUT, VAR, VAL) IN(double, xi) OUT(double, p)
PF_ARGS(logit);
PF_CELL void pf_cell_logit(const pf_logit_args *k, pf_at at) { k->p[at.c] = pf_logit(k->xi[at.c]); }

/* Component, along the direction from lower cell a to upper cell b = a + step, of the unit vector along grad p at
 * their common face; (m1, p1), (m2, p2): offsets to the neighbours in the two other directions. */
PF_CELL double pf_face_normal(const double *p, ptrdiff_t a, ptrdiff_t b, ptrdiff_t m1, ptrdiff_t p1, ptrdiff_t m2,
                              ptrdiff_t p2) {
  const double n0 = p[b] - p[a];
  const double n1 = 0.25 * (p[a + p1] + p[b + p1] - p[a + m1] - p[b + m1]);
  const double n2 = 0.25 * (p[a + p2] + p[b + p2] - p[a + m2] - p[b + m2]);
  const double square = n0 * n0 + n1 * n1 + n2 * n2;
  return square > 1e-20 ? n0 / sqrt(square) : 0;
}

/* S(xi) of (1): the window q = u^2 (1-u)^2, u = (xi - tail)/(1 - 2 tail), 0 outside of 0 < u < 1. */
#define PF_WINDOW_TAIL 0.05
PF_CELL double pf_window_integral(double xi) {
  double u = (xi - PF_WINDOW_TAIL) / (1 - 2 * PF_WINDOW_TAIL);
  u = u > 0 ? u : 0;
  u = u < 1 ? u : 1;
  return u * u * u * (10 + u * (-15 + 6 * u));
}
/* |grad S| at the middle of a tanh front, times eps: q(1/2)/int q |grad xi| eps = (15/8)/(1 - 2 tail)/4 */
#define PF_WINDOW_PEAK (1.875 / (1 - 2 * PF_WINDOW_TAIL) / 4)

/* Weight of deposition w_p h of (1) and curvature K h of (3), clipped to 1/2, of xi and its logit. */
#define PF_ARGS_geometry(IN, OUT, VAR, VAL) IN(double, xi) IN(double, p) OUT(double, weight) OUT(double, curvature)
PF_ARGS(geometry);
PF_CELL void pf_cell_geometry(const pf_geometry_args *k, pf_at at) {
  const double *p = k->p, xi = k->xi[at.c];
  double weight = 0, curvature = 0;
  if (xi * (1 - xi) > 1e-4) {
    const double sx = pf_window_integral(k->xi[at.c + at.xp]) - pf_window_integral(k->xi[at.c + at.xm]);
    const double sy = pf_window_integral(k->xi[at.c + at.yp]) - pf_window_integral(k->xi[at.c + at.ym]);
    const double sz = pf_window_integral(k->xi[at.c + at.zp]) - pf_window_integral(k->xi[at.c + at.zm]);
    weight = 0.5 * sqrt(sx * sx + sy * sy + sz * sz);
  }
  if (xi * (1 - xi) > 0.01) {
    const ptrdiff_t c = at.c;
    /* K = div n with n = -grad p/|grad p| */
    double k_h = pf_face_normal(p, c + at.xm, c, at.ym, at.yp, at.zm, at.zp) -
                 pf_face_normal(p, c, c + at.xp, at.ym, at.yp, at.zm, at.zp);
    k_h += pf_face_normal(p, c + at.ym, c, at.xm, at.xp, at.zm, at.zp) -
           pf_face_normal(p, c, c + at.yp, at.xm, at.xp, at.zm, at.zp);
    k_h += pf_face_normal(p, c + at.zm, c, at.xm, at.xp, at.ym, at.yp) -
           pf_face_normal(p, c, c + at.zp, at.xm, at.xp, at.ym, at.yp);
    curvature = k_h > 0.5 ? 0.5 : k_h < -0.5 ? -0.5 : k_h;
  }
  k->weight[at.c] = weight;
  k->curvature[at.c] = curvature;
}

/* Flux of the bracket B of (4) through the face from a to b, times h/M, along -(a to b): positive fills a.
 * With the product m = (xi_a (1-xi_b) + xi_b (1-xi_a))/2 the logistic profile obeys xi_b - xi_a =
 * 2 m tanh((p_b - p_a)/2) exactly, so a planar front of any direction and place is in equilibrium on the grid: nothing
 * pins it.  bound = tanh(n h/(2 eps)), n the normal's component. */
PF_CELL double pf_profile_flux(double xi_a, double xi_b, double normal, double eps) {
  const double m = xi_a * (1 - xi_b) + xi_b * (1 - xi_a);
  return xi_b - xi_a - m * tanh(0.5 * normal / eps);
}

/* Lithium and salt moved by B for ds (rate = M ds/h^2): xi, salt -> xi_new, salt_new.  The electrolyte that lithium
 * displaces takes its salt along, upwind: electrolyte leaves a cell that lithium enters (7). */
// clang-format off
#define PF_ARGS_profile(IN, OUT, VAR, VAL)                                                                      \
  IN(double, xi) IN(double, p) IN(double, salt) IN(uint8_t, material) OUT(double, xi_new) OUT(double, salt_new) \
  VAL(double, rate) VAL(double, eps) VAL(pf_enters, enters)
// clang-format on
/* Bit m: lithium can enter material m. */
typedef struct pf_enters {
  uint32_t mask;
  int32_t moves_salt;
} pf_enters;
PF_ARGS(profile);
PF_CELL double pf_profile_gain(const pf_profile_args *k, ptrdiff_t c, ptrdiff_t a, ptrdiff_t b, double normal,
                               double *salt) {
  /* returns what cell c (a or b) gains in xi through the face a|b; adds to *salt what it gains in salt */
  if (a == b || fabs(normal) <= 0) return 0;
  const uint32_t both = (k->enters.mask >> k->material[a]) & (k->enters.mask >> k->material[b]) & 1u;
  if (!both) return 0;
  const double to_a = k->rate * pf_profile_flux(k->xi[a], k->xi[b], normal, k->eps);
  const double gain = c == a ? to_a : -to_a;
  const double from = to_a > 0 ? k->salt[a] : k->salt[b]; /* lithium goes to a, electrolyte from a to b */
  *salt -= gain * from;
  return gain;
}
PF_CELL void pf_cell_profile(const pf_profile_args *k, pf_at at) {
  const double *p = k->p;
  const ptrdiff_t c = at.c;
  const double xi = k->xi[c];
  /* far from every front there is nothing to do */
  const double top = 27.6;
  const double here = fabs(p[c]);
  if (here >= top && fabs(p[c + at.xm]) >= top && fabs(p[c + at.xp]) >= top && fabs(p[c + at.ym]) >= top &&
      fabs(p[c + at.yp]) >= top && fabs(p[c + at.zm]) >= top && fabs(p[c + at.zp]) >= top) {
    k->xi_new[c] = xi;
    k->salt_new[c] = k->salt[c];
    return;
  }
  double salt = 0, gain = 0;
  gain += pf_profile_gain(k, c, c + at.xm, c, pf_face_normal(p, c + at.xm, c, at.ym, at.yp, at.zm, at.zp), &salt);
  gain += pf_profile_gain(k, c, c, c + at.xp, pf_face_normal(p, c, c + at.xp, at.ym, at.yp, at.zm, at.zp), &salt);
  gain += pf_profile_gain(k, c, c + at.ym, c, pf_face_normal(p, c + at.ym, c, at.xm, at.xp, at.zm, at.zp), &salt);
  gain += pf_profile_gain(k, c, c, c + at.yp, pf_face_normal(p, c, c + at.yp, at.xm, at.xp, at.zm, at.zp), &salt);
  gain += pf_profile_gain(k, c, c + at.zm, c, pf_face_normal(p, c + at.zm, c, at.xm, at.xp, at.ym, at.yp), &salt);
  gain += pf_profile_gain(k, c, c, c + at.zp, pf_face_normal(p, c, c + at.zp, at.xm, at.xp, at.ym, at.yp), &salt);
  const double left = 1 - xi - gain;
  k->xi_new[c] = xi + gain;
  k->salt_new[c] = k->enters.moves_salt && left > 1e-8 ? ((1 - xi) * k->salt[c] + salt) / left : k->salt[c];
}

/* Reaction and frame of (4): xi_new = xi + growth dt r + U dt d xi/dx, U dt in cells.  Lithium enters or leaves through
 * x = 0 and x = Lx with the value at the end: 1 where there is lithium.  What cannot enter a layer is carried by the
 * electrode's retreat: in a closed layer's cells nothing moves, neither with the reaction nor with the frame, and to the
 * cells beside them they are as the ends.  Sums: lithium that the reaction made at the working and at the counter electrode; lithium that
 * left the grid or could not enter, of the working and of the counter electrode; in cells. */
// clang-format off
#define PF_ARGS_grow(IN, OUT, VAR, VAL)                                                            \
  IN(double, xi) IN(double, reaction) IN(uint8_t, material) IN(uint8_t, owner) OUT(double, xi_new) \
  VAL(double, growth_dt) VAL(double, shift) VAL(pf_enters, enters)
// clang-format on
PF_ARGS(grow);
PF_CELL double pf_frame_gain(const double *xi, pf_at at, double shift) {
  const double lower = 0.5 * (xi[at.c + at.xm] + xi[at.c]), upper = 0.5 * (xi[at.c] + xi[at.c + at.xp]);
  return shift * (upper - lower);
}
PF_CELL pf_sums pf_cell_grow(const pf_grow_args *k, pf_at at) {
  const double made = k->growth_dt * k->reaction[at.c], xi = k->xi[at.c];
  const int enters = (k->enters.mask >> k->material[at.c]) & 1u, counter = k->owner[at.c] == PF_COUNTER;
  const double gain = enters ? made + pf_frame_gain(k->xi, at, k->shift) : 0;
  const double left = enters ? 0 : made;
  const ptrdiff_t low = at.c + at.xm, high = at.c + at.xp;
  const int ends_low = !at.xm || !((k->enters.mask >> k->material[low]) & 1u);
  const int ends_high = !at.xp || !((k->enters.mask >> k->material[high]) & 1u);
  const double left_low = enters && ends_low ? 0.5 * k->shift * (k->xi[low] + xi) : 0;
  const double left_high = enters && ends_high ? -0.5 * k->shift * (xi + k->xi[high]) : 0;
  k->xi_new[at.c] = xi + gain;
  const pf_sums r = {
      {counter ? 0 : made, counter ? made : 0, (counter ? 0 : left) + left_low, (counter ? left : 0) + left_high}};
  return r;
}

#define PF_KERNELS_PHASE(MAP, SWEEP, SUM, MAX) MAP(logit) MAP(geometry) MAP(profile) SUM(grow)

#endif
