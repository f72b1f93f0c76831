/* cell_elastic.h: mechanics (10), (11): strain and stress, the balance of forces, Green's operator, eigenstrain, traction.
 *
 * Displacements u stand at the corners of the cells (index c: the corner at the lower end of cell c in x, y, z), strain
 * and stress at the centres.  A gradient is the difference of the means over opposite faces of a cell, the force on a
 * corner its transpose: F. Willot's rotated scheme (C. R. Mecanique 343, 2015), which does not ring where moduli jump.
 * It does not see displacements that alternate from corner to corner in two directions, and stiff inclusions fill with
 * them; so each cell resists them a little.
 * The grid is taken as periodic in x too; what differs from one period to the next is u = x times a constant vector.
 * Lengths in cells, stresses in Pa.  Tensors are [components][cells]: xx, yy, zz (1-D), xy (2-D: plane strain), xz, yz (3-D). */
#ifndef PF_CELL_ELASTIC_H
#define PF_CELL_ELASTIC_H

#include <math.h>

#include "cell_phase.h"
#include "pf_kernel.h"
#include "pf_params.h"

typedef struct pf_tensor {
  double xx, yy, zz, xy, xz, yz;
} pf_tensor;

PF_CELL int pf_tensor_components(int dimensions) { return dimensions == 1 ? 3 : dimensions == 2 ? 4 : 6; }

PF_CELL pf_tensor pf_tensor_load(const double *f, ptrdiff_t cells, ptrdiff_t c, int dimensions) {
  pf_tensor t = {f[c], f[cells + c], f[2 * cells + c], 0, 0, 0};
  if (dimensions > 1) t.xy = f[3 * cells + c];
  if (dimensions > 2) t.xz = f[4 * cells + c], t.yz = f[5 * cells + c];
  return t;
}
PF_CELL void pf_tensor_store(double *f, ptrdiff_t cells, ptrdiff_t c, int dimensions, pf_tensor t) {
  f[c] = t.xx, f[cells + c] = t.yy, f[2 * cells + c] = t.zz;
  if (dimensions > 1) f[3 * cells + c] = t.xy;
  if (dimensions > 2) f[4 * cells + c] = t.xz, f[5 * cells + c] = t.yz;
}
PF_CELL double pf_tensor_trace(pf_tensor t) { return t.xx + t.yy + t.zz; }
/* dev t : dev t */
PF_CELL double pf_tensor_deviator(pf_tensor t) {
  const double mean = pf_tensor_trace(t) / 3, a = t.xx - mean, b = t.yy - mean, c = t.zz - mean;
  return a * a + b * b + c * c + 2 * (t.xy * t.xy + t.xz * t.xz + t.yz * t.yz);
}
/* The kernel `name` is `function` in that many dimensions: known when it is compiled, so that its loop becomes vector
 * instructions. */
