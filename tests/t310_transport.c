/* t310_transport.c: charge, salt and lithium against exact answers, in 1-D cells made from inputs, and their balances in
 * rough 2-D cells.  Interfaces are diffuse: what that costs falls with h (W is 4 cells), so a case that is sensitive to
 * it is computed at h and h/2 and extrapolated, and the result at h is held to its own bound. */
#include <math.h>
#include <stdlib.h>

#include "pf_constants.h"
#include "physics.h"
#include "transport.h"

void t310_transport(void);

/* Sums over a host field: lithium of the working electrode (left of the middle of the cell, where tails have vanished)
 * and of the counter electrode, in cells; (1-xi) s. */
typedef struct balance {
  double lithium[2], salt;
} balance;
static balance balance_of(const pf_physics *p) {
  balance b = {{0, 0}, 0};
  double *xi = pf_physics_field(p, p->state->xi), *s = pf_physics_field(p, p->state->s);
  const int nx = p->state->grid.nx;
  for (ptrdiff_t c = 0; xi && s && c < pf_cells(&p->state->grid); c++) {
    b.lithium[c % nx >= nx / 2] += xi[c];
    b.salt += (1 - xi[c]) * s[c];
  }
  free(xi), free(s);
  return b;
}

static double volt(const pf_physics *p) { return 1e-3 * pf_physics_voltage(p); }

/* (2RT/F) asinh(i/2 i0): overpotential at a = 1/2, V. */
static double tafel(const pf_physics *p, double i, double i0) { return 2 / p->f * asinh(0.5 * i / i0); }

/* ---- planar cells of single-ion conductors ---- */

static void planar(void) {
  static const char *const counters[] = {"counter_kinetics = .true.", "counter_kinetics = .false.",
                                         "counter_thickness_um = 20"};
  const double kappa = 0.03, i0 = 10, gap = 280e-6;
  for (int kind = 0; kind < 3; kind++) {
    for (int n = 0; n < 6; n++) {
      const double i = (n % 2 ? -1 : 1) * pow(10, n / 2); /* 1, 10, 100 A/m2, plating and stripping */
      pf_physics *p = pf_physics_open(
          "&grid cells = %d spacing_um = 1 / &lithium thickness_um = 20, %s /"
          "&layer ionic_conductivity_S_cm = 3e-4, exchange_current_mA_cm2 = 1 /",
          kind == 2 ? 320 : 300, counters[kind]);
      if (!p) return;
      const pf_drive drive = pf_physics_current(p, 0.1 * i);
      if (pf_physics_start(p, &drive)) {
        const double exact = i * gap / kappa + (kind == 1 ? 1 : 2) * tafel(p, i, i0);
        PF_ASSERT_NEAR(volt(p), exact, 1e-3);
        PF_ASSERT_NEAR(pf_physics_flow(p), 0.1 * i, 1e-12);
      }
      pf_physics_close(p);
    }
  }
}

static void laminate(void) {
  /* film | three layers, a film between two of them | film: resistances of 0.07 um films are given or follow from their
   * conductivity */
  for (int kind = 0; kind < 2; kind++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = %d spacing_um = 1 / &lithium thickness_um = 20.3 counter_thickness_um = %g /"
        "&layer thickness_um = 0.07 ionic_conductivity_S_cm = 1e-7 exchange_current_mA_cm2 = 0.5 /"
        "&layer thickness_um = 99.7 ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 100 /"
        "&layer thickness_um = 80 ionic_conductivity_S_cm = 2e-5 exchange_current_mA_cm2 = 100 /"
        "&layer thickness_um = 0.07 film_resistance_ohm_cm2 = 40 /"
        "&layer thickness_um = 100 ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 2 /"
        "&layer thickness_um = 0.07 film_resistance_ohm_cm2 = 25 /",
        kind ? 320 : 300, kind ? 20. : 0.);
    if (!p) return;
    for (int n = 0; n < 4; n++) {
      const double i = (n % 2 ? -1 : 1) * (n < 2 ? 1 : 30);
      const pf_drive drive = pf_physics_current(p, 0.1 * i);
      if (!pf_physics_start(p, &drive)) break;
      const double ohms = 99.7e-6 / 0.03 + 80e-6 / 2e-3 + 100e-6 / 0.1 + 0.07e-6 / 1e-5 + 40e-4 + 25e-4;
      PF_ASSERT_NEAR(volt(p), i * ohms + tafel(p, i, 5) + tafel(p, i, 20), 1e-3);
    }
    pf_physics_close(p);
  }
}

