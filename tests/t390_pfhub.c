/* t390_pfhub.c: the benchmarks 3 and 7 of PFHub: order of convergence against the manufactured solution, balances and
 * symmetry of the dendrite, and the grids that they are not defined on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explicit.h"
#include "measure.h"
#include "physics.h"

static const pf_drive none = {.voltage = 0};

/* L2 error of benchmark 7 at its end on n x 2 n cells. */
static double error_of(const char *problem, int n, double end, double *start) {
  double value = (double)NAN;
  const bool fast = strcmp(problem, "pfhub7a") != 0; /* the front moves by a part of its width in the longest step */
  pf_physics *p = pf_physics_open("&grid cells=%d,%d spacing_um=%.17g /\n&benchmark problem='%s' /\n%s!&protocol\n", n,
                                  2 * n, 0.5 / n, problem, fast ? "&solver time_step_max_s=0.005 /\n" : "");
  if (!p) return value;
  if (pf_physics_start(p, &none)) {
    if (start) PF_ASSERT_OK(pf_explicit_value(p->state, start));
    if (pf_physics_run(p, &none, end)) PF_ASSERT_OK(pf_explicit_value(p->state, &value));
  }
  pf_physics_close(p);
  return value;
}

/* Published codes: 7.8e-3 at 0.01, 1.5e-3 at 0.0051 (7a, t = 8). */
static void order_of_7a(void) {
  double start = 1;
  const double coarse = error_of("pfhub7a", 50, 8, &start), fine = error_of("pfhub7a", 100, 8, NULL);
  const double order = log2(error_of("pfhub7a", 100, 1, NULL) / error_of("pfhub7a", 200, 1, NULL));
  printf("[L2 at t = 8: %.3e at 0.01, %.3e at 0.005; order from 0.005 to 0.0025, t = 1: %.3f] ", coarse, fine, order);
  PF_ASSERT_AT_MOST(start, 1e-11);
  PF_ASSERT_AT_MOST(coarse, 7.8e-3);
  PF_ASSERT_AT_MOST(fine, 1.5e-3);
  PF_ASSERT_WITHIN(order, 2, 0.1);
}

/* The other two parts have their own kappa and C_2: early, when the front is still near, the errors are small. */
static void parts_b_and_c(void) {
  const double b = error_of("pfhub7b", 400, 0.1, NULL), c = error_of("pfhub7c", 400, 0.1, NULL);
  printf("[L2 at t = 0.1, h = 0.00125: b %.3e, c %.3e] ", b, c);
  PF_ASSERT_AT_MOST(b, 5e-3);
  PF_ASSERT_AT_MOST(c, 1e-2);
  CU_ASSERT(fabs(b - c) > 1e-2 * b);
}

/* Symmetric about its diagonal; the integral of U - phi/2 stays; the free energy falls; the seed is that of the benchmark. */
static void dendrite(void) {
  pf_physics *p = pf_physics_open("&grid cells=240,240 spacing_um=4 /\n&benchmark problem='pfhub3' /\n!&protocol\n");
  if (!p) return;
  pf_state *s = p->state;
  double before = 0, after = 0, heat[2] = {0, 0}, worst = 0, xi_least = 0, xi_most = 0;
  pf_history_row row = {0};
  if (pf_physics_start(p, &none)) {
    PF_ASSERT_OK(pf_explicit_value(s, &before));
    PF_ASSERT_OK(pf_measure_row(s, &row));
    const double pi = 3.14159265358979323846;
    PF_ASSERT_NEAR(row.dendrite_area_um2, pi * 16, 0.15); /* cells of half a radius */
    PF_ASSERT_NEAR(before / (960.0 * 960.0), 0.25 - 0.5 + 0.3 * 10 / 0.6267 * (8 / 15.0), 1e-3);
    for (int n = 0; n < 2; n++) {
      if (n == 1 && !(pf_physics_step(p, &none, 1e9) && pf_physics_step(p, &none, 1e9))) break;
      double *xi = pf_physics_field(p, s->xi), *u = pf_physics_field(p, s->s);
      for (ptrdiff_t c = 0; xi && u && c < 240 * 240; c++) heat[n] += u[c] - xi[c];
      for (int j = 0; xi && j < 240; j++)
        for (int i = 0; i < j; i++) worst = fmax(worst, fabs(xi[j * 240 + i] - xi[i * 240 + j]));
      free(xi), free(u);
    }
    PF_ASSERT_OK(pf_explicit_value(s, &after));
    PF_ASSERT_NEAR(heat[1], heat[0], 1e-12);
    PF_ASSERT_AT_MOST(worst, 1e-13);
    CU_ASSERT(after < before);
    pf_physics_range(p, s->xi, &xi_least, &xi_most);
    PF_ASSERT_WITHIN(xi_least, 0, 1e-3);
    CU_ASSERT(xi_most > 0.9 && xi_most < 1.1);
  }
  pf_physics_close(p);
}

