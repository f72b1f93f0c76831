/* t380_allen_cahn.c: the literature's model (5) against what is known of it: speed and profile of a flat front, smoothing
 * of a ripple, anisotropy, the potential, balances; and what is said of inputs that it cannot have. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cell_allen_cahn.h"
#include "measure.h"
#include "pf_constants.h"
#include "physics.h"

static const double pi = 3.14159265358979323846;

static void exponential(void) {
  double worst = 0;
  for (int n = -7000; n <= 7000; n++) {
    const double x = n / 70.0 + 1e-3 * n / 7000.0;
    worst = fmax(worst, fabs(pf_vector_exp(x) / exp(x) - 1));
  }
  PF_ASSERT_AT_MOST(worst, 3e-13);
  PF_ASSERT_NEAR(pf_vector_exp(0), 1, 0);
  PF_ASSERT_NEAR(pf_vector_exp(-800), exp(-700.0), 1e-11);
  PF_ASSERT_NEAR(pf_vector_exp(800), exp(700.0), 1e-11);
}

static void angles(void) {
  double worst = 0;
  for (int fold = 0; fold <= 12; fold++)
    for (int n = 0; n < 40; n++) {
      const double t = 2 * pi * n / 40 + 0.01;
      worst = fmax(worst, fabs(pf_cos_of_angle(fold, 0.3 * cos(t), 0.3 * sin(t), 0) - cos(fold * t)));
    }
  PF_ASSERT_AT_MOST(worst, 1e-10);
  PF_ASSERT_WITHIN(pf_cos_of_angle(4, 0, 0, 1e-8), 0, 1e-6);       /* no gradient: isotropic */
  PF_ASSERT_NEAR(pf_cos_of_angle(4, 1, 1, 1), 4 / 3.0 - 3, 1e-12); /* along the diagonal of a cube */
}

/* A cell whose salt neither moves nor is used up: the published interface alone. */
#define STILL                                                                                                \
  "&conditions temperature_K=300 /\n&protocol mode='potentiostatic' voltage_mV=%g duration_h=1 /\n"          \
  "&layer thickness_um=0 ionic_conductivity_S_cm=0.0119 salt_concentration_mol_L=1 diffusivity_cm2_s=1e-14 " \
  "/\n&model interface='allen_cahn' /\n"
#define LITHIUM(more) "&lithium electronic_conductivity_S_cm=1e4 " more " /\n"

/* Speed of a flat front, um/s, of what it is for h -> 0 and weak driving: 6 l G, l = sqrt(kappa/2 W_b), from
 * v int (d xi/dx)^2 dx = G int h' d xi/dx dx.  By symmetry the next term is of third order in G. */
static double speed(double h, double anisotropy, double l_eta, double *profile) {
  double found = (double)NAN;
  pf_physics *p = pf_physics_open("&grid cells=%d spacing_um=%g /\n" LITHIUM("thickness_um=5") STILL
                                  "&allen_cahn anisotropy=%g L_eta_per_s=%g site_density_mol_L=1e-6 /\n",
                                  (int)lround(20 / h), h, 450.0, anisotropy, l_eta);
  if (!p) return found;
  const pf_drive drive = pf_physics_voltage_source(p, 450);
  const double volts = 0.45 * PF_FARADAY / (PF_GAS * 300), theory = 6 * 0.25 * l_eta * 2 * sinh(0.5 * volts);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 2 / theory)) {
    const double before = p->state->lithium_passed[0], time = p->state->time;
    if (pf_physics_run(p, &drive, 6 / theory))
      found = (p->state->lithium_passed[0] - before) * h / (p->state->time - time);
    if (profile) *profile = p->state->profile;
  }
  pf_physics_close(p);
  return found / theory;
}

static void planar(void) {
  double profile = 0;
  const double coarse = speed(0.25, 0, 1e-4, NULL), fine = speed(0.125, 0, 1e-4, &profile);
  printf("[speed over theory %.5f at h = l, %.5f at l/2; Q %.5f] ", coarse, fine, profile);
  PF_ASSERT_WITHIN((4 * fine - coarse) / 3, 1, 0.005); /* second order in h */
  PF_ASSERT_AT_LEAST(fabs(coarse - 1) / fabs(fine - 1), 3);
  PF_ASSERT_WITHIN(profile, 1, 0.01);
  /* along x the anisotropic energy is (1 + delta) kappa_0 */
  PF_ASSERT_NEAR(speed(0.125, 0.2, 1e-4, NULL) / fine, sqrt(1.2), 5e-3);
}

