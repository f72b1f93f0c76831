/* cell_pfhub.h: two benchmark problems of PFHub (pages.nist.gov/pfhub) over the same machinery, as explicit steps.
 *
 * Lengths and times in the benchmarks' units (1 of theirs is 1 um and 1 s here); x is the axis with ends, as everywhere. */
#ifndef PF_CELL_PFHUB_H
#define PF_CELL_PFHUB_H

#include <math.h>

#include "cell_allen_cahn.h"
#include "pf_kernel.h"

/* ---- benchmark 7: an Allen-Cahn equation with a manufactured solution ----
 *
 *   d eta/dt = -4 eta (eta - 1)(eta - 1/2) + kappa lap eta + S,   eta = 1 at x = 0, 0 at x = 1/2, y periodic, 0 <= y <= 1
 *   solution eta = [1 - tanh(z)]/2, z = (x - alpha)/sqrt(2 kappa),
 *   alpha(y, t) = 1/4 + A_1 t sin(B_1 y) + A_2 sin(B_2 y + C_2 t)
 *   S = sech^2 z/(4 sqrt kappa) [-2 sqrt kappa tanh z alpha_y^2 + sqrt 2 (alpha_t - kappa alpha_yy)]
 * x and y are the benchmark's y and x.  kappa and C_2 (`turn`) differ between its parts a, b, c. */

/* alpha, alpha_y^2 and sqrt 2 (alpha_t - kappa alpha_yy) at a time, one each row: line [3][rows].  Over {1, ny, 1}. */
// clang-format off
#define PF_ARGS_mms_line(IN, OUT, VAR, VAL) \
  OUT(double, line) VAL(pf_mms, law) VAL(double, time) VAL(double, spacing) VAL(int, rows)
// clang-format on
PF_ARGS(mms_line);
PF_CELL void pf_cell_mms_line(const pf_mms_line_args *k, pf_at at) {
  const double pi = 3.14159265358979323846, a_1 = 0.0075, b_1 = 8 * pi, a_2 = 0.03, b_2 = 22 * pi;
  const double y = (at.j + 0.5) * k->spacing, t = k->time;
  const double one = b_1 * y, two = b_2 * y + k->law.turn * t;
  const double slope = a_1 * b_1 * t * cos(one) + a_2 * b_2 * cos(two);
  const double bend = -a_1 * b_1 * b_1 * t * sin(one) - a_2 * b_2 * b_2 * sin(two);
  const double speed = a_1 * sin(one) + a_2 * k->law.turn * cos(two);
  const ptrdiff_t n = k->rows;
  k->line[at.row] = 0.25 + a_1 * t * sin(one) + a_2 * sin(two);
  k->line[n + at.row] = slope * slope;
  k->line[2 * n + at.row] = sqrt(2.0) * (speed - k->law.kappa * bend);
}

/* tanh z */
PF_CELL double pf_vector_tanh(double z) { return 1 - 2 / (1 + pf_vector_exp(2 * z)); }

// clang-format off
#define PF_ARGS_mms_step(IN, OUT, VAR, VAL)                                                        \
  IN(double, eta) IN(double, line) OUT(double, eta_new) VAL(pf_mms, law) VAL(double, dt)           \
  VAL(double, spacing) VAL(int, rows)
// clang-format on
PF_ARGS(mms_step);
PF_CELL void pf_cell_mms_step(const pf_mms_step_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double eta = k->eta[c], kappa = k->law.kappa, root = sqrt(kappa);
  const double below = at.xm ? k->eta[c + at.xm] : 2 - eta, above = at.xp ? k->eta[c + at.xp] : -eta;
  const double lap = (below + above + k->eta[c + at.ym] + k->eta[c + at.yp] - 4 * eta) / (k->spacing * k->spacing);
  const double z = ((at.i + 0.5) * k->spacing - k->line[at.row]) / (sqrt(2.0) * root), tanh_z = pf_vector_tanh(z);
  const double source = (1 - tanh_z * tanh_z) / (4 * root) *
                        (-2 * root * tanh_z * k->line[k->rows + at.row] + k->line[2 * k->rows + at.row]);
  k->eta_new[c] = eta + k->dt * (-4 * eta * (eta - 1) * (eta - 0.5) + kappa * lap + source);
}