/* The variational derivative against differences of the energy: d phi/dt a^2 h^2 = -dF/d phi, of one cell. */
static void energy_and_force(void) {
  pf_physics *p = pf_physics_open("&grid cells=240,240 spacing_um=4 /\n&benchmark problem='pfhub3' /\n!&protocol\n");
  if (!p) return;
  pf_state *s = p->state;
  const size_t cells = 240 * 240, bytes = cells * sizeof(double);
  double *xi = malloc(bytes), *u = malloc(bytes), *next = NULL;
  const double dt = 1e-4, h = 4;
  if (xi && u) {
    for (int j = 0; j < 240; j++) /* smooth: the two discretisations agree there */
      for (int i = 0; i < 240; i++) {
        const double d = (hypot(i - 110 + 0.3, 1.3 * (j - 120)) - 60) / 12;
        xi[j * 240 + i] = 0.5 * (1 - tanh(d));
        u[j * 240 + i] = 0.7;
      }
    if (pf_physics_set(p, s->xi, xi) && pf_physics_set(p, s->s, u)) {
      PF_ASSERT_OK(PF_MAP(s->backend, dendrite_step, &s->grid, .xi = s->xi, .s = s->s, .xi_new = s->xi_next,
                          .s_new = s->s_next, .dt = dt, .spacing = h));
      next = pf_physics_field(p, s->xi_next);
      /* the rate of the energy: -int a^2 (d phi/dt)^2 */
      double power = 0, first = 0, second = 0;
      for (int j = 1; next && j < 239; j++)
        for (int i = 1; i < 239; i++) {
          const ptrdiff_t c = j * 240 + i;
          const double rate = 2 * (next[c] - xi[c]) / dt, gx = (xi[c + 1] - xi[c - 1]) / h,
                       gy = (xi[c + 240] - xi[c - 240]) / h;
          const double g2 = gx * gx + gy * gy,
                       a = g2 > 1e-20 ? 1 - 0.15 + 0.2 * (gx * gx * gx * gx + gy * gy * gy * gy) / (g2 * g2) : 0.85;
          power += a * a * rate * rate * h * h;
        }
      PF_ASSERT_OK(pf_explicit_value(s, &first));
      if (next && pf_physics_set(p, s->xi, next)) PF_ASSERT_OK(pf_explicit_value(s, &second));
      printf("[dF/dt over -int a^2 phi_t^2: %.5f] ", (first - second) / dt / power);
      PF_ASSERT_NEAR((first - second) / dt, power, 0.01);
    }
  }
  free(xi), free(u), free(next);
  pf_physics_close(p);
}

/* What lies the same on both sides of the middle lines stays so. */
static void mirrored(void) {
  pf_physics *p = pf_physics_open("&grid cells=240,240 spacing_um=4 /\n&benchmark problem='pfhub3' /\n!&protocol\n");
  if (!p) return;
  pf_state *s = p->state;
  double *xi = malloc(240 * 240 * sizeof *xi), *next = NULL, worst = 0, moved = 0;
  for (int c = 0; xi && c < 240 * 240; c++)
    xi[c] = 0.5 * (1 - tanh((hypot(c % 240 - 119.5, 1.3 * (c / 240 - 119.5)) - 40) / 3)); /* in cells */
  if (xi && pf_physics_set(p, s->xi, xi)) {
    PF_ASSERT_OK(PF_MAP(s->backend, dendrite_step, &s->grid, .xi = s->xi, .s = s->s, .xi_new = s->xi_next,
                        .s_new = s->s_next, .dt = 0.01, .spacing = 0.5));
    next = pf_physics_field(p, s->xi_next);
    for (int j = 1; next && j < 239; j++)
      for (int i = 1; i < 239; i++) {
        const double here = next[j * 240 + i];
        worst = fmax(worst, fmax(fabs(here - next[j * 240 + 239 - i]), fabs(here - next[(239 - j) * 240 + i])));
        moved = fmax(moved, fabs(here - xi[j * 240 + i]));
      }
    PF_ASSERT_AT_MOST(worst, 1e-13);
    CU_ASSERT(moved > 1e-4);
  }
  free(xi), free(next);
  pf_physics_close(p);
}