/* The ohmic offset of a diffuse front is a length that shrinks with h. */
static void planar_order(void) {
  double error[3];
  for (int n = 0; n < 3; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = %d spacing_um = %g / &lithium thickness_um = 20 /"
        "&layer ionic_conductivity_S_cm = 3e-4, exchange_current_mA_cm2 = 1 /",
        100 << n, 1.0 / (1 << n));
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, 1);
    if (!pf_physics_start(p, &drive)) return;
    error[n] = volt(p) / (10 * 80e-6 / 0.03 + 2 * tafel(p, 10, 10)) - 1;
    pf_physics_close(p);
  }
  PF_ASSERT_WITHIN(log2(error[0] / error[1]), 1, 0.1);
  PF_ASSERT_WITHIN(2 * error[2] - error[1], 0, 2e-5);
}

/* ---- films ---- */

static void film(void) {
  double v[2][2];
  for (int fine = 0; fine < 2; fine++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = %d spacing_um = %g / &lithium thickness_um = 0.06 /"
        "&layer thickness_um = 0.07 ionic_conductivity_S_cm = 1e-8 exchange_current_mA_cm2 = 0.5 /"
        "&layer thickness_um = 1 ionic_conductivity_S_cm = 1e-5 exchange_current_mA_cm2 = 0.5 /",
        fine ? 2260 : 106, fine ? 5e-4 : 1e-2);
    if (!p) return;
    CU_ASSERT_EQUAL(p->cfg.layer[0].film, !fine);
    for (int n = 0; n < 2; n++) {
      const pf_drive drive = pf_physics_current(p, n ? -1 : 1);
      if (pf_physics_start(p, &drive)) v[fine][n] = volt(p);
    }
    const double i = 10;
    PF_ASSERT_NEAR(v[fine][0], i * (7e-8 / 1e-6 + 1e-6 / 1e-3) + 2 * tafel(p, i, 5), 0.01);
    pf_physics_close(p);
  }
  for (int n = 0; n < 2; n++) PF_ASSERT_NEAR(v[0][n], v[1][n], 0.01);
}

/* ---- pinning ---- */

static void pinning(void) {
  for (int n = 0; n < 3; n++) {
    const double i = pow(10, n);                       /* A/m2 */
    for (int metallic = 0; metallic < 2; metallic++) { /* 1: no ohmic drop */
      pf_physics *p = pf_physics_open(
          "&grid cells = 100 spacing_um = 1 / &model frame = 'grid' / &lithium thickness_um = 30 /"
          "&layer ionic_conductivity_S_cm = %g, exchange_current_mA_cm2 = 1 / &solver time_step_max_s = 1e6 /",
          metallic ? 10.0 : 3e-4);
      if (!p) return;
      const double kappa = metallic ? 1000 : 0.03;
      pf_drive drive = pf_physics_current(p, 0.1 * i);
      bool good = pf_physics_start(p, &drive);
      const double v = volt(p);
      drive = pf_physics_voltage_source(p, 1e3 * v);
      double least = 1e300, most = 0, front = pf_physics_front(p, 0);
      const double end = front + 10;
      while (good && front < end) {
        good = pf_physics_step(p, &drive, 1e9);
        /* the exact current with the front where it was in that step */
        double low = 0, high = 10 * i;
        for (int q = 0; q < 60; q++) {
          const double guess = 0.5 * (low + high);
          if (guess * (100 - front) * 1e-6 / kappa + 2 * tafel(p, guess, 10) < v) {
            low = guess;
          } else {
            high = guess;
          }
        }
        const double ratio = 10 * pf_physics_flow(p) / low;
        least = fmin(least, ratio), most = fmax(most, ratio);
        front = pf_physics_front(p, 0);
      }
      PF_ASSERT_AT_MOST(most / least - 1, 1e-3);
      PF_ASSERT_AT_LEAST((double)p->state->step, 90);
      pf_physics_close(p);
    }
  }
}

