/* cell_phase.h: the lithium phase field: profile, normals, curvature, weights of the reaction, motion.
 *
 * xi = 1/(1 + exp(d/eps)), d the distance to the front, eps = W/4.  Its logit p = ln(xi/(1-xi)) = -d/eps is a scaled
 * signed distance, whose gradient is the normal also in the tails, where that of xi drowns in round-off. */
#ifndef PF_CELL_PHASE_H
#define PF_CELL_PHASE_H

#include <math.h>

#include "pf_kernel.h"
#include "pf_params.h"

/* Whose lithium a cell belongs to; a nucleus: nobody's, and it has hardly any yet (cell_nucleate.h). */
enum { PF_NOBODY = 0, PF_WORKING = 1, PF_COUNTER = 2, PF_DEAD = 4, PF_NUCLEUS = 8 };

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

/* Bit m: lithium can enter material m. */
typedef struct pf_enters {
  uint32_t mask;
  int32_t moves_salt;
} pf_enters;
PF_CELL uint32_t pf_is_open(const uint8_t *material, uint32_t mask, ptrdiff_t c) { return (mask >> material[c]) & 1u; }

/* Walls stand between open and closed cells. */
enum { PF_NO_WALLS, PF_WALLS_OF_MATERIAL, PF_WALLS_OF_OPEN }; /* by which array */
typedef struct pf_walls {
  const uint8_t *material;
  uint32_t mask; /* of pf_enters */
  int on;
  const double *open; /* [cells]: 1, or 0 where closed */
} pf_walls;
/* The way from cell c to its neighbour, 0 where a wall is between: a difference across a wall vanishes, and lithium meets
 * it at a right angle. */
PF_CELL ptrdiff_t pf_way(pf_walls w, ptrdiff_t c, ptrdiff_t step) {
  return !w.on || pf_is_open(w.material, w.mask, c) == pf_is_open(w.material, w.mask, c + step) ? step : 0;
}

/* f of that neighbour, or of c itself: both are read and one is taken, so that a loop becomes vector instructions; by `open`,
 * where all numbers have one width, short ones (c has to be open). */
PF_CELL double pf_beside(const double *f, pf_walls w, ptrdiff_t c, ptrdiff_t step) {
  if (!w.on) return f[c + step];
  if (w.on == PF_WALLS_OF_OPEN) return w.open[c + step] * f[c + step] + (1 - w.open[c + step]) * f[c];
  const double here = f[c], there = f[c + step];
  return pf_is_open(w.material, w.mask, c) == pf_is_open(w.material, w.mask, c + step) ? there : here;
}

/* Slope of p at cell c, by its neighbours down and up; at an end of the grid by the one that there is.  With a mirror image
 * for the other one |grad p| would be half of what it is in the tail of a front that lies along the end: the bracket would
 * then be diffusion against the gradient along the front, and waves of two cells grow from round-off. */
PF_CELL double pf_slope_at(const double *p, ptrdiff_t c, ptrdiff_t down, ptrdiff_t up, pf_walls w) {
  return (down == 0 || up == 0 ? 1.0 : 0.5) * (pf_beside(p, w, c, up) - pf_beside(p, w, c, down));
}

/* grad p at the common face of lower cell a and upper cell b = a + step: its component along that direction, and its
 * square; (m1, p1), (m2, p2): offsets to the neighbours in the two other directions, 0 where there are none. */
typedef struct pf_slope {
  double along, square;
} pf_slope;
PF_CELL pf_slope pf_face_slope(const double *p, ptrdiff_t a, ptrdiff_t b, ptrdiff_t m1, ptrdiff_t p1, ptrdiff_t m2,
                               ptrdiff_t p2, pf_walls w) {
  const double n0 = p[b] - p[a];
  const double n1 = 0.5 * (pf_slope_at(p, a, m1, p1, w) + pf_slope_at(p, b, m1, p1, w));
  const double n2 = 0.5 * (pf_slope_at(p, a, m2, p2, w) + pf_slope_at(p, b, m2, p2, w));
  const pf_slope r = {n0, n0 * n0 + n1 * n1 + n2 * n2};
  return r;
}