#define PF_ELASTIC_VARIANT(name, of, function, dimensions)                    \
  PF_ARGS(name);                                                              \
  PF_CELL pf_sums pf_cell_##name(const pf_##name##_args *k, pf_at at) {       \
    return function((const pf_##of##_args *)(const void *)k, at, dimensions); \
  }

/* n . t . n */
PF_CELL double pf_tensor_normal(pf_tensor t, double x, double y, double z) {
  return x * (t.xx * x + 2 * t.xy * y + 2 * t.xz * z) + y * (t.yy * y + 2 * t.yz * z) + z * t.zz * z;
}

/* sigma = lambda tr(e) I + 2 mu e */
PF_CELL pf_tensor pf_hooke(double lambda, double mu, pf_tensor e) {
  const double volume = lambda * pf_tensor_trace(e);
  const pf_tensor s = {volume + 2 * mu * e.xx, volume + 2 * mu * e.yy, volume + 2 * mu * e.zz,
                       2 * mu * e.xy,          2 * mu * e.xz,          2 * mu * e.yz};
  return s;
}
/* sigma : C0^-1 : sigma */
PF_CELL double pf_stress_size(double lambda0, double mu0, pf_tensor s) {
  const double trace = pf_tensor_trace(s);
  return pf_tensor_deviator(s) / (2 * mu0) + trace * trace / (9 * lambda0 + 6 * mu0);
}

/* Compliances 1/K and 1/mu (1/Pa) of the layers and of lithium. */
typedef struct pf_compliances {
  double bulk[PF_MATERIALS], shear[PF_MATERIALS], lithium_bulk, lithium_shear;
} pf_compliances;

/* The share of lithium in the compliances (Reuss): xi on an interface made narrow.  Voigt's or a wide mixture makes the
 * interior of an inclusion 6 to 51 % too stiff or too soft. */
#define PF_NARROW 2.5
PF_CELL double pf_narrow(double xi) {
  const double x = 0.5 + PF_NARROW * (xi - 0.5);
  return x < 0 ? 0 : x > 1 ? 1 : x;
}
PF_CELL double pf_narrow_slope(double xi) { return fabs(xi - 0.5) < 0.5 / PF_NARROW ? PF_NARROW : 0; }

/* Lame's constants [cells], Pa. */
// clang-format off
#define PF_ARGS_elastic_moduli(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(uint8_t, material) OUT(double, lambda) OUT(double, mu) VAL(pf_compliances, of)
// clang-format on
PF_ARGS(elastic_moduli);
PF_CELL void pf_cell_elastic_moduli(const pf_elastic_moduli_args *k, pf_at at) {
  const double x = pf_narrow(k->xi[at.c]);
  const int m = k->material[at.c];
  const double bulk = 1 / ((1 - x) * k->of.bulk[m] + x * k->of.lithium_bulk);
  const double shear = 1 / ((1 - x) * k->of.shear[m] + x * k->of.lithium_shear);
  k->lambda[at.c] = bulk - 2 * shear / 3;
  k->mu[at.c] = shear;
}

/* Offsets to the next and to the last cell in x, around the period. */
PF_CELL ptrdiff_t pf_around_up(pf_at at, int nx) { return at.xp ? at.xp : 1 - nx; }
PF_CELL ptrdiff_t pf_around_down(pf_at at, int nx) { return at.xm ? at.xm : nx - 1; }

/* Gradient from the 4 (2-D) or 8 corners c + {0, x} + {0, y} + {0, z}. */
typedef struct pf_gradient {
  double x, y, z;
} pf_gradient;
PF_CELL pf_gradient pf_corner_gradient(const double *u, ptrdiff_t c, ptrdiff_t x, ptrdiff_t y, ptrdiff_t z,
                                       int dimensions) {
  const double a = u[c], b = u[c + x], d = u[c + y], e = u[c + x + y];
  pf_gradient g = {0.5 * ((b - a) + (e - d)), 0.5 * ((d - a) + (e - b)), 0};
  if (dimensions > 2) {
    const double p = u[c + z], q = u[c + x + z], r = u[c + y + z], s = u[c + x + y + z];
    g.x = 0.5 * g.x + 0.25 * ((q - p) + (s - r));
    g.y = 0.5 * g.y + 0.25 * ((r - p) + (s - q));
    g.z = 0.25 * ((p - a) + (q - b) + (r - d) + (s - e));
  }
  return g;
}

/* Stress [components][cells] of displacements u [dimensions][cells], a mean strain and an eigenstrain (NULL: none); in
 * 1-D, which has no u, of what gives sigma_xx = traction.  Sums: sigma_xx, sigma_xy, sigma_xz; sigma : C0^-1 : sigma. */
// clang-format off
#define PF_ARGS_elastic_stress(IN, OUT, VAR, VAL)                                                                  \
  IN(double, u) IN(double, eigenstrain) IN(double, lambda) IN(double, mu) OUT(double, stress) VAL(pf_tensor, mean) \
  VAL(double, traction) VAL(double, lambda0) VAL(double, mu0) VAL(ptrdiff_t, cells) VAL(int, nx)
// clang-format on
PF_ARGS(elastic_stress);
PF_CELL pf_sums pf_stress_of_strain(const pf_elastic_stress_args *k, pf_at at, int dimensions) {
  const ptrdiff_t c = at.c, n = k->cells, up = pf_around_up(at, k->nx);
  const double lambda = k->lambda[c], mu = k->mu[c];
  pf_tensor e = k->mean;
  if (dimensions > 1) {
    const pf_gradient x = pf_corner_gradient(k->u, c, up, at.yp, at.zp, dimensions);
    const pf_gradient y = pf_corner_gradient(k->u + n, c, up, at.yp, at.zp, dimensions);
    e.xx += x.x;
    e.yy += y.y;
    e.xy += 0.5 * (x.y + y.x);
    if (dimensions > 2) {
      const pf_gradient z = pf_corner_gradient(k->u + 2 * n, c, up, at.yp, at.zp, dimensions);
      e.zz += z.z;
      e.xz += 0.5 * (x.z + z.x);
      e.yz += 0.5 * (y.z + z.y);
    }
  }
  if (k->eigenstrain) {
    const pf_tensor own = pf_tensor_load(k->eigenstrain, n, c, dimensions);
    e.xx -= own.xx, e.yy -= own.yy, e.zz -= own.zz;
    e.xy -= own.xy, e.xz -= own.xz, e.yz -= own.yz;
  }
  if (dimensions == 1) e.xx = (k->traction - lambda * (e.yy + e.zz)) / (lambda + 2 * mu);
  const pf_tensor s = pf_hooke(lambda, mu, e);
  pf_tensor_store(k->stress, n, c, dimensions, s);
  const pf_sums sums = {{s.xx, s.xy, s.xz, pf_stress_size(k->lambda0, k->mu0, s)}};
  return sums;
}
#define PF_ARGS_elastic_stress_1 PF_ARGS_elastic_stress
#define PF_ARGS_elastic_stress_2 PF_ARGS_elastic_stress
#define PF_ARGS_elastic_stress_3 PF_ARGS_elastic_stress
PF_ELASTIC_VARIANT(elastic_stress_1, elastic_stress, pf_stress_of_strain, 1)
PF_ELASTIC_VARIANT(elastic_stress_2, elastic_stress, pf_stress_of_strain, 2)
PF_ELASTIC_VARIANT(elastic_stress_3, elastic_stress, pf_stress_of_strain, 3)

/* What alternates within a cell: its corners c + {0, x} + {0, y} + {0, z} in their modes xy, xz, yz (1/12 each, the mean
 * square of x over the cell) and xyz (1/144), as they act on corner c; times PF_HOURGLASS mu the force on it.  A fully
 * integrated element has (lambda + 3 mu)/mu, about 4.  Scatter within a stiff disc (14): 13 % of the stress without, 3 % with
 * 0.4, 2.5 % with 4; a misfit one cell thick is answered 0.3 % too strongly with 0.4, 4.4 % with 4. */
#define PF_HOURGLASS 0.4
PF_CELL double pf_hourglass(const double *u, ptrdiff_t c, ptrdiff_t x, ptrdiff_t y, ptrdiff_t z, int dimensions) {
  if (dimensions == 2) return ((u[c] - u[c + x]) - (u[c + y] - u[c + x + y])) / 12;
  const double one = u[c + x] + u[c + y] + u[c + z], two = u[c + x + y] + u[c + x + z] + u[c + y + z];
  return (10 * u[c] - 4 * one - 2 * two + 8 * u[c + x + y + z]) / 144;
}

/* Forces on the corners, sign times the transpose of the gradient on a stress and the resistance of the cells to u: f
 * [dimensions][cells].  Sum: u . f. */
// clang-format off
#define PF_ARGS_elastic_force(IN, OUT, VAR, VAL)                                                           \
  IN(double, stress) IN(double, u) IN(double, mu) OUT(double, f) VAL(double, sign) VAL(ptrdiff_t, cells)   \
  VAL(int, nx)
// clang-format on
PF_ARGS(elastic_force);
/* The cells around corner c, and what each adds. */
PF_CELL double pf_resistance(const double *u, const double *mu, pf_at at, ptrdiff_t down, ptrdiff_t up,
                             int dimensions) {
  const ptrdiff_t c = at.c;
  double f = 0;
  for (int layer = 0; layer < (dimensions > 2 ? 2 : 1); layer++) {
    /* towards cells of lower z their own corners are those above */
    const ptrdiff_t to = layer ? at.zm : 0, z = layer ? at.zm : at.zp;
    f += mu[c + to] * pf_hourglass(u, c, up, at.yp, z, dimensions);
    f += mu[c + to + down] * pf_hourglass(u, c, down, at.yp, z, dimensions);
    f += mu[c + to + at.ym] * pf_hourglass(u, c, up, at.ym, z, dimensions);
    f += mu[c + to + down + at.ym] * pf_hourglass(u, c, down, at.ym, z, dimensions);
  }
  return PF_HOURGLASS * f;
}
PF_CELL pf_sums pf_force_of_stress(const pf_elastic_force_args *k, pf_at at, int d) {
  const ptrdiff_t c = at.c, n = k->cells, down = pf_around_down(at, k->nx), up = pf_around_up(at, k->nx);
  const double *s = k->stress, *u = k->u, *mu = k->mu;
  const pf_gradient xx = pf_corner_gradient(s, c, down, at.ym, at.zm, d);
  const pf_gradient yy = pf_corner_gradient(s + n, c, down, at.ym, at.zm, d);
  const pf_gradient xy = pf_corner_gradient(s + 3 * n, c, down, at.ym, at.zm, d);
  double x = xx.x + xy.y + pf_resistance(u, mu, at, down, up, d);
  double y = xy.x + yy.y + pf_resistance(u + n, mu, at, down, up, d), sum = 0;
  if (d > 2) {
    const pf_gradient zz = pf_corner_gradient(s + 2 * n, c, down, at.ym, at.zm, d);
    const pf_gradient xz = pf_corner_gradient(s + 4 * n, c, down, at.ym, at.zm, d);
    const pf_gradient yz = pf_corner_gradient(s + 5 * n, c, down, at.ym, at.zm, d);
    const double z = k->sign * (xz.x + yz.y + zz.z + pf_resistance(u + 2 * n, mu, at, down, up, d));
    x += xz.z;
    y += yz.z;
    sum = u[2 * n + c] * z;
    k->f[2 * n + c] = z;
  }
  x *= k->sign;
  y *= k->sign;
  k->f[c] = x;
  k->f[n + c] = y;
  const pf_sums sums = {{sum + u[c] * x + u[n + c] * y, 0, 0, 0}};
  return sums;
}
#define PF_ARGS_elastic_force_2 PF_ARGS_elastic_force
#define PF_ARGS_elastic_force_3 PF_ARGS_elastic_force
PF_ELASTIC_VARIANT(elastic_force_2, elastic_force, pf_force_of_stress, 2)
PF_ELASTIC_VARIANT(elastic_force_3, elastic_force, pf_force_of_stress, 3)

/* Green's operator of a homogeneous medium on the spectrum of a force [dimensions][waves], in place: the displacement.
 * The difference operator of wave vector (i, j, k) is a common phase times q = 2 (s_x c_y c_z, c_x s_y c_z, c_x c_y s_z),
 * s and c the sine and cosine of half the phase from one cell to the next: wave [nx/2+1 + ny + nz][2] holds them.  The
 * matrix (lambda + mu) q x q + m I, m = mu q^2 and the resistance to what alternates, is inverted; the mean stays 0. */
// clang-format off
#define PF_ARGS_elastic_green(IN, OUT, VAR, VAL)                                                                 \
  VAR(double, spectrum) IN(double, wave) VAL(double, lambda0) VAL(double, mu0) VAL(double, scale) VAL(int, half) \
  VAL(int, ny) VAL(ptrdiff_t, waves) VAL(int, dimensions)
// clang-format on
PF_ARGS(elastic_green);
PF_CELL void pf_cell_elastic_green(const pf_elastic_green_args *k, pf_at at) {
  const double *x = k->wave + 2 * at.i, *y = k->wave + 2 * (k->half + at.j),
               *z = k->wave + 2 * (k->half + k->ny + at.k);
  const double qx = 2 * x[0] * y[1] * z[1], qy = 2 * x[1] * y[0] * z[1], qz = 2 * x[1] * y[1] * z[0];
  const double q2 = qx * qx + qy * qy + qz * qz, x2 = x[0] * x[0], y2 = y[0] * y[0], z2 = z[0] * z[0];
  const double alternates =
      (x2 * y2 * z[1] * z[1] + x2 * z2 * y[1] * y[1] + y2 * z2 * x[1] * x[1]) * 16 / 12 + x2 * y2 * z2 * 64 / 144;
  const double m = k->mu0 * (q2 + PF_HOURGLASS * alternates), both = k->lambda0 + k->mu0;
  const double size = m > 0 ? k->scale / m : 0, along = m > 0 ? both / (m + both * q2) : 0;
  for (int part = 0; part < 2; part++) { /* real, imaginary */
    double *u = k->spectrum + 2 * at.c + part, *v = u + 2 * k->waves, *w = v + 2 * k->waves;
    double dot = qx * *u + qy * *v;
    if (k->dimensions > 2) dot += qz * *w;
    dot *= along;
    *u = size * (*u - qx * dot);
    *v = size * (*v - qy * dot);
    if (k->dimensions > 2) *w = size * (*w - qz * dot);
  }
}

/* One step of conjugate gradients: u += a p, r -= a q, stress += a step.  Sum: stress : C0^-1 : stress. */
// clang-format off
#define PF_ARGS_elastic_advance(IN, OUT, VAR, VAL)                                                           \
  VAR(double, u) VAR(double, r) VAR(double, stress) IN(double, p) IN(double, q) IN(double, step)             \
  VAL(double, a) VAL(double, lambda0) VAL(double, mu0) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(elastic_advance);
PF_CELL pf_sums pf_advance_fields(const pf_elastic_advance_args *k, pf_at at, int dimensions) {
  const ptrdiff_t n = k->cells;
  const double a = k->a;
  for (int d = 0; d < dimensions; d++) {
    k->u[d * n + at.c] += a * k->p[d * n + at.c];
    k->r[d * n + at.c] -= a * k->q[d * n + at.c];
  }
  pf_tensor s = pf_tensor_load(k->stress, n, at.c, dimensions);
  const pf_tensor t = pf_tensor_load(k->step, n, at.c, dimensions);
  s.xx += a * t.xx, s.yy += a * t.yy, s.zz += a * t.zz;
  s.xy += a * t.xy, s.xz += a * t.xz, s.yz += a * t.yz;
  pf_tensor_store(k->stress, n, at.c, dimensions, s);
  const pf_sums sums = {{pf_stress_size(k->lambda0, k->mu0, s), 0, 0, 0}};
  return sums;
}
#define PF_ARGS_elastic_advance_2 PF_ARGS_elastic_advance
#define PF_ARGS_elastic_advance_3 PF_ARGS_elastic_advance
PF_ELASTIC_VARIANT(elastic_advance_2, elastic_advance, pf_advance_fields, 2)
PF_ELASTIC_VARIANT(elastic_advance_3, elastic_advance, pf_advance_fields, 3)

/* p = z + b p; over a grid of as many planes as there are components. */
// clang-format off
#define PF_ARGS_elastic_direction(IN, OUT, VAR, VAL) IN(double, z) VAR(double, p) VAL(double, b)
// clang-format on
PF_ARGS(elastic_direction);
PF_CELL void pf_cell_elastic_direction(const pf_elastic_direction_args *k, pf_at at) {
  k->p[at.c] = k->z[at.c] + k->b * k->p[at.c];
}

/* ---- eigenstrain ---- */

/* Unit vector along the gradient of p, out of the electrolyte into the metal; 0 where p is constant. */
PF_CELL pf_gradient pf_unit_normal(const double *p, pf_at at) {
  const double x = p[at.c + at.xp] - p[at.c + at.xm], y = p[at.c + at.yp] - p[at.c + at.ym],
               z = p[at.c + at.zp] - p[at.c + at.zm];
  const double square = x * x + y * y + z * z, size = square > 1e-20 ? 1 / sqrt(square) : 0;
  const pf_gradient n = {x * size, y * size, z * size};
  return n;
}

/* (10): next = eigenstrain + full (d xi by reaction) n x n (or I/3), moved with the frame by U dt (shift, cells; upwind)
 * where lithium is (cell_phase.h, grow).  Lithium that leaves takes of what is stored in its cell.  The trace stays within 0 ... full, and below 2 xi full, so
 * that none is left behind; deposition alone stays below: its S(xi) <= 2 xi.  (B of (4) moves no interface and keeps the
 * tensor where it is.) */
// clang-format off
#define PF_ARGS_elastic_deposit(IN, OUT, VAR, VAL)                                                                    \
  IN(double, xi) IN(double, p) IN(double, reaction) IN(uint8_t, material) IN(uint8_t, owner) IN(double, eigenstrain)  \
  OUT(double, next) VAL(double, growth_dt) VAL(double, shift) VAL(double, full) VAL(int, isotropic)                   \
  VAL(pf_enters, enters) VAL(int, stays) VAL(ptrdiff_t, cells) VAL(int, dimensions)
// clang-format on
PF_ARGS(elastic_deposit);
PF_CELL void pf_cell_elastic_deposit(const pf_elastic_deposit_args *k, pf_at at) {
  const ptrdiff_t n = k->cells, c = at.c, from = c + (k->shift > 0 ? at.xp : at.xm);
  const double enters = (k->enters.mask >> k->material[c]) & 1u ? 1.0 : 0.0;
  const int still = pf_is_embedded(k->stays, k->owner[c]) || pf_is_embedded(k->stays, k->owner[from]);
  const double flows = !still && ((k->enters.mask >> k->material[from]) & 1u) ? enters * fabs(k->shift) : 0;
  const double made = enters * k->growth_dt * k->reaction[c], xi = k->xi[c] + made;
  const pf_gradient normal = pf_unit_normal(k->p, at);
  const pf_tensor old = pf_tensor_load(k->eigenstrain, n, c, k->dimensions);
  const pf_tensor in = pf_tensor_load(k->eigenstrain, n, from, k->dimensions);
  pf_tensor e = {old.xx + flows * (in.xx - old.xx), old.yy + flows * (in.yy - old.yy),
                 old.zz + flows * (in.zz - old.zz), old.xy + flows * (in.xy - old.xy),
                 old.xz + flows * (in.xz - old.xz), old.yz + flows * (in.yz - old.yz)};
  const double add = made > 0 ? k->full * made : 0, iso = k->isotropic ? add / 3 : 0, nn = k->isotropic ? 0 : add;
  e.xx += iso + nn * normal.x * normal.x;
  e.yy += iso + nn * normal.y * normal.y;
  e.zz += iso + nn * normal.z * normal.z;
  e.xy += nn * normal.x * normal.y;
  e.xz += nn * normal.x * normal.z;
  e.yz += nn * normal.y * normal.z;
  const double trace = pf_tensor_trace(e), share = 2 * xi < 1 ? (xi > 0 ? 2 * xi : 0) : 1;
  double target = trace + (made < 0 ? k->full * made : 0);
  target = target < k->full * share ? target : k->full * share;
  const double keep = trace > 0 && target > 0 ? target / trace : 0;
  e.xx *= keep, e.yy *= keep, e.zz *= keep;
  e.xy *= keep, e.xz *= keep, e.yz *= keep;
  pf_tensor_store(k->next, n, c, k->dimensions, e);
}

/* ---- what acts on the reaction ---- */

/* Where the interface is, for the mean of the traction across it. */
PF_CELL double pf_interface_share(double xi) {
  const double w = xi * (1 - xi);
  return w > 1e-4 ? w : 0;
}

enum { PF_FORCE_TRACTION, PF_FORCE_PRESSURE, PF_FORCE_ENERGY };

/* t [cells], Pa, on the interface: -n.sigma.n, or the pressure, or d f_el/d xi at a given strain
 *   = -sigma : d eps*(full)/d xi - [(tr sigma/3)^2 d(1/K)/d xi + dev sigma : dev sigma d(1/mu)/d xi / 2]/2. */
// clang-format off
#define PF_ARGS_elastic_traction(IN, OUT, VAR, VAL)                                                    \
  IN(double, xi) IN(double, p) IN(double, stress) IN(uint8_t, material) OUT(double, t) VAL(int, force) \
  VAL(int, isotropic) VAL(double, full) VAL(pf_compliances, of) VAL(ptrdiff_t, cells) VAL(int, dimensions)
// clang-format on
PF_ARGS(elastic_traction);
PF_CELL void pf_cell_elastic_traction(const pf_elastic_traction_args *k, pf_at at) {
  const double xi = k->xi[at.c];
  double t = 0;
  if (pf_interface_share(xi) > 0) {
    const pf_tensor s = pf_tensor_load(k->stress, k->cells, at.c, k->dimensions);
    const pf_gradient n = pf_unit_normal(k->p, at);
    const double third = pf_tensor_trace(s) / 3;
    t = k->isotropic || k->force == PF_FORCE_PRESSURE ? -third : -pf_tensor_normal(s, n.x, n.y, n.z);
    if (k->force == PF_FORCE_ENERGY) {
      const int m = k->material[at.c];
      const double softer = third * third * (k->of.lithium_bulk - k->of.bulk[m]) +
                            0.5 * pf_tensor_deviator(s) * (k->of.lithium_shear - k->of.shear[m]);
      t = k->full * t - 0.5 * pf_narrow_slope(xi) * softer;
    }
  }
  k->t[at.c] = t;
}

/* (11): push goes by `share` of the way to volume (P + clip(t - P, -cap, cap)), t the mean along the normal, across the interface, with weight
 * xi(1-xi): every cell of a cross-section feels the same, and what alternates from cell to cell averages out.  Elsewhere
 * volume P.  volume: Vm/(RT), 1/Pa; reach: cells to either side. */
// clang-format off
#define PF_ARGS_elastic_push(IN, OUT, VAR, VAL)                                                               \
  IN(double, xi) IN(double, p) IN(double, t) VAR(double, push) VAL(double, volume) VAL(double, pressure)      \
  VAL(double, cap) VAL(double, share) VAL(int, reach) VAL(pf_grid, grid)
// clang-format on
PF_ARGS(elastic_push);
/* The two cells that a place (of centres at whole numbers) lies between, and the share of the upper one; periodic, or
 * held at the ends. */
PF_CELL int pf_between(double place, int n, int periodic, int *upper, double *share) {
  const int low = (int)floor(place);
  *share = place - low;
  if (!periodic) {
    *upper = low + 1 < 0 ? 0 : low + 1 > n - 1 ? n - 1 : low + 1;
    return low < 0 ? 0 : low > n - 1 ? n - 1 : low;
  }
  *upper = ((low + 1) % n + n) % n;
  return (low % n + n) % n;
}
PF_CELL void pf_cell_elastic_push(const pf_elastic_push_args *k, pf_at at) {
  const pf_grid *g = &k->grid;
  double extra = 0;
  if (pf_interface_share(k->xi[at.c]) > 0) {
    const pf_gradient n = pf_unit_normal(k->p, at);
    double sum = 0, weight = 0;
    for (int step = -k->reach; step <= k->reach; step++) {
      int x[2], y[2], z[2];
      double fx, fy, fz;
      x[0] = pf_between(at.i + step * n.x, g->nx, 0, &x[1], &fx);
      y[0] = pf_between(at.j + step * n.y, g->ny, 1, &y[1], &fy);
      z[0] = pf_between(at.k + step * n.z, g->nz, 1, &z[1], &fz);
      for (int corner = 0; corner < 8; corner++) {
        const int a = corner & 1, b = (corner >> 1) & 1, d = corner >> 2;
        const double part = (a ? fx : 1 - fx) * (b ? fy : 1 - fy) * (d ? fz : 1 - fz);
        const ptrdiff_t c = ((ptrdiff_t)z[d] * g->ny + y[b]) * g->nx + x[a];
        const double w = part * pf_interface_share(k->xi[c]);
        sum += w * k->t[c];
        weight += w;
      }
    }
    extra = weight > 0 ? sum / weight - k->pressure : 0;
    extra = extra < -k->cap ? -k->cap : extra > k->cap ? k->cap : extra;
  }
  k->push[at.c] += k->share * (k->volume * (k->pressure + extra) - k->push[at.c]);
}

/* ---- what is measured ---- */

PF_CELL double pf_von_mises(pf_tensor s) { return sqrt(1.5 * pf_tensor_deviator(s)); }

/* Largest von Mises stress of the electrolyte, xi < 1/2, and of the metal. */
// clang-format off
#define PF_ARGS_elastic_peak(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(double, stress) VAL(ptrdiff_t, cells) VAL(int, dimensions)
// clang-format on
PF_ARGS(elastic_peak);
PF_CELL pf_sums pf_cell_elastic_peak(const pf_elastic_peak_args *k, pf_at at) {
  const double mises = pf_von_mises(pf_tensor_load(k->stress, k->cells, at.c, k->dimensions));
  const int metal = k->xi[at.c] >= 0.5;
  const pf_sums most = {{metal ? 0 : mises, metal ? mises : 0, 0, 0}};
  return most;
}

/* After a solve, for the first guess of the next one: `rate` is what the displacement's rate will be if it goes on to change
 * as it did, more = (this interval + the next)/(the last + this), `last` the one found now. */
// clang-format off
#define PF_ARGS_elastic_remember(IN, OUT, VAR, VAL) \
  IN(double, u) IN(double, start) OUT(float, rate) VAR(float, last) VAL(double, per_dt) VAL(double, more)
// clang-format on
PF_ARGS(elastic_remember);
PF_CELL void pf_cell_elastic_remember(const pf_elastic_remember_args *k, pf_at at) {
  const double rate = (k->u[at.c] - k->start[at.c]) * k->per_dt;
  k->rate[at.c] = (float)(rate + k->more * (rate - (double)k->last[at.c]));
  k->last[at.c] = (float)rate;
}

/* For a file: a component of the stress, or von Mises' stress, or the pressure, Pa. */
enum { PF_STRESS_MISES = -1, PF_STRESS_PRESSURE = -2 };
// clang-format off
#define PF_ARGS_elastic_export(IN, OUT, VAR, VAL) \
  IN(double, stress) OUT(float, y) VAL(int, what) VAL(ptrdiff_t, cells) VAL(int, dimensions)
// clang-format on
PF_ARGS(elastic_export);
PF_CELL void pf_cell_elastic_export(const pf_elastic_export_args *k, pf_at at) {
  const pf_tensor s = pf_tensor_load(k->stress, k->cells, at.c, k->dimensions);
  double y = k->what == PF_STRESS_MISES ? pf_von_mises(s) : -pf_tensor_trace(s) / 3;
  if (k->what >= 0) y = k->stress[k->what * k->cells + at.c];
  k->y[at.c] = (float)y;
}

// clang-format off
#define PF_KERNELS_ELASTIC(MAP, SWEEP, SUM, MAX)                                                                \
  MAP(elastic_moduli) SUM(elastic_stress_1) SUM(elastic_stress_2) SUM(elastic_stress_3) SUM(elastic_force_2)    \
  SUM(elastic_force_3) MAP(elastic_green) SUM(elastic_advance_2) SUM(elastic_advance_3)                         \
  MAP(elastic_direction) MAP(elastic_deposit) MAP(elastic_traction) MAP(elastic_push)          \
  MAP(elastic_remember) MAX(elastic_peak) MAP(elastic_export)
// clang-format on

#endif