/* ---- salt at rest with its current: frame `stack` holds the front, so the steady state is one ---- */

static const double D = 1e-10, c0 = 1000, t_plus = 0.3, kappa_0 = 0.1;

/* V of a symmetric cell with salt, s = i/i_lim. */
static double steady_voltage(const pf_physics *p, double i, double i0, double gap) {
  const double s = i / (2 * PF_FARADAY * D * c0 / ((1 - t_plus) * gap));
  return (i * gap / (2 * s * kappa_0) + 2 / p->f * (1 - t_plus)) * log((1 + s) / (1 - s)) +
         2 / p->f * (asinh(0.5 * i / (i0 * sqrt(1 - s))) + asinh(0.5 * i / (i0 * sqrt(1 + s))));
}

#define SALT_LAYER                                                                                                     \
  "ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 transference_number = 0.3 salt_concentration_mol_L = 1 " \
  "diffusivity_cm2_s = 1e-6 "

static void steady(void) {
  const double gap = 200e-6, limit = 2 * PF_FARADAY * D * c0 / ((1 - t_plus) * gap);
  static const double parts[] = {0.3, 0.6, 0.9, -0.6};
  for (int n = 0; n < 4; n++) {
    for (int kind = 0; kind < 2; kind++) {
      const double i = parts[n] * limit;
      double v[2], exact = 0;
      for (int fine = 0; fine < 2; fine++) {
        const int per_um = 2 + 2 * fine;
        pf_physics *p = pf_physics_open(
            "&grid cells = %d spacing_um = %g / &model frame = 'stack' /"
            "&lithium thickness_um = 20 counter_thickness_um = %g surface_energy_J_m2 = 0 /"
            "&layer " SALT_LAYER "/ &solver time_step_max_s = 100 cfl = 1 /",
            (kind ? 240 : 220) * per_um, 1.0 / per_um, kind ? 20. : 0.);
        if (!p) return;
        const pf_drive drive = pf_physics_current(p, 0.1 * i);
        if (!pf_physics_start(p, &drive) || !pf_physics_run(p, &drive, 1200)) return;
        v[fine] = volt(p);
        exact = copysign(steady_voltage(p, fabs(i), 10, gap), i);
        PF_ASSERT_NEAR(balance_of(p).lithium[0], 20 * per_um, 1e-9);
        PF_ASSERT_WITHIN(pf_physics_front(p, 0), 20 * per_um, 0.05);
        pf_physics_close(p);
      }
      PF_ASSERT_NEAR(2 * v[1] - v[0], exact, 1e-3);
    }
  }
}

static void limiting(void) {
  const double gap = 400e-6, limit = 2 * PF_FARADAY * D * c0 / ((1 - t_plus) * gap);
  pf_physics *p = pf_physics_open(
      "&grid cells = 420 spacing_um = 1 / &model frame = 'stack' / &lithium thickness_um = 20 /"
      "&layer " SALT_LAYER "/ &solver time_step_max_s = 100 cfl = 1 /");
  if (!p) return;
  const pf_drive drive = pf_physics_voltage_source(p, 1500);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 5000)) {
    const double l = 1e-6, flow = 10 * pf_physics_flow(p);
    PF_ASSERT_NEAR(flow, limit, 0.01);
    PF_ASSERT_NEAR(flow, limit * (1 - 2 * l / gap), 0.003);
    double *s = pf_physics_field(p, p->state->s), worst = 0;
    for (int i = 26; s && i < 420; i++) worst = fmax(worst, fabs(s[i] - 2 * (i + 0.5 - 20) / 400));
    PF_ASSERT_AT_MOST(worst, 0.01);
    free(s);
  }
  pf_physics_close(p);
}

/* A single-ion path beside the salt: with A = F D c0/((1-t+) kappa_0) + 2 (RT/F)(1-t+), steady without flow of anions:
 *   phi' = A c'/c,  F D (c - c_1)/(1-t+) + kappa_c A ln(c/c_1) = i x,  mean of c = c0. */