/* A smooth state without a place where grad phi vanishes, and the equations of the benchmark as they are written there,
 * with angles: tau d phi/dt and dU/dt, the divergence by differences of 1e-3. */
static double made_phi(double x, double y) {
  return 0.9 * tanh(0.12 * x + 0.07 * y - 6 + 0.3 * sin(0.2 * y) + 0.2 * sin(0.25 * x));
}
static double made_u(double x, double y) { return -0.3 + 0.2 * sin(0.1 * x) * cos(0.13 * y); }
static double made_flux(double x, double y, int along_y) {
  const double d = 1e-3, px = (made_phi(x + d, y) - made_phi(x - d, y)) / (2 * d),
               py = (made_phi(x, y + d) - made_phi(x, y - d)) / (2 * d);
  const double angle = atan2(py, px), w = 1 + 0.05 * cos(4 * angle), turn = -0.05 * 4 * sin(4 * angle);
  /* |grad phi|^2 d(angle)/d(phi_x) = -phi_y, d(angle)/d(phi_y): phi_x */
  return along_y ? w * w * py + w * turn * px : w * w * px - w * turn * py;
}
static void made_rates(double x, double y, double *phi_rate, double *u_rate) {
  const double d = 1e-2, phi = made_phi(x, y), u = made_u(x, y), rest = 1 - phi * phi;
  const double px = made_phi(x + 1e-3, y) - made_phi(x - 1e-3, y), py = made_phi(x, y + 1e-3) - made_phi(x, y - 1e-3);
  const double w = 1 + 0.05 * cos(4 * atan2(py, px)), lambda = 10 * 1 / (0.6267 * 1 * 1);
  const double divergence =
      (made_flux(x + d, y, 0) - made_flux(x - d, y, 0) + made_flux(x, y + d, 1) - made_flux(x, y - d, 1)) / (2 * d);
  const double lap = (made_u(x + d, y) + made_u(x - d, y) + made_u(x, y + d) + made_u(x, y - d) - 4 * u) / (d * d);
  *phi_rate = ((phi - lambda * u * rest) * rest + divergence) / (w * w);
  *u_rate = 10 * lap + 0.5 * *phi_rate;
}

/* Largest differences to these of the rates of a step in cells of h. */
static void rates_at(pf_physics *p, double h, double *phi_error, double *u_error) {
  pf_state *s = p->state;
  const int n = 240;
  const double dt = 1e-6;
  double *xi = malloc((size_t)(n * n) * sizeof *xi), *u = malloc((size_t)(n * n) * sizeof *u), *xi_new = NULL,
         *u_new = NULL;
  *phi_error = *u_error = 0;
  for (int c = 0; xi && u && c < n * n; c++) {
    const double x = (c % n + 0.5) * h, y = (c / n + 0.5) * h;
    xi[c] = 0.5 * (1 + made_phi(x, y)), u[c] = 1 + made_u(x, y);
  }
  if (xi && u && pf_physics_set(p, s->xi, xi) && pf_physics_set(p, s->s, u)) {
    PF_ASSERT_OK(PF_MAP(s->backend, dendrite_step, &s->grid, .xi = s->xi, .s = s->s, .xi_new = s->xi_next,
                        .s_new = s->s_next, .dt = dt, .spacing = h));
    xi_new = pf_physics_field(p, s->xi_next), u_new = pf_physics_field(p, s->s_next);
    for (int j = 1; xi_new && u_new && j < n - 1; j++)
      for (int i = 1; i < n - 1; i++) {
        double phi_rate, u_rate;
        const int c = j * n + i;
        if (i * h > 46 || j * h > 46) continue; /* the same place for every h */
        made_rates((i + 0.5) * h, (j + 0.5) * h, &phi_rate, &u_rate);
        *phi_error = fmax(*phi_error, fabs(2 * (xi_new[c] - xi[c]) / dt - phi_rate));
        *u_error = fmax(*u_error, fabs((u_new[c] - u[c]) / dt - u_rate));
      }
  }
  free(xi), free(u), free(xi_new), free(u_new);
}