/* On published grids, two lengths of the tanh profile (four of the logistic one) a cell, the grid holds the front. */
static void pinned(void) {
  const double weak = speed(1, 0, 1e-4, NULL), strong = speed(1, 0, 2e-3, NULL);
  printf("[h = 2 tanh lengths: %.4f of theory at L_eta 1e-4, %.4f at 2e-3] ", weak, strong);
  PF_ASSERT_AT_MOST(fabs(weak), 0.01);
  PF_ASSERT_AT_MOST(strong, 0.6);
}

/* First Fourier mode of the front, cells. */
static double mode(const pf_physics *p) {
  const int ny = p->state->grid.ny;
  double sum = 0;
  for (int j = 0; j < ny; j++) sum += 2.0 / ny * pf_physics_front(p, j) * cos(2 * pi * (j + 0.5) / ny);
  return sum;
}

static double total(const pf_physics *p, const double *field) {
  double *values = pf_physics_field(p, field), sum = 0;
  for (ptrdiff_t c = 0; values && c < pf_cells(&p->state->grid); c++) sum += values[c];
  free(values);
  return sum;
}

/* Without a voltage: motion by curvature, d a/dt = -L_s kappa k^2 a; and c + c_s xi stays. */
static void ripple(void) {
  pf_physics *p = pf_physics_open("&grid cells=48,64 spacing_um=0.25 /\n" LITHIUM("thickness_um=6 perturbation_um=0.5")
                                      STILL "&allen_cahn anisotropy=0 site_density_mol_L=0.01 /\n",
                                  0.0);
  if (!p) return;
  const pf_drive drive = pf_physics_voltage_source(p, 0);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 0.5)) {
    const pf_state *s = p->state;
    const double first = mode(p), time = s->time, salt = total(p, s->s) + 0.01 * total(p, s->xi);
    if (pf_physics_run(p, &drive, 3)) {
      const double k = 2 * pi / 16, rate = log(first / mode(p)) / (s->time - time);
      printf("[decay %.5f of L kappa k^2] ", rate / (1.875 * k * k));
      PF_ASSERT_NEAR(rate, 1.875 * k * k, 0.02);
      PF_ASSERT_NEAR(total(p, s->s) + 0.01 * total(p, s->xi), salt, 1e-12);
      PF_ASSERT_NEAR(s->salt_cut, 0, 0);
    }
  }
  pf_physics_close(p);
}

/* The potential at rest: current times resistance is the voltage, and the same current leaves at the other end.  With the
 * reaction the two differ by what reacts: the metal's end and the electrolyte's do not carry the same current. */
static void potential(void) {
  pf_physics *p = pf_physics_open("&grid cells=40 spacing_um=0.5 /\n" LITHIUM(
      "thickness_um=6") "&conditions temperature_K=300 /\n&solver potential_tolerance=1e-12 /\n"
                        "&protocol mode='potentiostatic' voltage_mV=450 duration_h=1 /\n"
                        "&layer ionic_conductivity_S_cm=0.0119 salt_concentration_mol_L=1 "
                        "diffusivity_cm2_s=3.18e-6 /\n&model interface='allen_cahn' /\n&allen_cahn noise=0 /\n");
  if (!p) return;
  pf_state *s = p->state;
  const pf_drive drive = pf_physics_voltage_source(p, 450);
  double *xi = pf_physics_field(p, s->xi), resistance = 0, ends[PF_SUMS];
  const double metal = s->params.allen_cahn.metal;
  const pf_grid line = {1, 1, 1, s->grid.h};
  for (int i = 0; xi && i < 40; i++) {
    const double own = pf_ac_conductance(metal, xi[i]);
    resistance += i > 0 ? 2 / (own + pf_ac_conductance(metal, xi[i - 1])) : 0.5 / own;
    if (i == 39) resistance += 0.5 / own;
  }
  if (pf_physics_start(p, &drive)) {
    PF_ASSERT_NEAR(s->current * resistance, 0.45 * PF_FARADAY / (PF_GAS * 300), 1e-6);
    if (pf_physics_step(p, &drive, 1)) {
      PF_ASSERT_OK(PF_SUM(s->backend, ac_current, &line, ends, .xi = s->xi, .phi = s->phi, .metal = metal,
                          .voltage = s->voltage, .nx = 40));
      const double reacts = total(p, s->reaction);
      CU_ASSERT(reacts > 0);
      PF_ASSERT_NEAR((ends[0] - ends[1]) / reacts, 1, 1e-4);
      PF_ASSERT_NEAR(s->lithium_passed[0], total(p, s->xi) - s->lithium_start[0], 1e-9);
    }
  }
  free(xi);
  pf_physics_close(p);
}

