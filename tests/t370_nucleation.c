/* t370_nucleation.c: lithium that nucleates inside the electrolyte: where, when, how often, and that nothing is lost. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nucleation.h"
#include "physics.h"

/* A single-ion layer that conducts electrons well, so that a nucleus fills within the test: 1 mA/cm2, 30 um of
 * 1e-4 S/cm.  phi - phi_e grows towards the counter electrode. */
#define CELL                                                                                            \
  "&grid cells=%d,%d spacing_um=0.5 /\n&lithium thickness_um=10 /\n&model electrons=T frame='grid' /\n" \
  "&layer thickness_um=30 ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 "                      \
  "electronic_conductivity_S_cm=%g /\n"
#define LAW "&nucleation overpotential_mV=%g rate_per_um3_h=%g radius_um=2 %s /\n&run random_seed=%d /\n"

static double overpotential(const pf_physics *p, ptrdiff_t c, const double *phi, const double *phi_e) {
  return 1e3 * p->state->scales.potential * (phi[c] - phi_e[c]);
}

/* Marked cells after one call of the kernel, [cells], to be freed. */
static uint8_t *born_now(pf_physics *p, double dt, double sums[PF_SUMS]) {
  pf_state *s = p->state;
  const size_t cells = (size_t)pf_cells(&s->grid);
  uint8_t *born = malloc(cells);
  if (!born) return NULL;
  PF_ASSERT_OK(PF_SUM(s->backend, nucleate, &s->grid, sums, .xi = s->xi, .phi = s->phi, .metal = s->phi_e,
                      .material = s->material, .nucleus = s->nucleus, .born = s->born, .law = s->params.nucleation,
                      .enters = s->enters, .dt = dt, .step = (uint32_t)s->step));
  PF_ASSERT_OK(s->backend->download(s->backend, born, s->born, cells));
  return born;
}

/* With a rate beyond bounds every cell above the threshold has one and no other. */
static void threshold(void) {
  pf_physics *p = pf_physics_open(CELL LAW, 80, 8, 1e-6, 4.0, 1e12, "", 1);
  if (!p) return;
  const pf_drive drive = pf_physics_current(p, 1);
  if (pf_physics_start(p, &drive)) {
    double sums[PF_SUMS], *phi = pf_physics_field(p, p->state->phi), *phi_e = pf_physics_field(p, p->state->phi_e);
    double *xi = pf_physics_field(p, p->state->xi);
    uint8_t *born = born_now(p, 1, sums);
    int wrong = 0, count = 0;
    for (ptrdiff_t c = 0; phi && phi_e && xi && born && c < pf_cells(&p->state->grid); c++) {
      const bool may = overpotential(p, c, phi, phi_e) > 4 && xi[c] < 1e-3;
      count += may;
      wrong += born[c] != may;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(count > 50 && count < 400);
    CU_ASSERT_EQUAL((int)sums[0], count);
    free(phi), free(phi_e), free(xi), free(born);
  }
  pf_physics_close(p);
}

/* Largest phi - phi_e in the electrolyte, mV. */
static double largest(pf_physics *p) {
  double *phi = pf_physics_field(p, p->state->phi), *phi_e = pf_physics_field(p, p->state->phi_e);
  double *xi = pf_physics_field(p, p->state->xi), most = -(double)INFINITY;
  for (ptrdiff_t c = 0; phi && phi_e && xi && c < pf_cells(&p->state->grid); c++)
    if (xi[c] < 1e-3) most = fmax(most, overpotential(p, c, phi, phi_e));
  free(phi), free(phi_e), free(xi);
  return most;
}

/* An insulating layer at the working electrode takes the drop of phi_e: what remains for the other layer is less, by the ratio
 * of the layers' resistances to electrons; lithium nucleates in the one cell and not in the other. */
static void insulating_layer(void) {
  double most[2];
  for (int n = 0; n < 2; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells=100 spacing_um=0.5 /\n&lithium thickness_um=10 counter_kinetics=F /\n"
        "&model electrons=T frame='stack' /\n"
        "&layer thickness_um=10 ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 "
        "electronic_conductivity_S_cm=%g /\n"
        "&layer thickness_um=30 ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 "
        "electronic_conductivity_S_cm=1e-9 /\n" LAW,
        n ? 1e-11 : 1e-9, 15.0, 1e3, "", 3);
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, 1);
    if (pf_physics_start(p, &drive)) {
      most[n] = largest(p);
      /* phi_e falls in proportion to the resistance to electrons, phi to that to ions; seen from where xi < 1e-3 on */
      const double v = pf_physics_voltage(p), near = n ? 1e12 : 1e10, all = near + 3e10;
      double exact = -(double)INFINITY;
      for (int c = 0; c < 100; c++) {
        const double x = 0.5 * (c + 0.5) - 10, electrons = x < 10 ? near * x / 10 : near + (x - 10) * 1e9;
        if (x > 0.5 * log(999)) exact = fmax(exact, v - 40 + x - v * electrons / all);
      }
      printf("[largest overpotential %.2f, laminate %.2f mV] ", most[n], exact);
      PF_ASSERT_WITHIN(most[n], exact, 1);
      if (pf_physics_run(p, &drive, 300)) CU_ASSERT((p->state->nuclei > 0) == (n == 0));
    }
    pf_physics_close(p);
  }
}