static void hybrid(void) {
  const double kappa_c = 0.05, gap = 200e-6, limit = 2 * PF_FARADAY * D * c0 / ((1 - t_plus) * gap);
  static const double parts[] = {0.5, 1.5};
  for (int n = 0; n < 2; n++) {
    const double i = parts[n] * limit, w = kappa_c / (kappa_0 + kappa_c);
    double v[2], exact = 0;
    for (int fine = 0; fine < 2; fine++) {
      const int per_um = 1 + fine;
      pf_physics *p = pf_physics_open(
          "&grid cells = %d spacing_um = %g / &model frame = 'stack' / &lithium thickness_um = 20 /"
          "&layer " SALT_LAYER "single_ion_conductivity_S_cm = 5e-4 / &solver time_step_max_s = 100 cfl = 1 /",
          220 * per_um, 1.0 / per_um);
      if (!p) return;
      const pf_drive drive = pf_physics_current(p, 0.1 * i);
      if (!pf_physics_start(p, &drive) || !pf_physics_run(p, &drive, 1200)) return;
      v[fine] = volt(p);
      const double vt = 1 / p->f, A = PF_FARADAY * D * c0 / ((1 - t_plus) * kappa_0) + 2 * vt * (1 - t_plus);
      const double B = PF_FARADAY * D * c0 / (1 - t_plus), C = kappa_c * A; /* B (s-s1) + C ln(s/s1) = i x */
      double low = 1e-12, high = 1, s_1 = 0, s_2 = 0;
      for (int q = 0; q < 200; q++) {
        s_1 = sqrt(low * high);
        double a = s_1, b = 10;
        for (int m = 0; m < 100; m++) {
          s_2 = 0.5 * (a + b);
          if (B * (s_2 - s_1) + C * log(s_2 / s_1) < i * gap) {
            a = s_2;
          } else {
            b = s_2;
          }
        }
        /* the integral of s dx with i dx = (B + C/s) ds */
        const double mean = (0.5 * B * (s_2 * s_2 - s_1 * s_1) + C * (s_2 - s_1)) / (i * gap);
        if (mean < 1) {
          low = s_1;
        } else {
          high = s_1;
        }
      }
      exact = A * log(s_2 / s_1) + tafel(p, i, 10 * ((1 - w) * sqrt(s_1) + w)) +
              tafel(p, i, 10 * ((1 - w) * sqrt(s_2) + w));
      double least, most;
      pf_physics_range(p, p->state->s, &least, &most);
      PF_ASSERT_WITHIN(most, s_2, 0.01);
      pf_physics_close(p);
    }
    PF_ASSERT_NEAR(2 * v[1] - v[0], exact, 1e-3);
  }
}

/* Two salts and a ceramic between them: s = c/c0 is continuous between salts, their slopes are as 1/(D c0); nothing of
 * the anions passes the ceramic. */
static void layers(void) {
  pf_physics *p = pf_physics_open(
      "&grid cells = 420 spacing_um = 1 / &model frame = 'stack' / &lithium thickness_um = 20 /"
      "&layer thickness_um = 100 " SALT_LAYER
      "/"
      "&layer thickness_um = 100 ionic_conductivity_S_cm = 2e-3 transference_number = 0.3 "
      "salt_concentration_mol_L = 0.5 diffusivity_cm2_s = 4e-6 exchange_current_mA_cm2 = 1 /"
      "&layer thickness_um = 100 ionic_conductivity_S_cm = 1e-4 exchange_current_mA_cm2 = 1 /"
      "&layer thickness_um = 0.07 film_resistance_ohm_cm2 = 30 /"
      "&layer thickness_um = 100 " SALT_LAYER "/ &solver time_step_max_s = 100 cfl = 1 potential_tolerance = 1e-9 /");
  if (!p) return;
  const double i = 60;
  const pf_drive drive = pf_physics_current(p, 0.1 * i);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 3000)) {
    double *s = pf_physics_field(p, p->state->s), *phi = pf_physics_field(p, p->state->phi);
    if (s && phi) {
      const double slope = (1 - t_plus) * i / (PF_FARADAY * D * c0) * 1e-6;
      double total[2] = {0, 0};
      PF_ASSERT_NEAR(s[100] - s[50], 50 * slope, 2e-6);
      PF_ASSERT_NEAR(s[180] - s[130], 25 * slope, 2e-6);
      PF_ASSERT_NEAR(s[120] - s[119], 0.75 * slope, 2e-6);
      PF_ASSERT_NEAR(s[400] - s[350], 50 * slope, 2e-6);
      for (int c = 220; c < 320; c++) PF_ASSERT_WITHIN(s[c], 1, 0);
      for (int c = 320; c < 420; c++) total[1] += s[c];
      PF_ASSERT_NEAR(total[1] / 100, 1, 1e-6);
      PF_ASSERT_NEAR(phi[300] - phi[240], i * 60e-6 / 0.01 * p->f, 2e-6);
      PF_ASSERT_NEAR(phi[320] - phi[319], i * (0.5e-6 / 0.01 + 30e-4 + 0.5e-6 / (0.1 * s[320])) * p->f, 1e-3);
    }
    free(s), free(phi);
  }
  pf_physics_close(p);
}