/* Component, along the direction from a to b, of the unit vector along grad p at their common face. */
PF_CELL double pf_face_normal(const double *p, ptrdiff_t a, ptrdiff_t b, ptrdiff_t m1, ptrdiff_t p1, ptrdiff_t m2,
                              ptrdiff_t p2, pf_walls w) {
  const pf_slope s = pf_face_slope(p, a, b, m1, p1, m2, p2, w);
  return s.square > 1e-20 ? s.along / sqrt(s.square) : 0;
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

/* S of the front that lies `lead` (small, in eps) before that of xi: still from 0 in xi = 0 to 1 in xi = 1, so that its steps
 * across a planar front add up to 1. */
PF_CELL double pf_window_ahead(double xi, double lead) { return pf_window_integral(xi + lead * xi * (1 - xi)); }

/* Difference of S between the neighbours up and down of cell c; of a closed cell the steps of S at its walls besides: lithium
 * reacts there that cannot enter. */
PF_CELL double pf_window_step(const double *xi, double lead, ptrdiff_t c, ptrdiff_t down, ptrdiff_t up, pf_walls w) {
  const ptrdiff_t m = pf_way(w, c, down), p = pf_way(w, c, up);
  const double step = pf_window_ahead(xi[c + p], lead) - pf_window_ahead(xi[c + m], lead);
  if (!w.on || pf_is_open(w.material, w.mask, c)) return step;
  const double here = pf_window_ahead(xi[c], lead);
  const double below = m != down ? fabs(pf_window_ahead(xi[c + down], lead) - here) : 0;
  const double above = p != up ? fabs(pf_window_ahead(xi[c + up], lead) - here) : 0;
  return fabs(step) + 2 * (below + above);
}

/* Weight of deposition w_p h of (1) and curvature K h of (3), clipped to 1/2, of xi and its logit.  lead: of the window. */
// clang-format off
#define PF_ARGS_geometry(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(double, p) IN(uint8_t, material) OUT(double, weight) OUT(double, curvature) VAL(pf_enters, enters) VAL(double, lead)
// clang-format on
PF_ARGS(geometry);
PF_CELL void pf_geometry_cell(const pf_geometry_args *k, pf_at at, int walls) {
  const double *p = k->p, xi = k->xi[at.c];
  const ptrdiff_t c = at.c;
  const pf_walls w = {k->material, k->enters.mask, walls, NULL};
  double weight = 0, curvature = 0;
  if (xi * (1 - xi) > 1e-4 || (walls && !pf_is_open(w.material, w.mask, c))) {
    const double sx = pf_window_step(k->xi, k->lead, c, at.xm, at.xp, w);
    const double sy = pf_window_step(k->xi, k->lead, c, at.ym, at.yp, w);
    const double sz = pf_window_step(k->xi, k->lead, c, at.zm, at.zp, w);
    weight = 0.5 * sqrt(sx * sx + sy * sy + sz * sz);
  }
  if (xi * (1 - xi) > 0.01) {
    const ptrdiff_t xm = pf_way(w, c, at.xm), xp = pf_way(w, c, at.xp), ym = pf_way(w, c, at.ym);
    const ptrdiff_t yp = pf_way(w, c, at.yp), zm = pf_way(w, c, at.zm), zp = pf_way(w, c, at.zp);
    /* K = div n with n = -grad p/|grad p| */
    double k_h = pf_face_normal(p, c + xm, c, at.ym, at.yp, at.zm, at.zp, w) -
                 pf_face_normal(p, c, c + xp, at.ym, at.yp, at.zm, at.zp, w);
    k_h += pf_face_normal(p, c + ym, c, at.xm, at.xp, at.zm, at.zp, w) -
           pf_face_normal(p, c, c + yp, at.xm, at.xp, at.zm, at.zp, w);
    k_h += pf_face_normal(p, c + zm, c, at.xm, at.xp, at.ym, at.yp, w) -
           pf_face_normal(p, c, c + zp, at.xm, at.xp, at.ym, at.yp, w);
    curvature = k_h > 0.5 ? 0.5 : k_h < -0.5 ? -0.5 : k_h;
  }
  k->weight[at.c] = weight;
  k->curvature[at.c] = curvature;
}
PF_CELL void pf_cell_geometry(const pf_geometry_args *k, pf_at at) { pf_geometry_cell(k, at, 0); }
/* The same where there are walls. */
#define PF_ARGS_geometry_walls PF_ARGS_geometry
PF_ARGS(geometry_walls);
PF_CELL void pf_cell_geometry_walls(const pf_geometry_walls_args *k, pf_at at) {
  pf_geometry_cell((const pf_geometry_args *)(const void *)k, at, 1);
}

/* Exchange current of a crystal's face, of its mean: i0(n) = i0 [1 + delta (4 (n_x^4 + n_y^4 + n_z^4) - 3)], a cubic crystal whose
 * axes are those of the grid; in 2-D that is 1 + delta cos 4 theta.  n: any vector along the normal, of |n| > 0 (1 otherwise). */
PF_CELL double pf_facet(double nx, double ny, double nz, double delta) {
  const double xx = nx * nx, yy = ny * ny, zz = nz * nz, square = xx + yy + zz;
  return square > 1e-20 ? 1 + delta * (4 * (xx * xx + yy * yy + zz * zz) / (square * square) - 3) : 1;
}

/* facet of the front, from its logit p; along a wall lithium has no slope across it, and what lies in a closed cell faces the
 * lithium that touches it. */
#define PF_ARGS_facet(IN, OUT, VAR, VAL) \
  IN(double, p) IN(uint8_t, material) OUT(double, facet) VAL(pf_enters, enters) VAL(double, anisotropy)
PF_ARGS(facet);
PF_CELL void pf_cell_facet(const pf_facet_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const int walls = pf_is_open(k->material, k->enters.mask, c) ? PF_WALLS_OF_MATERIAL : PF_NO_WALLS;
  const pf_walls w = {k->material, k->enters.mask, walls, NULL};
  k->facet[c] = pf_facet(pf_slope_at(k->p, c, at.xm, at.xp, w), pf_slope_at(k->p, c, at.ym, at.yp, w),
                         pf_slope_at(k->p, c, at.zm, at.zp, w), k->anisotropy);
}

/* tanh(n h/(2 eps)), n = along/sqrt(square) the normal's component, as Lambert's continued fraction tanh x = x/(1 +
 * x^2/(3 + x^2/(5 + ...))) of eight terms: to round-off for eps >= 3/4 (W = 3 cells), 1e-14 at W = 2.  One root and one
 * division, without a branch: a loop of them becomes vector instructions, which a call of tanh does not. */
PF_CELL double pf_profile_tanh(pf_slope s, double eps) {
  const double d = s.square > 1e-20 ? s.square : 1e-20, n = s.along * s.along / (4 * eps * eps);
  const double top = ((36 * n + 6930 * d) * n + 270270 * d * d) * n + 2027025 * d * d * d;
  const double below = (((n + 630 * d) * n + 51975 * d * d) * n + 945945 * d * d * d) * n + 2027025 * d * d * d * d;
  return s.along * sqrt(d) * top / (2 * eps * below);
}

/* open: 1 where lithium can enter, else 0. */
#define PF_ARGS_open(IN, OUT, VAR, VAL) IN(uint8_t, material) OUT(double, open) VAL(uint32_t, mask)
PF_ARGS(open);
PF_CELL void pf_cell_open(const pf_open_args *k, pf_at at) {
  k->open[at.c] = pf_is_open(k->material, k->mask, at.c) ? 1.0 : 0.0;
}

/* bend = h^2 laplacian of p: 0 for a planar front in any direction.  Across a wall p goes on as it is.  Taken twice. */
#define PF_ARGS_bend(IN, OUT, VAR, VAL) IN(double, p) IN(double, open) OUT(double, bend)
PF_ARGS(bend);
PF_CELL double pf_bend(const double *p, pf_walls w, ptrdiff_t c, ptrdiff_t down, ptrdiff_t up) {
  return pf_beside(p, w, c, up) + pf_beside(p, w, c, down) - 2 * p[c];
}
PF_CELL void pf_bend_cell(const pf_bend_args *k, pf_at at, int walls) {
  const ptrdiff_t c = at.c;
  const pf_walls w = {NULL, 0, walls, k->open};
  k->bend[c] =
      pf_bend(k->p, w, c, at.xm, at.xp) + pf_bend(k->p, w, c, at.ym, at.yp) + pf_bend(k->p, w, c, at.zm, at.zp);
}
PF_CELL void pf_cell_bend(const pf_bend_args *k, pf_at at) { pf_bend_cell(k, at, PF_NO_WALLS); }
/* The same where there are walls. */
#define PF_ARGS_bend_walls PF_ARGS_bend
PF_ARGS(bend_walls);
PF_CELL void pf_cell_bend_walls(const pf_bend_walls_args *k, pf_at at) {
  pf_bend_cell((const pf_bend_args *)(const void *)k, at, PF_WALLS_OF_OPEN);
}

/* Slopes of p at the cells, and the ridges that they tell of.  open NULL: no walls. */
// clang-format off
#define PF_ARGS_slopes(IN, OUT, VAR, VAL) \
  IN(double, p) IN(double, open) OUT(double, slope_x) OUT(double, slope_y) OUT(double, slope_z)
PF_ARGS(slopes);
#define PF_ARGS_ridge(IN, OUT, VAR, VAL) \
  IN(double, p) IN(double, slope_x) IN(double, slope_y) IN(double, slope_z) IN(double, open) OUT(double, ridge)
// clang-format on
PF_ARGS(ridge);
PF_CELL pf_walls pf_walls_of(const double *open) {
  const pf_walls w = {NULL, 0, open ? PF_WALLS_OF_OPEN : PF_NO_WALLS, open};
  return w;
}
PF_CELL void pf_cell_slopes(const pf_slopes_args *k, pf_at at) {
  const pf_walls w = pf_walls_of(k->open);
  k->slope_x[at.c] = pf_slope_at(k->p, at.c, at.xm, at.xp, w);
  k->slope_y[at.c] = pf_slope_at(k->p, at.c, at.ym, at.yp, w);
  k->slope_z[at.c] = pf_slope_at(k->p, at.c, at.zm, at.zp, w);
}
/* Ridge of one direction: how far the slopes of p on its two sides point apart, s^2/4 in the cell on or in the two cells beside
 * a sharp ridge between slopes +-s; 0 where p is monotonous, whatever its profile. */
PF_CELL double pf_ridge(const double *p, const double *slope, pf_walls w, ptrdiff_t c, ptrdiff_t down, ptrdiff_t up) {
  const double here = slope[c], below = -here * pf_beside(slope, w, c, down),
               above = -here * pf_beside(slope, w, c, up);
  const double on = -0.25 * (p[c] - pf_beside(p, w, c, down)) * (pf_beside(p, w, c, up) - p[c]);
  const double beside = below > above ? below : above, most = on > beside ? on : beside;
  return most > 0 ? most : 0;
}
PF_CELL void pf_cell_ridge(const pf_ridge_args *k, pf_at at) {
  const pf_walls w = pf_walls_of(k->open);
  k->ridge[at.c] = pf_ridge(k->p, k->slope_x, w, at.c, at.xm, at.xp) +
                   pf_ridge(k->p, k->slope_y, w, at.c, at.ym, at.yp) +
                   pf_ridge(k->p, k->slope_z, w, at.c, at.zm, at.zp);
}

/* What the square of the slope at a face lacks on a ridge, where fronts meet: there the slopes of both sides cancel, and with the
 * rest B is diffusion backwards with 1/(eps |grad p|).  Two cells beside a ridge, pushed apart by round-off, come back where that
 * is less than 3/2, since their other neighbours hold them: 1.1 with this (kernels/README.md, On a ridge). */
#define PF_RIDGE 4
#define PF_RIDGE_FREE 0.06 /* of the square: what the crest of a ripple may have */
PF_CELL double pf_ridge_square(double square, double ridge_a, double ridge_b) {
  const double over = (ridge_a < ridge_b ? ridge_a : ridge_b) - PF_RIDGE_FREE * square;
  return over > 0 ? PF_RIDGE * over : 0;
}

/* Levelling adds PF_LEVEL M times grad (xi (1-xi) grad bend) to B, bend = h^4 laplacian of the laplacian of p: a wave k along the
 * front decays by 48 PF_LEVEL eps (2 - 2 cos k h)^3 for each cell that the front moves, 4.3 at the
 * shortest waves, 6e-8 at 64 cells. */
#define PF_LEVEL (0.36 / 256)

/* Flux of the bracket B of (4) through the face from a to b, times h/M, along -(a to b): positive fills a.
 * With the product m = (xi_a (1-xi_b) + xi_b (1-xi_a))/2 the logistic profile obeys xi_b - xi_a =
 * 2 m tanh((p_b - p_a)/2) exactly, so a planar front of any direction and place is in equilibrium on the grid: nothing
 * pins it. */
PF_CELL double pf_profile_flux(double xi_a, double xi_b, pf_slope slope, double bends, double eps) {
  const double m = xi_a * (1 - xi_b) + xi_b * (1 - xi_a);
  return xi_b - xi_a - m * (pf_profile_tanh(slope, eps) - PF_LEVEL * bends);
}

/* Lithium and salt moved by B for ds (rate = M ds/h^2): xi, salt -> xi_new, salt_new.  The electrolyte that lithium
 * displaces takes its salt along, upwind: electrolyte leaves a cell that lithium enters (7). */
// clang-format off
#define PF_ARGS_profile(IN, OUT, VAR, VAL)                                                                      \
  IN(double, xi) IN(double, p) IN(double, ridge) IN(double, bend) IN(double, salt) IN(double, open) IN(float, nucleus) \
  OUT(double, xi_new) OUT(double, salt_new) VAL(double, rate) VAL(double, eps) VAL(pf_enters, enters)
// clang-format on
PF_ARGS(profile);
typedef struct pf_gain {
  double xi, salt;
} pf_gain;
enum { PF_PROFILE_WALLS = 1, PF_PROFILE_NUCLEI = 2 };
/* 1: the face is one along which B acts; 0: closed, or of a nucleus, which has no profile yet. */
PF_CELL double pf_profile_acts(const pf_profile_args *k, ptrdiff_t a, ptrdiff_t b, int what) {
  double acts = 1;
  if (what & PF_PROFILE_WALLS) acts = k->open[a] * k->open[b];
  if (what & PF_PROFILE_NUCLEI) acts = k->nucleus[a] > 0 || k->nucleus[b] > 0 ? 0 : acts;
  return acts;
}
/* What cell c (a or b) gains through the face a|b, up: 1 where c is b. */
PF_CELL pf_gain pf_profile_gain(const pf_profile_args *k, ptrdiff_t a, ptrdiff_t b, int up, pf_slope slope, int what) {
  const double rate = what ? k->rate * pf_profile_acts(k, a, b, what) : k->rate;
  slope.square += pf_ridge_square(slope.square, k->ridge[a], k->ridge[b]);
  const double to_a = rate * pf_profile_flux(k->xi[a], k->xi[b], slope, k->bend[b] - k->bend[a], k->eps);
  const double salt_a = k->salt[a], salt_b = k->salt[b];
  const double from = to_a > 0 ? salt_a : salt_b; /* lithium goes to a, electrolyte from a to b */
  const double xi = up ? -to_a : to_a;
  const pf_gain r = {xi, -xi * from};
  return r;
}
/* Of the two faces of cell c along one direction; (m1, p1), (m2, p2): as for pf_face_slope. */
PF_CELL pf_gain pf_profile_pair(const pf_profile_args *k, ptrdiff_t c, ptrdiff_t down, ptrdiff_t up, ptrdiff_t m1,
                                ptrdiff_t p1, ptrdiff_t m2, ptrdiff_t p2, int what) {
  const pf_walls w = {NULL, 0, what & PF_PROFILE_WALLS ? PF_WALLS_OF_OPEN : PF_NO_WALLS, k->open};
  const ptrdiff_t a = c + down, b = c + up;
  const pf_gain below = pf_profile_gain(k, a, c, 1, pf_face_slope(k->p, a, c, m1, p1, m2, p2, w), what);
  const pf_gain above = pf_profile_gain(k, c, b, 0, pf_face_slope(k->p, c, b, m1, p1, m2, p2, w), what);
  const pf_gain r = {below.xi + above.xi, below.salt + above.salt};
  return r;
}
PF_CELL void pf_profile_cell(const pf_profile_args *k, pf_at at, int what, int dimensions) {
  const ptrdiff_t c = at.c, zm = dimensions > 2 ? at.zm : 0, zp = dimensions > 2 ? at.zp : 0;
  const pf_gain x = pf_profile_pair(k, c, at.xm, at.xp, at.ym, at.yp, zm, zp, what);
  const pf_gain y = pf_profile_pair(k, c, at.ym, at.yp, at.xm, at.xp, zm, zp, what);
  double gain = x.xi + y.xi, salt = x.salt + y.salt;
  if (dimensions > 2) {
    const pf_gain z = pf_profile_pair(k, c, zm, zp, at.xm, at.xp, at.ym, at.yp, what);
    gain += z.xi;
    salt += z.salt;
  }
  const double xi = k->xi[c], left = 1 - xi - gain, safe = left > 1e-8 ? left : 1;
  k->xi_new[c] = xi + gain;
  k->salt_new[c] = k->enters.moves_salt && left > 1e-8 ? ((1 - xi) * k->salt[c] + salt) / safe : k->salt[c];
}
/* With or without walls and nuclei, in (1 and) 2 or 3 dimensions. */
#define PF_PROFILE_VARIANT(name, what, dimensions)                                   \
  PF_ARGS(name);                                                                     \
  PF_CELL void pf_cell_##name(const pf_##name##_args *k, pf_at at) {                 \
    pf_profile_cell((const pf_profile_args *)(const void *)k, at, what, dimensions); \
  }