/* Numbers of nuclei over seeds: a Poisson process has its mean for variance. */
static void poisson(void) {
  double sum = 0, square = 0, expected = 0;
  const int seeds = 400;
  pf_physics *p = pf_physics_open(CELL LAW, 80, 40, 1e-6, 4.0, 3.0, "", 1);
  if (!p) return;
  const pf_drive drive = pf_physics_current(p, 1);
  if (pf_physics_start(p, &drive))
    for (int n = 0; n < seeds; n++) {
      double sums[PF_SUMS];
      p->state->params.nucleation.seed = (uint32_t)n / 4; /* steps are as good as seeds */
      p->state->step = n % 4;
      free(born_now(p, 20, sums));
      sum += sums[0], square += sums[0] * sums[0];
      expected = sums[1] * -expm1(-3.0 * 0.25 / 3600 * 20); /* cells of 0.5 um x 0.5 um x 1 um */
    }
  const double mean = sum / seeds, variance = square / seeds - mean * mean;
  printf("[mean %.3f, expected %.3f, variance %.3f] ", mean, expected, variance);
  PF_ASSERT_WITHIN(mean, expected, 4 * sqrt(expected / seeds));
  PF_ASSERT_WITHIN(variance / mean, 1, 4 * sqrt(2.0 / seeds));
  pf_physics_close(p);
}