static void equations(void) {
  pf_physics *p = pf_physics_open("&grid cells=240,240 spacing_um=4 /\n&benchmark problem='pfhub3' /\n!&protocol\n");
  if (!p) return;
  double phi_coarse, u_coarse, phi_fine, u_fine;
  rates_at(p, 0.4, &phi_coarse, &u_coarse);
  rates_at(p, 0.2, &phi_fine, &u_fine);
  printf("[largest difference of d phi/dt at h = 0.4: %.2e, 0.2: %.2e; of dU/dt: %.2e, %.2e] ", phi_coarse, phi_fine,
         u_coarse, u_fine);
  PF_ASSERT_AT_MOST(phi_fine, 6e-4);
  PF_ASSERT_AT_MOST(u_fine, 3e-4);
  PF_ASSERT_WITHIN(log2(phi_coarse / phi_fine), 2, 0.1);
  pf_physics_close(p);
}

static void grids(void) {
  pf_physics_refused(
      "&grid cells=100,100 spacing_um=2 /\n&benchmark problem='pfhub3' /\n",
      "t.nml:1:7: error: &grid cells: found 100 x 100 x 1 cells of 2: this benchmark is defined on 960 x 960 in a "
      "plane, as 480 x 480 cells of 2\n");
  pf_physics_refused(
      "&grid cells=100,100,100 spacing_um=0.005 /\n&benchmark problem='pfhub7a' /\n&solver time_step_max_s=1 /\n",
      "t.nml:1:7: error: &grid cells: found 100 x 100 x 100 cells of 0.005: this benchmark is defined on 0.5 x 1 in "
      "a plane, as 100 x 200 cells of 0.005\n"
      "t.nml:3:9: error: &solver time_step_max_s: found 1 s: the explicit step of this model is stable up to "
      "0.01538 s on this grid (default: 0.9 of it)\n");
  pf_physics_refused(
      "&grid cells=960 spacing_um=1 /\n&benchmark problem='pfhub3' /\n&solver time_step_max_s=0.03 /\n",
      "t.nml:1:7: error: &grid cells: found 960 x 1 x 1 cells of 1: this benchmark is defined on 960 x 960 in a "
      "plane, as 480 x 480 cells of 2\n"
      "t.nml:3:9: error: &solver time_step_max_s: found 0.03 s: the explicit step of this model is stable up to "
      "0.02 s on this grid (default: 0.9 of it)\n");
  pf_physics_refused(
      "&grid cells=960,960 spacing_um=1 /\n&benchmark problem='pfhub4' /\n",
      "t.nml:2:20: error: &benchmark problem: found 'pfhub4': there is no such choice; allowed: 'pfhub3', 'pfhub7a', "
      "'pfhub7b', 'pfhub7c'\n");
  pf_physics_refused(
      "&grid cells=480,480 spacing_um=2 /\n&benchmark problem='pfhub3' /\n&allen_cahn noise=0.1 /\n"
      "&model interface='allen_cahn' /\n",
      "t.nml:3:13: error: &allen_cahn noise: not of this model: there is a &benchmark\n"
      "t.nml:4:8: error: &model interface: not of this model: there is a &benchmark\n");
  pf_physics_refused(
      "&grid cells=100,200 spacing_um=0.005 /\n&benchmark problem='pfhub7a' /\n&lithium thickness_um=1 /\n",
      "t.nml:3:10: error: &lithium thickness_um: not of this model: there is a &benchmark\n");
}

void t390_pfhub(void);
void t390_pfhub(void) {
  pf_test_suite("pfhub", (pf_test[]){{"7a: order of convergence, beside published codes", order_of_7a},
                                     {"7b and 7c", parts_b_and_c},
                                     {"3: seed, symmetry, heat and energy", dendrite},
                                     {"3: the energy falls as the force says", energy_and_force},
                                     {"3: mirrors", mirrored},
                                     {"3: the equations as the benchmark writes them", equations},
                                     {"grids that a benchmark is not defined on", grids}});
}