/* ---- Sand's time ---- */

/* The gap is 6 sqrt(D tau): at 4 the salt of the counter electrode delays depletion by 0.6 %. */
static void sand(void) {
  const double reach = 200e-6, tau = reach * reach / D, pi = 3.14159265358979323846; /* sqrt(D tau) */
  const double i = PF_FARADAY * c0 / (2 * (1 - t_plus)) * sqrt(pi * D / tau);
  for (int fine = 0; fine < (pf_test_long() ? 2 : 1); fine++) {
    const double l = fine ? 0.5e-6 : 1e-6; /* h and W/4 */
    pf_physics *p = pf_physics_open(
        "&grid cells = %d spacing_um = %g / &lithium thickness_um = 20 /"
        "&layer " SALT_LAYER "/ &solver time_step_max_s = %g /",
        1220 << fine, l * 1e6, tau / 800);
    if (!p) return;
    pf_drive drive = pf_physics_current(p, 0.1 * i);
    drive.voltage_limit = 3 / p->state->scales.potential;
    double worst = 0, limited = 0;
    bool good = pf_physics_start(p, &drive);
    while (good && !(limited > 0) && p->state->time < 1.1 * tau) {
      good = pf_physics_step(p, &drive, 1e9);
      const double t = p->state->time / tau;
      if (p->last.limited) limited = t;
      double *s = pf_physics_field(p, p->state->s);
      const double front = pf_physics_front(p, 0);
      if (!s) break;
      /* parabola through three points of the electrolyte, read at the front */
      const int b = (int)(front + 8);
      const double u = -(b + 0.5 - front) / 4, d = s[b + 4] - s[b], dd = 0.5 * (s[b + 8] - 2 * s[b + 4] + s[b]);
      const double surface = s[b] + d * u + dd * u * (u - 1);
      if (t >= 0.02 && t <= 0.9) worst = fmax(worst, fabs(surface - (1 - sqrt(t))));
      free(s);
    }
    const double expected = 1 - 1.77 * l / reach;
    PF_ASSERT_AT_MOST(worst, 0.005);
    PF_ASSERT_NEAR(limited, expected, 0.005);
    pf_physics_close(p);
  }
}

/* ---- balances in rough 2-D cells ---- */