/* What is cut off of the salt is lithium without ions: counted, and its share of the lithium said. */
static void salt_cut(void) {
  pf_physics *p = pf_physics_open("&grid cells=40 spacing_um=0.25 /\n" LITHIUM("thickness_um=5") STILL
                                  "&allen_cahn anisotropy=0 site_density_mol_L=76.4 /\n",
                                  450.0);
  if (!p) return;
  const pf_drive drive = pf_physics_voltage_source(p, 450);
  const pf_state *s = p->state;
  const double before = total(p, s->s) + 76.4 * total(p, s->xi);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 0.2)) {
    const double after = total(p, s->s) + 76.4 * total(p, s->xi), lithium = total(p, s->xi) - s->lithium_start[0];
    printf("[%.3f of the lithium without ions] ", s->salt_error);
    PF_ASSERT_NEAR(after - s->salt_cut, before, 1e-6); /* what comes from x = Lx is as little as D is */
    PF_ASSERT_NEAR(s->salt_error * 76.4 * lithium, s->salt_cut, 1e-9);
    CU_ASSERT(s->salt_error > 0.2 && s->salt_error < 1);
  }
  pf_physics_close(p);
}

/* Far from the front nothing is left of the profile whose powers would be denormal numbers. */
static void tail(void) {
  pf_physics *p = pf_physics_open("&grid cells=400 spacing_um=0.5 /\n" LITHIUM("thickness_um=5") STILL
                                  "&allen_cahn anisotropy=0 site_density_mol_L=1e-6 /\n",
                                  450.0);
  if (!p) return;
  const pf_drive drive = pf_physics_voltage_source(p, 450);
  if (pf_physics_start(p, &drive) && pf_physics_step(p, &drive, 1)) {
    double *xi = pf_physics_field(p, p->state->xi);
    int front = 0, small = 0, nothing = 0;
    for (int i = 0; xi && i < 400; i++) {
      front += xi[i] > 0.5;
      nothing += xi[i] <= 0;
      small += xi[i] > 0 && xi[i] < 1e-60;
    }
    CU_ASSERT(front >= 10 && front < 20);
    CU_ASSERT_EQUAL(small, 0);
    CU_ASSERT(nothing > 250 && nothing < 350); /* e^(-138) is 69 cells from the front */
    free(xi);
  }
  pf_physics_close(p);
}

#define GROWS_FROM(lithium)                                                                                 \
  "&conditions temperature_K=300 /\n&protocol mode='potentiostatic' voltage_mV=450 duration_h=1 /\n"        \
  "&layer ionic_conductivity_S_cm=0.0119 salt_concentration_mol_L=1 diffusivity_cm2_s=3.18e-6 /\n" LITHIUM( \
      "thickness_um=2 " lithium) "&model interface='allen_cahn' /\n"
#define GROWS GROWS_FROM("")

/* A seed in the middle grows the same on both sides, and in 3-D along y and z. */
static void symmetric(void) {
  pf_physics *p = pf_physics_open(
      "&grid cells=20,12,12 spacing_um=1 /\n" GROWS_FROM("seed_radius_um=4") "&allen_cahn anisotropy=0.05 /\n");
  if (!p) return;
  const pf_drive drive = pf_physics_voltage_source(p, 450);
  if (pf_physics_start(p, &drive) && pf_physics_step(p, &drive, 1) && pf_physics_step(p, &drive, 1)) {
    double *xi = pf_physics_field(p, p->state->xi), worst = 0;
    for (int k = 0; xi && k < 12; k++)
      for (int j = 0; j < 12; j++)
        for (int i = 0; i < 20; i++) {
          const double here = xi[(k * 12 + j) * 20 + i];
          worst = fmax(worst, fabs(here - xi[(j * 12 + k) * 20 + i]));
          worst = fmax(worst, fabs(here - xi[(k * 12 + 11 - j) * 20 + i]));
        }
    PF_ASSERT_AT_MOST(worst, 1e-8);
    CU_ASSERT(p->state->lithium_passed[0] > 0.1);
    free(xi);
  }
  pf_physics_close(p);
}