#define PF_ARGS_profile_2 PF_ARGS_profile
#define PF_ARGS_profile_3 PF_ARGS_profile
#define PF_ARGS_profile_walls_2 PF_ARGS_profile
#define PF_ARGS_profile_walls_3 PF_ARGS_profile
#define PF_ARGS_profile_nuclei_2 PF_ARGS_profile
#define PF_ARGS_profile_nuclei_3 PF_ARGS_profile
PF_PROFILE_VARIANT(profile_2, 0, 2)
PF_PROFILE_VARIANT(profile_3, 0, 3)
PF_PROFILE_VARIANT(profile_walls_2, PF_PROFILE_WALLS, 2)
PF_PROFILE_VARIANT(profile_walls_3, PF_PROFILE_WALLS, 3)
PF_PROFILE_VARIANT(profile_nuclei_2, PF_PROFILE_WALLS | PF_PROFILE_NUCLEI, 2)
PF_PROFILE_VARIANT(profile_nuclei_3, PF_PROFILE_WALLS | PF_PROFILE_NUCLEI, 3)

/* Reaction and frame of (4): xi_new = xi + growth dt r + U dt d xi/dx, U dt in cells.  Lithium enters or leaves through
 * x = 0 and x = Lx with the value at the end: 1 where there is lithium.  What cannot enter is carried by the electrode's
 * retreat: in closed cells nothing moves, neither with the reaction nor with the frame, and a wall is as an end: lithium
 * that has filled a pore up to it stays there.  stays: what is no electrode's (islands, nuclei) lies in the solid, which
 * does not move with the frame either; it is as a wall to the electrodes' lithium.  Sums: lithium that the reaction made at the working and at the counter
 * electrode; lithium that left the grid or could not enter, of the working and of the counter electrode; in cells. */