/* Sum: square of the difference to the solution of the line's time. */
// clang-format off
#define PF_ARGS_mms_error(IN, OUT, VAR, VAL) \
  IN(double, eta) IN(double, line) VAL(pf_mms, law) VAL(double, spacing)
// clang-format on
PF_ARGS(mms_error);
PF_CELL double pf_mms_solution(const pf_mms *law, double x, double alpha) {
  return 0.5 * (1 - pf_vector_tanh((x - alpha) / sqrt(2 * law->kappa)));
}
PF_CELL pf_sums pf_cell_mms_error(const pf_mms_error_args *k, pf_at at) {
  const double d = k->eta[at.c] - pf_mms_solution(&k->law, (at.i + 0.5) * k->spacing, k->line[at.row]);
  const pf_sums sums = {{d * d, 0, 0, 0}};
  return sums;
}

/* ---- benchmark 3: growth of a dendrite into an undercooled melt (Karma and Rappel, Phys. Rev. E 57 (1998) 4323) ----
 *
 *   a^2 d phi/dt = [phi - lambda U (1 - phi^2)](1 - phi^2) + div(a^2 grad phi) + sum_i d/dx_i [|grad phi|^2 a da/d(phi_i)]
 *   dU/dt = D lap U + (1/2) d phi/dt,   a = 1 + epsilon cos 4 theta,   W_0 = tau_0 = 1, D = 10, lambda = D/0.6267
 * phi = 2 xi - 1 and U = s - 1, kept as xi and s.  No flux through any side: y is not periodic here. */
PF_CELL ptrdiff_t pf_mirror_low(ptrdiff_t step) { return step < 0 ? step : 0; }
PF_CELL ptrdiff_t pf_mirror_high(ptrdiff_t step) { return step > 0 ? step : 0; }

/* 1/|grad phi|^4, large and finite where there is no gradient; xx, yy: squares of its components. */
PF_CELL double pf_dendrite_per(double xx, double yy) { return 1 / ((xx + yy) * (xx + yy) + 1e-24); }
PF_CELL double pf_dendrite_a(double epsilon, double xx, double yy, double per) {
  return 1 - 3 * epsilon + 4 * epsilon * (xx * xx + yy * yy) * per;
}
/* The flux along a face's normal: n and t, grad phi along it and across. */
PF_CELL double pf_dendrite_flux(double epsilon, double n, double t) {
  const double nn = n * n, tt = t * t, per = pf_dendrite_per(nn, tt), a = pf_dendrite_a(epsilon, nn, tt, per);
  return a * n * (a + 16 * epsilon * tt * (nn - tt) * per);
}
/* The difference of phi = 2 xi - 1 over a face, from that of xi there and at the faces beside it: the four faces of a cell
 * then give the Laplacian of nine points, whose error h^2 lap lap/12 is the same in all directions.  Differences of
 * nearest cells alone take h^2/240 from epsilon (Karma and Rappel), a twelfth of it at h = 1, and the tip is slow. */
PF_CELL double pf_dendrite_across(double here, double one, double other) {
  return (10 * here + one + other) * (1 / 6.0);
}

