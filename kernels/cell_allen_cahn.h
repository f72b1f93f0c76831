/* cell_allen_cahn.h: the literature's model of lithium dendrites, for comparison, as an explicit step.
 *
 *   (5)  d xi/dt = -L_s [g'(xi) - kappa(theta) lap xi] - L_eta h'(xi) {exp[(1-a) phi] - s exp[-a phi]} + noise
 *        d s/dt = div D h_e (grad s + s grad phi) - (c_s/c0) d xi/dt,   h_e = 1 - h(xi)
 *        div sigma grad phi = F c_s d xi/dt,   sigma = sigma_e h + sigma_s (1 - h)
 *        g = W_b xi^2 (1-xi)^2,  h = xi^3 (6 xi^2 - 15 xi + 10),  kappa = kappa_0 [1 + delta cos(omega theta)]
 *
 * phi of (5) is 0 at x = Lx and -V at the metal's end x = 0; kept is phi + V, the potential against the electrode's metal,
 * as everywhere in the program (and b of the linear system is not that of the metal, beside which all else is small).
 * RT/F; s = c/c0, 1 at x = Lx.
 * xi and s have no flux through x = 0, xi none through x = Lx.  theta: angle of grad xi to the x axis; in 3-D omega = 4
 * and cos 4 theta is 4 (n_x^4 + n_y^4 + n_z^4) - 3, the same in a plane.
 * (L. Chen et al., J. Power Sources 300 (2015) 376; Hong and Viswanathan, ACS Energy Lett. 3 (2018) 1737.) */
#ifndef PF_CELL_ALLEN_CAHN_H
#define PF_CELL_ALLEN_CAHN_H

#include <math.h>
#include <string.h>

#include "cell_random.h"
#include "pf_kernel.h"
#include "pf_params.h"

/* exp(x) within 3e-13 of itself for |x| <= 700 (beyond: that of the bound), without a branch or a call: a loop over it
 * becomes vector instructions. exp(x) = 2^n exp(r), |r| <= ln 2/2, exp(r) by its series. */