/* A nucleus fills: its lithium, the salt, the electrons are all accounted for; the same for one thread and three. */
static void balances(void) {
  for (int salty = 0; salty < 2; salty++) {
    double nuclei[2] = {0, 0}, made[2] = {0, 0};
    for (int n = 0; n < 2; n++) {
      pf_physics *p = pf_physics_open(
          "&grid cells=112,24 spacing_um=0.5 /\n&lithium thickness_um=8 counter_thickness_um=10 /\n"
          "&model electrons=T frame='grid' /\n"
          "&layer thickness_um=38 ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 "
          "electronic_conductivity_S_cm=3e-5 %s /\n&solver time_step_max_s=60 potential_tolerance=1e-7 /\n" LAW,
          salty ? "transference_number=0.5 salt_concentration_mol_L=1 diffusivity_cm2_s=1e-6" : "", 15.0, 1.0, "", 5);
      if (!p) return;
      if (n) {
        pf_state_destroy(p->state);
        p->state = NULL;
        pf_backend_destroy(p->backend);
        p->backend = NULL;
        PF_ASSERT_OK(pf_backend_create(pf_test_backend_name(), 3, &p->backend));
        PF_ASSERT_OK(pf_scenario_start(&p->cfg, &p->scenario, p->backend, &p->state));
      }
      const pf_drive drive = pf_physics_current(p, 2);
      if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 900)) {
        pf_state *s = p->state;
        double sums[PF_SUMS], least, most;
        PF_ASSERT_OK(
            PF_SUM(s->backend, floating, &s->grid, sums, .reaction = s->reaction, .xi = s->xi, .owner = s->owner));
        nuclei[n] = s->nuclei, made[n] = s->nucleated;
        CU_ASSERT(s->nuclei >= 1);
        PF_ASSERT_AT_LEAST(s->nucleated, 5);
        PF_ASSERT_WITHIN(sums[1], s->nucleated, 0.01 * s->nucleated); /* but for tails of the fronts */
        PF_ASSERT_AT_MOST(s->salty ? s->salt_error : 0, 1e-7);
        double all[PF_SUMS];
        PF_ASSERT_OK(PF_SUM(s->backend, lithium, &s->grid, all, .xi = s->xi, .owner = s->owner));
        const double gained = all[0] + all[1] - s->lithium_start[0] - s->lithium_start[1];
        const double passed = s->lithium_passed[0] + s->lithium_passed[1];
        PF_ASSERT_WITHIN(gained, passed, 1e-10 * s->throughput); /* lithium is made by the reaction alone */
        PF_ASSERT_WITHIN(passed, 0, 1e-7 * s->throughput);       /* and all of it together is none */
        pf_physics_range(p, s->xi, &least, &most);
        PF_ASSERT_AT_LEAST(least, -1e-3);
        PF_ASSERT_AT_MOST(most, 1.001);
        if (s->salty) {
          PF_ASSERT_OK(PF_SUM(s->backend, salt, &s->grid, sums, .xi = s->xi, .phi = s->phi, .s = s->s,
                              .material = s->material, .params = s->d_params, .voltage = s->voltage, .carry = 0));
          PF_ASSERT_NEAR(sums[0] + s->salt_out, s->salt_start, 1e-10);
        }
      }
      pf_physics_close(p);
    }
    printf("[%.0f nuclei, %.4g cells of lithium] ", nuclei[0], made[0]);
    CU_ASSERT(nuclei[0] == nuclei[1] && made[0] == made[1]);
  }
}

/* At boundaries and in pores only. */
static void places(void) {
  static const char *const where[2] = {"where='boundaries'", "where='pores'"};
  for (int n = 0; n < 2; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells=100,60 spacing_um=0.5 /\n&lithium thickness_um=10 /\n&model electrons=T frame='grid' /\n"
        "&material name='A' ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 electronic_conductivity_S_cm=1e-6 "
        "/\n"
        "&material name='B' ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 electronic_conductivity_S_cm=1e-6 "
        "/\n"
        "&layer thickness_um=40 material='A' /\n&microstructure %s /\n" LAW,
        n ? "porosity=0.3 pore_size_um=5 pore_material='B'"
          : "grain_size_um=9 boundary_width_um=1.5 boundary_material='B'",
        4.0, 1e12, where[n], 1);
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, 1);
    if (pf_physics_start(p, &drive)) {
      const size_t cells = (size_t)pf_cells(&p->state->grid);
      double sums[PF_SUMS];
      uint8_t *born = born_now(p, 1, sums), *material = malloc(cells);
      int in[2] = {0, 0}, alone = 0;
      if (born && material && p->backend->download(p->backend, material, p->state->material, cells) == PF_OK)
        for (ptrdiff_t c = 0; c < (ptrdiff_t)cells; c++) {
          if (!born[c]) continue;
          const pf_at at = pf_at_cell(&p->state->grid, c / 100, (int)(c % 100));
          const uint8_t *m = material + c;
          in[*m]++;
          alone += !*m && !m[at.xm] && !m[at.xp] && !m[at.ym] && !m[at.yp];
        }
      CU_ASSERT(in[1] > 20);
      CU_ASSERT_EQUAL(alone, 0);
      if (n) CU_ASSERT_EQUAL(in[0], 0);
      free(born), free(material);
    }
    pf_physics_close(p);
  }
}