// clang-format off
#define PF_ARGS_dendrite_step(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(double, s) OUT(double, xi_new) OUT(double, s_new) VAL(double, dt) VAL(double, spacing)
// clang-format on
PF_ARGS(dendrite_step);
PF_CELL void pf_cell_dendrite_step(const pf_dendrite_step_args *k, pf_at at) {
  const double epsilon = 0.05, diffusion = 10, lambda = 10 / 0.6267, per = 1 / k->spacing;
  const ptrdiff_t c = at.c, xm = at.xm, xp = at.xp, ym = pf_mirror_low(at.ym), yp = pf_mirror_high(at.yp);
  const double *p = &k->xi[c], *s = &k->s[c];
  /* differences of phi = 2 xi - 1 */
  const double west = pf_dendrite_across(p[0] - p[xm], p[yp] - p[xm + yp], p[ym] - p[xm + ym]);
  const double east = pf_dendrite_across(p[xp] - p[0], p[xp + yp] - p[yp], p[xp + ym] - p[ym]);
  const double south = pf_dendrite_across(p[0] - p[ym], p[xp] - p[xp + ym], p[xm] - p[xm + ym]);
  const double north = pf_dendrite_across(p[yp] - p[0], p[xp + yp] - p[xp], p[xm + yp] - p[xm]);
  const double along_y = p[yp] - p[ym], along_x = p[xp] - p[xm]; /* of phi, over two cells: twice that of one */
  const double f_w = pf_dendrite_flux(epsilon, west * per, 0.5 * per * (along_y + p[xm + yp] - p[xm + ym]));
  const double f_e = pf_dendrite_flux(epsilon, east * per, 0.5 * per * (along_y + p[xp + yp] - p[xp + ym]));
  const double f_s = pf_dendrite_flux(epsilon, south * per, 0.5 * per * (along_x + p[xp + ym] - p[xm + ym]));
  const double f_n = pf_dendrite_flux(epsilon, north * per, 0.5 * per * (along_x + p[xp + yp] - p[xm + yp]));
  const double xx = per * per * along_x * along_x, yy = per * per * along_y * along_y;
  const double a = pf_dendrite_a(epsilon, xx, yy, pf_dendrite_per(xx, yy));
  const double phi = 2 * p[0] - 1, u = s[0] - 1, rest = 1 - phi * phi;
  const double rate = ((phi - lambda * u * rest) * rest + per * (f_e - f_w + f_n - f_s)) / (a * a);
  const double lap = (s[xp] + s[xm] + s[yp] + s[ym] - 4 * s[0]) * per * per;
  k->xi_new[c] = pf_without_tail(p[0] + 0.5 * k->dt * rate);
  k->s_new[c] = s[0] + k->dt * (diffusion * lap + 0.5 * rate);
}

/* Sum: the free energy F of a cell over its area, a^2 |grad phi|^2/2 + f_chem, with the differences at its four faces. */
// clang-format off
#define PF_ARGS_dendrite_energy(IN, OUT, VAR, VAL) IN(double, xi) IN(double, s) VAL(double, spacing)
// clang-format on
PF_ARGS(dendrite_energy);
PF_CELL pf_sums pf_cell_dendrite_energy(const pf_dendrite_energy_args *k, pf_at at) {
  const double epsilon = 0.05, lambda = 10 / 0.6267, per = 1 / k->spacing;
  const ptrdiff_t xm = at.xm, xp = at.xp, ym = pf_mirror_low(at.ym), yp = pf_mirror_high(at.yp);
  const double *p = &k->xi[at.c], u = k->s[at.c] - 1, phi = 2 * p[0] - 1, square = phi * phi;
  const double west = 2 * per * (p[0] - p[xm]), east = 2 * per * (p[xp] - p[0]);
  const double south = 2 * per * (p[0] - p[ym]), north = 2 * per * (p[yp] - p[0]);
  const double xx = 0.5 * (west * west + east * east), yy = 0.5 * (south * south + north * north);
  const double mean_xx = 0.25 * (west + east) * (west + east), mean_yy = 0.25 * (south + north) * (south + north);
  const double a = pf_dendrite_a(epsilon, mean_xx, mean_yy, pf_dendrite_per(mean_xx, mean_yy));
  const double chemical = square * (0.25 * square - 0.5) + lambda * u * phi * (1 + square * (-2 / 3.0 + 0.2 * square));
  const pf_sums sums = {{0.5 * a * a * (xx + yy) + chemical, 0, 0, 0}};
  return sums;
}

#define PF_KERNELS_PFHUB(MAP, SWEEP, SUM, MAX) \
  MAP(mms_line) MAP(mms_step) SUM(mms_error) MAP(dendrite_step) SUM(dendrite_energy)

#endif