PF_CELL double pf_vector_exp(double x) {
  const double whole =
      6755399441055744.0; /* 1.5 2^52: a sum with it is rounded, and its low bits are the whole number */
  const double inside = x > 700 ? 700 : x < -700 ? -700 : x;
  const double sum = inside * 1.4426950408889634 + whole, n = sum - whole;
  const double r = (inside - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10; /* ln 2 in two parts */
  double p = 1 / 3628800.0;
  p = p * r + 1 / 362880.0;
  p = p * r + 1 / 40320.0;
  p = p * r + 1 / 5040.0;
  p = p * r + 1 / 720.0;
  p = p * r + 1 / 120.0;
  p = p * r + 1 / 24.0;
  p = p * r + 1 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  uint64_t power, bits;
  memcpy(&power, &sum, sizeof power);
  memcpy(&bits, &p, sizeof bits);
  bits += power << 52;
  memcpy(&p, &bits, sizeof p);
  return p;
}

/* xi without the far end of its tail, whose powers would be denormal numbers: processors take a hundred times as long
 * for them, and the tail of a front that decays over cells passes through all of them. */
PF_CELL double pf_without_tail(double xi) { return fabs(xi) > 1e-60 ? xi : 0; }

/* h(xi) */
PF_CELL double pf_metal_share(double xi) { return xi * xi * xi * (xi * (6 * xi - 15) + 10); }

/* cos(omega theta) from the gradient (x, y, z), without an angle: the real part of ((x + i y)/|.|)^omega; 0 where there
 * is no gradient. */
PF_CELL double pf_cos_of_angle(int symmetry, double x, double y, double z) {
  const double xx = x * x, yy = y * y, zz = z * z, square = xx + yy + zz, tiny = 1e-24;
  if (symmetry == 4) {
    const double per = 1 / (square * square + tiny);
    return (4 * (xx * xx + yy * yy + zz * zz) - 3 * square * square) * per;
  }
  const double per = 1 / sqrt(square + tiny);
  double re = x * per, im = y * per, out_re = 1, out_im = 0;
  for (int bit = 0; bit < 4; bit++) { /* omega <= 15, by its binary digits */
    const double use = symmetry >> bit & 1 ? 1.0 : 0.0;
    const double by_re = 1 + use * (re - 1), by_im = use * im;
    const double next = out_re * by_re - out_im * by_im, square_re = re * re - im * im;
    out_im = out_re * by_im + out_im * by_re;
    out_re = next;
    im = 2 * re * im;
    re = square_re;
  }
  return out_re;
}

/* Noise: numbers evenly between -1 and 1, drawn for a cell and an interval of time. */
#define PF_ARGS_ac_noise(IN, OUT, VAR, VAL) OUT(float, noise) VAL(uint32_t, seed) VAL(uint32_t, interval)
PF_ARGS(ac_noise);
PF_CELL void pf_cell_ac_noise(const pf_ac_noise_args *k, pf_at at) {
  const pf_uniform u = pf_random_uniform(k->seed, PF_RANDOM_NOISE, (uint32_t)at.c, k->interval);
  k->noise[at.c] = (float)(2 * u.u[0] - 1);
}

/* d xi/dt of (5), 1/s.  x, y, z: central differences of xi; lap: its Laplacian (h = 1). */
PF_CELL double pf_ac_rate(const pf_allen_cahn *law, double xi, double lap, double x, double y, double z, double s,
                          double phi, double noise) {
  const double well = 2 * xi * (1 - xi) * (1 - 2 * xi), mixed = xi * (1 - xi), share = 30 * mixed * mixed;
  const double gradient = 1 + law->anisotropy * pf_cos_of_angle(law->symmetry, x, y, z);
  const double plates = pf_vector_exp(-law->alpha * phi), strips = pf_vector_exp((1 - law->alpha) * phi);
  return law->gradient * gradient * lap - law->barrier * well - share * law->reaction * (strips - s * plates) +
         16 * mixed * mixed * law->noise * noise;
}

/* Flux of s from a cell to its neighbour, scaled to D = 1: -h_e (grad s + s grad phi), twice; shares: h of both cells. */
PF_CELL double pf_ac_flux(double shares, double s, double s_other, double drop) {
  return (2 - shares) * ((s - s_other) + 0.5 * drop * (s + s_other));
}

/* One explicit step of xi and s (_2: in a plane or a line) with the potential as it is.  reaction: d xi/dt/growth, the scaled current that makes it.
 * What would be negative of s is cut off, as the published codes do.  Sums: lithium made, cells; salt cut off, c0. */
// clang-format off
#define PF_AC_STEP(IN, OUT, VAR, VAL)                                                                           \
  IN(double, xi) IN(double, s) IN(double, phi) IN(float, noise) OUT(double, xi_new) OUT(double, s_new)               \
  OUT(double, reaction) VAL(pf_allen_cahn, law) VAL(double, dt) VAL(double, per_growth)\
 VAL(double, voltage)
#define PF_ARGS_ac_step_2(IN, OUT, VAR, VAL) PF_AC_STEP(IN, OUT, VAR, VAL)
#define PF_ARGS_ac_step_3(IN, OUT, VAR, VAL) PF_AC_STEP(IN, OUT, VAR, VAL)
// clang-format on
PF_ARGS(ac_step_2);
PF_ARGS(ac_step_3);
/* in_space: 3-D, known when it is compiled. */
PF_CELL pf_sums pf_ac_step(const pf_ac_step_2_args *k, pf_at at, int in_space) {
  const ptrdiff_t c = at.c;
  const double xi = k->xi[c], s = k->s[c], phi = k->phi[c] - k->voltage, share = pf_metal_share(xi);
  const double x_m = k->xi[c + at.xm], x_p = k->xi[c + at.xp];
  const double to_m =
      at.xm ? pf_ac_flux(share + pf_metal_share(x_m), s, k->s[c + at.xm], k->phi[c] - k->phi[c + at.xm]) : 0;
  const double to_p = at.xp ? pf_ac_flux(share + pf_metal_share(x_p), s, k->s[c + at.xp], k->phi[c] - k->phi[c + at.xp])
                            : pf_ac_flux(4 * share - 2, s, 1, phi);
  const double y_m = k->xi[c + at.ym], y_p = k->xi[c + at.yp]; /* in 1-D the cell itself: all differences are 0 */
  const double to_ym = pf_ac_flux(share + pf_metal_share(y_m), s, k->s[c + at.ym], k->phi[c] - k->phi[c + at.ym]);
  const double to_yp = pf_ac_flux(share + pf_metal_share(y_p), s, k->s[c + at.yp], k->phi[c] - k->phi[c + at.yp]);
  double out = to_m + to_p + to_ym + to_yp, lap = (x_m - xi) + (x_p - xi) + (y_m - xi) + (y_p - xi), z = 0;
  if (in_space) {
    const double z_m = k->xi[c + at.zm], z_p = k->xi[c + at.zp];
    out += pf_ac_flux(share + pf_metal_share(z_m), s, k->s[c + at.zm], k->phi[c] - k->phi[c + at.zm]);
    out += pf_ac_flux(share + pf_metal_share(z_p), s, k->s[c + at.zp], k->phi[c] - k->phi[c + at.zp]);
    lap += (z_m - xi) + (z_p - xi);
    z = 0.5 * (z_p - z_m);
  }
  const double rate =
      pf_ac_rate(&k->law, xi, lap, 0.5 * (x_p - x_m), 0.5 * (y_p - y_m), z, s, phi, (double)k->noise[c]);
  const double next = s - k->dt * (0.5 * k->law.diffusion * out + k->law.sites * rate);
  k->xi_new[c] = pf_without_tail(xi + k->dt * rate);
  k->s_new[c] = next > 0 ? next : 0;
  k->reaction[c] = rate * k->per_growth;
  const pf_sums sums = {{k->dt * rate, next > 0 ? 0 : -next, 0, 0}};
  return sums;
}

PF_CELL pf_sums pf_cell_ac_step_2(const pf_ac_step_2_args *k, pf_at at) { return pf_ac_step(k, at, 0); }
PF_CELL pf_sums pf_cell_ac_step_3(const pf_ac_step_3_args *k, pf_at at) {
  return pf_ac_step((const pf_ac_step_2_args *)(const void *)k, at, 1);
}

/* The potential's problem (arrays as cell_multigrid.h has them): conductances from xi, and b from the reaction.  The
 * ends are half a cell away. */
// clang-format off
#define PF_ARGS_ac_faces(IN, OUT, VAR, VAL)                                                          \
  IN(double, xi) IN(double, reaction) OUT(double, ax) OUT(double, ay) OUT(double, az) OUT(double, m) \
  OUT(double, b) VAL(double, metal) VAL(double, voltage)
// clang-format on
PF_ARGS(ac_faces);
PF_CELL double pf_ac_conductance(double metal, double xi) {
  const double share = pf_metal_share(xi);
  return metal * share + (1 - share);
}
PF_CELL void pf_cell_ac_faces(const pf_ac_faces_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double own = pf_ac_conductance(k->metal, k->xi[c]);
  const double start = at.xm ? 0 : 2 * own, end = at.xp ? 0 : 2 * own;
  k->ax[c] = at.xm ? 0.5 * (own + pf_ac_conductance(k->metal, k->xi[c + at.xm])) : 0;
  if (k->ay) k->ay[c] = 0.5 * (own + pf_ac_conductance(k->metal, k->xi[c + at.ym]));
  if (k->az) k->az[c] = 0.5 * (own + pf_ac_conductance(k->metal, k->xi[c + at.zm]));
  k->m[c] = start + end;
  k->b[c] = -k->reaction[c] + end * k->voltage;
}

/* The current through x = Lx and through x = 0, scaled, > 0 plates.  Launched over {1, ny, nz}. */
// clang-format off
#define PF_ARGS_ac_current(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(double, phi) VAL(double, metal) VAL(double, voltage) VAL(int, nx)
// clang-format on
PF_ARGS(ac_current);
PF_CELL pf_sums pf_cell_ac_current(const pf_ac_current_args *k, pf_at at) {
  const ptrdiff_t first = at.row * k->nx, last = first + k->nx - 1;
  const double end = 2 * pf_ac_conductance(k->metal, k->xi[last]) * (k->voltage - k->phi[last]);
  const double start = 2 * pf_ac_conductance(k->metal, k->xi[first]) * k->phi[first];
  const pf_sums sums = {{end, start, 0, 0}};
  return sums;
}

#define PF_KERNELS_ALLEN_CAHN(MAP, SWEEP, SUM, MAX) \
  MAP(ac_noise) SUM(ac_step_2) SUM(ac_step_3) MAP(ac_faces) SUM(ac_current)

#endif