/* Nuclei that are born beside each other and at the electrodes, in grain boundaries: what leaks to one is found in few
 * iterations, at i ~ 0, where a tangent of the reaction shows half of the way (20 for 6 steps, 86 cycles; with that tangent 23, 160). */
static void iterations(void) {
  enum { STEPS = 6 };
  pf_physics *p = pf_physics_open(
      "&grid cells=64,64 spacing_um=0.25 /\n&model electrons=T /\n&lithium thickness_um=4 counter_kinetics=F /\n"
      "&material name='A' ionic_conductivity_S_cm=5e-4 exchange_current_mA_cm2=0.05 electronic_conductivity_S_cm=1e-8 "
      "lithium_can_enter=F /\n"
      "&material name='B' ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=0.5 electronic_conductivity_S_cm=1e-7 "
      "/\n&layer thickness_um=0 material='A' /\n"
      "&microstructure grain_size_um=6 boundary_width_um=1 boundary_material='B' /\n"
      "&nucleation overpotential_mV=20 rate_per_um3_h=60 radius_um=1 /\n");
  if (!p) return;
  const pf_drive drive = pf_physics_current(p, 0.5);
  bool good = pf_physics_start(p, &drive);
  p->newton = p->cycles = 0;
  for (int n = 0; n < STEPS && good; n++) good = pf_physics_step(p, &drive, 1e9);
  printf("[%.0f nuclei, %ld iterations, %ld cycles] ", p->state->nuclei, p->newton, p->cycles);
  PF_ASSERT_AT_LEAST(p->state->nuclei, 6);
  PF_ASSERT_AT_MOST((double)p->newton, 22);
  PF_ASSERT_AT_MOST((double)p->cycles, 100);
  pf_physics_close(p);
}

static void bad_inputs(void) {
#define PLAIN                                                                                           \
  "&grid cells=80 spacing_um=1 /\n&lithium thickness_um=20 /\n"                                         \
  "&layer ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 electronic_conductivity_S_cm=1e-9 /\n" \
  "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 /\n"
  pf_physics_refused(PLAIN "&nucleation overpotential_mV=10 rate_per_um3_h=1 radius_um=5 /\n",
                     "t.nml:5:1: error: &nucleation: needs electrons = .true. in &model");
  pf_physics_refused(
      PLAIN "&model electrons=T / &nucleation overpotential_mV=10 rate_per_um3_h=1 radius_um=5 where='pores' /\n",
      "&nucleation where: found 'pores', needed for it: porosity in &microstructure");
  pf_physics_refused(PLAIN "&model electrons=T / &nucleation overpotential_mV=0 rate_per_um3_h=1 radius_um=5 /\n",
                     "&nucleation overpotential_mV: found '0': this is out of range");
  pf_physics_refused(PLAIN "&model electrons=T / &nucleation overpotential_mV=10 radius_um=1 /\n",
                     "t.nml:5:54: warning: &nucleation radius_um: 1 um is less than the interface width W = 4 um");
  pf_physics_refused(PLAIN "&model electrons=T / &nucleation overpotential_mV=10 radius_um=1 /\n",
                     "&nucleation rate_per_um3_h: not given, needed");
}

void t370_nucleation(void);
void t370_nucleation(void) {
  pf_test_suite("nucleation", (pf_test[]){{"the threshold is exact", threshold},
                                          {"an insulating layer holds it off", insulating_layer},
                                          {"numbers as a Poisson process", poisson},
                                          {"lithium, salt and charge are kept", balances},
                                          {"at boundaries, in pores", places},
                                          {"few iterations", iterations},
                                          {"bad inputs", bad_inputs}});
}