/* Numbers from -1 to 1 with the moments of even ones, new ones after a tenth of a second whatever the time step is. */
static void noise(void) {
  pf_physics *p = pf_physics_open("&grid cells=20,64 spacing_um=1 /\n" GROWS "&allen_cahn noise=0.04 /\n");
  if (!p) return;
  const pf_drive drive = pf_physics_voltage_source(p, 450);
  float *first = malloc(20 * 64 * sizeof *first), *next = malloc(20 * 64 * sizeof *next);
  double mean = 0, square = 0;
  int same = 0, other = 0;
  if (first && next && pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 0.05)) {
    const pf_state *s = p->state;
    PF_ASSERT_OK(s->backend->download(s->backend, first, s->noise, 20 * 64 * sizeof *first));
    if (pf_physics_run(p, &drive, 0.09)) {
      PF_ASSERT_OK(s->backend->download(s->backend, next, s->noise, 20 * 64 * sizeof *next));
      for (int c = 0; c < 20 * 64; c++) same += memcmp(&first[c], &next[c], sizeof *first) == 0;
    }
    if (pf_physics_run(p, &drive, 0.15)) {
      PF_ASSERT_OK(s->backend->download(s->backend, next, s->noise, 20 * 64 * sizeof *next));
      for (int c = 0; c < 20 * 64; c++) other += memcmp(&first[c], &next[c], sizeof *first) != 0;
    }
    for (int c = 0; c < 20 * 64; c++)
      mean += (double)first[c] / 1280, square += (double)first[c] * (double)first[c] / 1280;
    CU_ASSERT_EQUAL(same, 1280);
    CU_ASSERT(other > 1270);
    PF_ASSERT_WITHIN(mean, 0, 0.05);
    PF_ASSERT_NEAR(square, 1 / 3.0, 0.1);
    double *xi = pf_physics_field(p, s->xi), rough = 0; /* the front is flat but for the noise */
    for (int j = 1; xi && j < 64; j++) rough += fabs(xi[20 * j + 2] - xi[2]);
    CU_ASSERT(rough > 0);
    free(xi);
  }
  free(first), free(next);
  pf_physics_close(p);
}

static void inputs(void) {
  pf_physics_refused(
      "&grid cells=20,12 spacing_um=1 /\n" GROWS "&solver time_step_max_s=0.01 /\n",
      "&solver time_step_max_s: found 0.01 s: the explicit step of this model is stable up to 0.0004684 s");
  pf_physics_refused("&grid cells=20,12 spacing_um=1 /\n" GROWS "&hotspot radius_um=2 factor=3 /\n",
                     "&hotspot radius_um: not of this model: interface is 'allen_cahn'");
  pf_physics_refused("&grid cells=20,12 spacing_um=1 /\n" GROWS "&solver cfl=0.2 /\n",
                     "&solver cfl: not of this model: interface is 'allen_cahn'");
  pf_physics_refused("&grid cells=20,12,12 spacing_um=1 /\n" GROWS "&allen_cahn symmetry=6 /\n",
                     "&allen_cahn symmetry: found 6, in 3-D allowed: 4 (cubic)");
  pf_physics_refused("&grid cells=20,12 spacing_um=1 /\n" GROWS_FROM("seed_radius_um=4 seeds=2"),
                     "&lithium seed_radius_um: found 4 um: 2 seeds do not fit into Ly = 12 um");
  pf_physics_refused(
      "&grid cells=64 spacing_um=1 /\n&lithium thickness_um=10 /\n&allen_cahn noise=0.1 /\n"
      "&layer ionic_conductivity_S_cm=1 exchange_current_mA_cm2=1 /\n"
      "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 /\n",
      "&allen_cahn noise: not of this model: interface is 'reaction_interface'");
  pf_physics_refused(
      "&grid cells=64 spacing_um=1 /\n&lithium thickness_um=10 /\n&model interface='allen_cahn' mechanics=T /\n"
      "&layer ionic_conductivity_S_cm=1 exchange_current_mA_cm2=1 /\n"
      "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 /\n",
      "&model mechanics: not of this model: interface is 'allen_cahn'");
  pf_physics_refused(
      "&grid cells=64 spacing_um=1 /\n&lithium thickness_um=10 /\n&model interface='allen_cahn' /\n"
      "&layer ionic_conductivity_S_cm=1 /\n&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 /\n",
      "'allen_cahn' is driven by a voltage");
  pf_physics_refused(
      "&grid cells=64 spacing_um=1 /\n&lithium thickness_um=10 /\n&model interface='allen_cahn' /\n"
      "&layer ionic_conductivity_S_cm=1 /\n&protocol mode='potentiostatic' voltage_mV=1 duration_h=1 /\n",
      "&layer diffusivity_cm2_s: not given, neither in layer 'layer1' nor in its &material; needed: interface is "
      "'allen_cahn'");
}

void t380_allen_cahn(void);
void t380_allen_cahn(void) {
  pf_test_suite("allen_cahn", (pf_test[]){{"an exponential without a branch", exponential},
                                          {"cosines of an angle without the angle", angles},
                                          {"speed and profile of a flat front", planar},
                                          {"a front that the grid holds", pinned},
                                          {"a ripple is smoothed", ripple},
                                          {"potential and currents", potential},
                                          {"salt that is cut off", salt_cut},
                                          {"the tail ends before denormal numbers", tail},
                                          {"mirror, exchange of y and z", symmetric},
                                          {"noise", noise},
                                          {"inputs that are refused", inputs}});
}