static void balances(void) {
  static const char *const frames[] = {"grid", "stack"};
  for (int frame = 0; frame < 2; frame++) {
    for (int salty = 0; salty < 2; salty++) {
      for (int kind = 0; kind < 4; kind++) {
        const bool resolved = kind % 2, closed = kind > 1; /* closed: no lithium enters, the electrode retreats */
        pf_physics *p = pf_physics_open(
            "&grid cells = 118, 32, spacing_um = 1 / &model frame = '%s' /"
            "&lithium thickness_um = 30 counter_thickness_um = %g roughness_um = 2 roughness_length_um = 16 /"
            "&layer %s lithium_can_enter = %s / &solver time_step_max_s = 5 potential_tolerance = 1e-8 /",
            frames[frame], resolved ? 24. : 0.,
            salty ? SALT_LAYER : "ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1",
            closed ? ".false." : ".true.");
        if (!p) return;
        const double factor = p->cfg.lithium.molar_volume_cm3_mol * 1e-6 / PF_FARADAY / 1e-6 * 32; /* cells/(C/m2) */
        const balance start = balance_of(p);
        double charge = 0, worst[3] = {0, 0, 0}, put_back = 0, until = 0;
        bool good = true;
        for (int half = 0; half < 2 && good; half++) {
          const double i = half ? -30 : 30;
          const pf_drive drive = pf_physics_current(p, 0.1 * i);
          until += 300;
          if (!half) good = pf_physics_start(p, &drive);
          while (good && p->state->time < until * (1 - 1e-12)) {
            const double before = p->state->time;
            good = pf_physics_step(p, &drive, until - before);
            charge += i * (p->state->time - before);
            put_back = fmax(put_back, p->state->salt_error);
            const balance now = balance_of(p);
            const double *retreat = p->state->lithium_retreat, passed = factor * charge, size = factor * 30 * 300;
            const double w = now.lithium[0] - start.lithium[0] + retreat[0],
                         c = now.lithium[1] - start.lithium[1] + retreat[1];
            worst[0] = fmax(worst[0], fabs(w - passed) / size);
            if (resolved) worst[1] = fmax(worst[1], fabs(w + c) / size);
            const double out = p->state->salt_out / p->state->params.material[0].capacity;
            worst[2] = fmax(worst[2], fabs(now.salt + out - start.salt) / start.salt);
          }
        }
        if (closed) {
          PF_ASSERT_NEAR(balance_of(p).lithium[0], start.lithium[0], 1e-12);
          CU_ASSERT(p->state->throughput > 1);
        }
        PF_ASSERT_AT_MOST(worst[0], 1e-10);
        PF_ASSERT_AT_MOST(worst[1], 1e-10);
        PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
        if (salty) {
          PF_ASSERT_AT_MOST(worst[2], 1e-10);
          PF_ASSERT_AT_MOST(put_back, 1e-8);
        }
        pf_physics_close(p);
      }
    }
  }
}

/* Uniform salt without current stays uniform. */
static void at_rest(void) {
  pf_physics *p = pf_physics_open(
      "&grid cells = 64, 32, spacing_um = 1 /"
      "&lithium thickness_um = 24 counter_thickness_um = 12 roughness_um = 2 roughness_length_um = 16 "
      "surface_energy_J_m2 = 0 / &layer " SALT_LAYER "/");
  if (!p) return;
  const pf_drive drive = pf_physics_current(p, 0);
  const balance start = balance_of(p);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 600)) {
    double least, most;
    pf_physics_range(p, p->state->s, &least, &most);
    PF_ASSERT_WITHIN(least, 1, 1e-10);
    PF_ASSERT_WITHIN(most, 1, 1e-10);
    PF_ASSERT_NEAR(balance_of(p).lithium[0], start.lithium[0], 1e-12);
  }
  pf_physics_close(p);
}

/* A potential that is not a number is no solution, also where no current is asked for that it would miss. */
static void not_finite(void) {
  pf_physics *p =
      pf_physics_open("&grid cells = 40, spacing_um = 1 /\n&lithium thickness_um = 16 /\n&layer " SALT_LAYER "/");
  if (!p) return;
  const pf_drive drive = pf_physics_voltage_source(p, 100);
  pf_transport_report report = {.converged = true};
  double bad[40];
  for (int i = 0; i < 40; i++) bad[i] = (double)NAN;
  if (pf_physics_start(p, &drive) && pf_physics_set(p, p->state->phi, bad)) {
    PF_ASSERT_OK(pf_transport_step(p->state, 1, &drive, &report));
    CU_ASSERT_FALSE(report.converged);
  }
  pf_physics_close(p);
}

void t310_transport(void) {
  pf_test_suite("t310 transport", (pf_test[]){
                                      {"a planar cell polarises as i L/kappa and both electrodes' kinetics", planar},
                                      {"a laminate with films adds up", laminate},
                                      {"the offset of a diffuse front shrinks with h", planar_order},
                                      {"a film is the layer that it stands for", film},
                                      {"the current does not feel the grid", pinning},
                                      {"steady salt: voltage", steady},
                                      {"limiting current", limiting},
                                      {"steady salt beside a single-ion path", hybrid},
                                      {"steady salt in layers", layers},
                                      {"Sand's time", sand},
                                      {"lithium and salt balance", balances},
                                      {"a cell at rest stays as it is", at_rest},
                                      {"a potential that is not finite is no solution", not_finite},
                                  });
}