// clang-format off
#define PF_ARGS_grow(IN, OUT, VAR, VAL)                                                            \
  IN(double, xi) IN(double, reaction) IN(uint8_t, material) IN(uint8_t, owner) OUT(double, xi_new) \
  VAL(double, growth_dt) VAL(double, shift) VAL(pf_enters, enters) VAL(int, stays)
// clang-format on
PF_ARGS(grow);
PF_CELL int pf_is_embedded(int stays, int owner) { return stays && !(owner & (PF_WORKING | PF_COUNTER)); }
PF_CELL double pf_frame_gain(const double *xi, ptrdiff_t c, ptrdiff_t down, ptrdiff_t up, double shift) {
  const double lower = 0.5 * (xi[c + down] + xi[c]), upper = 0.5 * (xi[c] + xi[c + up]);
  return shift * (upper - lower);
}
PF_CELL pf_sums pf_cell_grow(const pf_grow_args *k, pf_at at) {
  const double made = k->growth_dt * k->reaction[at.c], xi = k->xi[at.c];
  const int enters = pf_is_open(k->material, k->enters.mask, at.c) > 0, counter = k->owner[at.c] == PF_COUNTER;
  const pf_walls w = {k->material, k->enters.mask, PF_WALLS_OF_MATERIAL, NULL};
  const int stays = k->stays, still = pf_is_embedded(stays, k->owner[at.c]);
  const ptrdiff_t down = pf_is_embedded(stays, k->owner[at.c + at.xm]) ? 0 : pf_way(w, at.c, at.xm);
  const ptrdiff_t up = pf_is_embedded(stays, k->owner[at.c + at.xp]) ? 0 : pf_way(w, at.c, at.xp);
  const double shift = still ? 0 : k->shift;
  const double gain = enters ? made + pf_frame_gain(k->xi, at.c, down, up, shift) : 0;
  const double through = shift * xi * ((down ? 0.0 : 1.0) - (up ? 0.0 : 1.0)); /* ends and walls, with the frame */
  const double left = enters ? through : made;
  k->xi_new[at.c] = xi + gain;
  const pf_sums r = {{counter ? 0 : made, counter ? made : 0, counter ? 0 : left, counter ? left : 0}};
  return r;
}

// clang-format off
#define PF_KERNELS_PHASE(MAP, SWEEP, SUM, MAX)                                                                        \
  MAP(logit) MAP(open) MAP(bend) MAP(bend_walls) MAP(slopes) MAP(ridge) MAP(geometry) MAP(geometry_walls)             \
  MAP(facet) MAP(profile_2) MAP(profile_3) MAP(profile_walls_2) MAP(profile_walls_3) MAP(profile_nuclei_2)            \
  MAP(profile_nuclei_3) SUM(grow)
// clang-format on

#endif
