/* t340_electrons.c: the electronic potential (9): leaks of laminates, lithium that floats, films that block, shorts. */
#include <math.h>
#include <stdlib.h>

#include "measure.h"
#include "pf_constants.h"
#include "physics.h"
#include "protocol.h"

void t340_electrons(void);

/* Leak in A/m2 of the whole cross section. */
static double leak_of(const pf_physics *p) {
  return p->state->leak * p->state->scales.current / (double)pf_rows(&p->state->grid);
}

/* Layers of 40, 60 and 20 um with a film of 50 nm between two of them, lithium that hardly reacts: the leak is V over the
 * sum of thickness over conductivity, wherever the front stands between cell centres. */
static void laminate(void) {
  for (int kind = 0; kind < 3; kind++) { /* the face, an ideal face, a resolved counter electrode */
    for (int n = 0; n < 4; n++) {
      const double shift = 0.25 * n;
      pf_physics *p = pf_physics_open(
          "&grid cells = %d spacing_um = 1 / &model electrons = T / &solver potential_tolerance = 1e-9 /"
          "&lithium thickness_um = %g counter_thickness_um = %g counter_kinetics = %s /"
          "&layer thickness_um = %g ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 1e-4"
          " electronic_conductivity_S_cm = 1.16e-8 /"
          "&layer thickness_um = 60 ionic_conductivity_S_cm = 1e-5 exchange_current_mA_cm2 = 1e-4"
          " electronic_conductivity_S_cm = 3.14e-10 /"
          "&layer thickness_um = 0.05 ionic_conductivity_S_cm = 1e-6 electronic_conductivity_S_cm = 1e-12 /"
          "&layer thickness_um = 20 ionic_conductivity_S_cm = 1e-4 exchange_current_mA_cm2 = 1e-4"
          " electronic_conductivity_S_cm = 5.78e-9 /",
          kind == 2 ? 160 : 140, 20 + shift, kind == 2 ? 20. : 0., kind == 1 ? ".false." : ".true.", 40 - shift);
      if (!p) return;
      const pf_drive drive = pf_physics_voltage_source(p, n % 2 ? -200 : 200);
      if (pf_physics_start(p, &drive)) {
        const double ohms = (40 - shift) * 1e-6 / 1.16e-6 + 60e-6 / 3.14e-8 + 0.05e-6 / 1e-10 + 20e-6 / 5.78e-7;
        PF_ASSERT_NEAR(leak_of(p), (n % 2 ? -0.2 : 0.2) / ohms, 1e-6);
      }
      pf_physics_close(p);
    }
  }
}

/* Hardly any electrons in the electrolyte: voltage and currents as without them, but for the drop in the metal, whose
 * conductivity is 1e4 times that of the electrolyte. */
static void few_electrons(void) {
  static const char *const layer[] = {
      "ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 0.5",
      "ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 0.5 transference_number = 0.3"
      " salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-6"};
  static const char *const cells[] = {"120", "60, 24", "40, 20, 6"};
  for (int salty = 0; salty < 2; salty++) {
    for (int d = 0; d < 3; d++) {
      for (int kind = 0; kind < 2; kind++) {
        double v[2], front[2];
        for (int on = 0; on < 2; on++) {
          pf_physics *p = pf_physics_open(
              "&grid cells = %s spacing_um = 1 / &model electrons = %s /"
              "&lithium thickness_um = 12 counter_thickness_um = %g roughness_um = 0.5 roughness_length_um = 10 /"
              "&layer %s %s / &solver potential_tolerance = 1e-9 /",
              cells[d], on ? "T" : "F", kind ? 8. : 0., layer[salty], on ? "electronic_conductivity_S_cm = 1e-13" : "");
          if (!p) return;
          const pf_drive drive = pf_physics_current(p, d == 1 ? -2 : 2);
          if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 60)) {
            v[on] = pf_physics_voltage(p);
            front[on] = pf_physics_front(p, 0);
            if (!kind) PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10); /* else the tails meet */
            PF_ASSERT_NEAR(pf_physics_flow(p), d == 1 ? -2. : 2., 1e-12);
            if (on) PF_ASSERT_AT_MOST(fabs(leak_of(p)), 1e-6);
          }
          pf_physics_close(p);
        }
        PF_ASSERT_NEAR(v[1], v[0], 3e-4);
        PF_ASSERT_WITHIN(front[1], front[0], 1e-4);
      }
    }
  }
}

/* ---- films and layers ---- */

/* A film of 50 nm that blocks electrons on either electrode: V over all of it; on a ripple it has the ripple's area. */
static void film(void) {
  for (int kind = 0; kind < 2; kind++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = %d spacing_um = 1 / &model electrons = T / &solver potential_tolerance = 1e-9 /"
        "&lithium thickness_um = 20 counter_thickness_um = %g /"
        "&layer thickness_um = 0.05 film_resistance_ohm_cm2 = 5 electronic_conductivity_S_cm = 1e-13 /"
        "&layer ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 1e-4 electronic_conductivity_S_cm = 1e-9 /"
        "&layer thickness_um = 0.02 film_resistance_ohm_cm2 = 5 electronic_conductivity_S_cm = 1e-13 /",
        kind ? 120 : 100, kind ? 20. : 0.);
    if (!p) return;
    const pf_drive drive = pf_physics_voltage_source(p, 100);
    if (pf_physics_start(p, &drive)) PF_ASSERT_NEAR(leak_of(p), 0.1 / (80e-6 / 1e-7 + 0.07e-6 / 1e-11), 1e-6);
    pf_physics_close(p);
  }
  double leak[2];
  const double a = 3, wave = 32, pi = 3.14159265358979323846;
  for (int n = 0; n < 2; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = 160, 64 spacing_um = 0.5 / &model electrons = T /"
        "&lithium thickness_um = 20 perturbation_um = %g perturbation_wavelength_um = %g /"
        "&layer thickness_um = 0.05 film_resistance_ohm_cm2 = 5 electronic_conductivity_S_cm = 1e-16 /"
        "&layer ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 1e-4 electronic_conductivity_S_cm = 1e-8 /",
        n * a, wave);
    if (!p) return;
    const pf_drive drive = pf_physics_voltage_source(p, 100);
    leak[n] = pf_physics_start(p, &drive) ? leak_of(p) : (double)NAN;
    pf_physics_close(p);
  }
  double length = 0; /* of the cosine, of its wavelength */
  for (int q = 0; q < 1000; q++) length += 1e-3 * hypot(1, 2 * pi / wave * a * sin(2 * pi * (q + 0.5) / 1000));
  PF_ASSERT_NEAR(leak[1] / leak[0], length, 0.02);
}

/* LATP with and without a LiF layer while current flows: the terminal current is reaction and leak together, lithium grows
 * with the reaction alone. */
static void lif_on_latp(void) {
  for (int lif = 0; lif < 2; lif++) {
    for (int resolved = 0; resolved < 2; resolved++) {
      pf_physics *p = pf_physics_open(
          "&grid cells = %d spacing_um = 0.5 / &model electrons = T / &solver potential_tolerance = 1e-9 /"
          "&lithium thickness_um = 10 counter_thickness_um = %g /"
          "&layer thickness_um = 10 ionic_conductivity_S_cm = %g exchange_current_mA_cm2 = 0.11"
          " electronic_conductivity_S_cm = %g /"
          "&layer ionic_conductivity_S_cm = 4.9e-4 exchange_current_mA_cm2 = 0.046"
          " electronic_conductivity_S_cm = 1.11e-8 /",
          resolved ? 160 : 140, resolved ? 10. : 0., lif ? 8e-8 : 4.9e-4, lif ? 3.14e-10 : 1.11e-8);
      if (!p) return;
      const pf_drive drive = pf_physics_current(p, 0.1);
      if (!pf_physics_start(p, &drive)) return;
      const double ohms = 10e-6 / (lif ? 3.14e-8 : 1.11e-6) + 50e-6 / 1.11e-6;
      const double drop = (resolved ? 2 : 1) * 1 * 10e-6 / (1e4 * 0.049); /* in capped metal */
      PF_ASSERT_NEAR(leak_of(p), (1e-3 * pf_physics_voltage(p) - drop) / ohms, 2e-6);
      if (pf_physics_run(p, &drive, 1800)) {
        const double v = 1e-3 * pf_physics_voltage(p);
        PF_ASSERT_NEAR(leak_of(p), (v - drop) / ohms, 5e-3); /* the front has moved a little */
        PF_ASSERT_NEAR(pf_physics_flow(p), 0.1, 1e-12);
        PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
        pf_history_row row;
        PF_ASSERT_OK(pf_measure_row(p->state, &row));
        PF_ASSERT_NEAR(row.charge_mAh_cm2, 0.05, 1e-9);
        PF_ASSERT_NEAR(row.electronic_leak_fraction, leak_of(p), 1e-9); /* of 1 A/m2 */
        const double lost = pf_measure_charge(p->state, p->state->charge_leaked);
        PF_ASSERT_NEAR(lost, 0.05 * leak_of(p), 0.01);
        PF_ASSERT_NEAR(row.deposited_um, (row.charge_mAh_cm2 - lost) * 36000 * 1.3e-5 / PF_FARADAY * 1e6, 1e-9);
      }
      pf_physics_close(p);
    }
  }
}

/* ---- lithium that floats ---- */

/* Lithium of a slab (1-D) or a disc put into the electrolyte, by its distance to the surface. */
static void put_island(pf_physics *p, double x, double y, double radius) {
  double *xi = pf_physics_field(p, p->state->xi);
  const pf_grid *g = &p->state->grid;
  for (ptrdiff_t c = 0; xi && c < pf_cells(g); c++) {
    const double dx = (double)(c % g->nx) + 0.5 - x, dy = g->ny > 1 ? (double)(c / g->nx % g->ny) + 0.5 - y : 0;
    xi[c] += 1 / (1 + exp((hypot(dx, dy) - radius) / p->state->params.eps));
    if (xi[c] > 1) xi[c] = 1;
  }
  if (xi && pf_physics_set(p, p->state->xi, xi)) PF_ASSERT_OK(pf_state_start(p->state));
  free(xi);
}

typedef struct island {
  double net, bipolar, lithium, potential; /* sums of r and |r|/2, of xi, mean of phi_e where xi > 1/2 */
  double place;                            /* mean of x, cells, with weight xi */
} island;
static island island_of(const pf_physics *p) {
  island s = {0, 0, 0, 0, 0};
  double *xi = pf_physics_field(p, p->state->xi), *r = pf_physics_field(p, p->state->reaction);
  double *phi_e = pf_physics_field(p, p->state->phi_e), cells = 0;
  uint8_t *owner = malloc((size_t)pf_cells(&p->state->grid));
  if (owner) PF_ASSERT_OK(p->backend->download(p->backend, owner, p->state->owner, (size_t)pf_cells(&p->state->grid)));
  for (ptrdiff_t c = 0; xi && r && phi_e && owner && c < pf_cells(&p->state->grid); c++) {
    if (owner[c] != PF_DEAD) continue;
    s.net += r[c], s.bipolar += 0.5 * fabs(r[c]), s.lithium += xi[c];
    s.place += xi[c] * (double)(c % p->state->grid.nx);
    if (xi[c] > 0.5) s.potential += phi_e[c], cells++;
  }
  s.potential /= cells, s.place /= s.lithium;
  free(xi), free(r), free(phi_e), free(owner);
  return s;
}

/* A slab of dead lithium through which all of the current goes: it is stripped on one side and plated on the other, and
 * adds two interfaces to the voltage; its own potential follows from each half of the cell. */
static void slab(void) {
  const double i = 10, i0 = 10, kappa = 0.03;
  for (int kind = 0; kind < 2; kind++) {
    double v[2], middle[2];
    for (int fine = 0; fine < 2; fine++) {
      const int per_um = 1 + fine;
      pf_physics *p = pf_physics_open(
          "&grid cells = %d spacing_um = %g / &model electrons = T frame = 'grid' / &lithium thickness_um = 20"
          " counter_thickness_um = %g / &layer ionic_conductivity_S_cm = 3e-4, exchange_current_mA_cm2 = 1"
          " electronic_conductivity_S_cm = 1e-14 /",
          (kind ? 260 : 240) * per_um, 1.0 / per_um, kind ? 20. : 0.);
      if (!p) return;
      put_island(p, 110 * per_um, 0, 15 * per_um);
      const pf_drive drive = pf_physics_current(p, 0.1 * i);
      if (!pf_physics_start(p, &drive)) return;
      island s = island_of(p);
      const double before = s.lithium;
      v[fine] = 1e-3 * pf_physics_voltage(p), middle[fine] = s.potential / p->f;
      PF_ASSERT_NEAR(s.bipolar * p->state->scales.current, i, 0.01);
      PF_ASSERT_AT_MOST(fabs(s.net), 1e-9 * s.bipolar);
      if (!fine && pf_physics_run(p, &drive, 3600)) {
        s = island_of(p);
        PF_ASSERT_NEAR(s.lithium, before, 1e-10);
        PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
        PF_ASSERT_AT_MOST(fabs(s.net), 1e-6 * s.bipolar);
      }
      pf_physics_close(p);
    }
    const double both = 4 / 38.92 * asinh(0.5 * i / i0); /* two interfaces; f = 38.92/V at 298.15 K */
    PF_ASSERT_NEAR(2 * v[1] - v[0], i * (75e-6 + 115e-6) / kappa + 2 * both, 1.5e-3);
    PF_ASSERT_NEAR(2 * middle[1] - middle[0], i * 75e-6 / kappa + both, 3e-3);
  }
}

/* A disc in the middle of a symmetric cell floats at half of the voltage and passes no net current, with and without salt,
 * and keeps its lithium while it moves. */
static void disc(void) {
  static const char *const layer[] = {
      "ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 1",
      "ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 transference_number = 0.3"
      " salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-6"};
  for (int salty = 0; salty < 2; salty++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = 180, 48 spacing_um = 1 / &model electrons = T frame = 'grid' /"
        "&lithium thickness_um = 16 counter_thickness_um = 16 / &layer %s electronic_conductivity_S_cm = 1e-14 /",
        layer[salty]);
    if (!p) return;
    put_island(p, 90, 24, 9);
    const pf_drive drive = pf_physics_current(p, 1);
    if (pf_physics_start(p, &drive)) {
      island s = island_of(p);
      const double before = s.lithium;
      /* stripping has another weight than deposition: not quite half, by the difference of the two interfaces */
      PF_ASSERT_NEAR(s.potential, 0.5 * p->state->voltage, 0.01);
      PF_ASSERT_AT_LEAST(s.bipolar * p->state->scales.current / 48, 0.2);
      PF_ASSERT_AT_MOST(fabs(s.net), 1e-9 * s.bipolar);
      if (pf_physics_run(p, &drive, 300)) {
        s = island_of(p);
        PF_ASSERT_NEAR(s.lithium, before, 1e-10);
        PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
        PF_ASSERT_AT_MOST((double)p->newton / (double)p->state->step, 5);
      }
    }
    pf_physics_close(p);
  }
}

/* An island lies in the solid, whose map of materials does not move with the frame either: it ends where it does in frame
 * `grid`, in which everything stays but the fronts; and what B moves from the tail of the counter electrode's front beside
 * it to its own is not lost. */
static void island_in_the_solid(void) {
  double place[2] = {0, 0};
  for (int stack = 0; stack < 2; stack++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = 100, 24 spacing_um = 1 / &model electrons = T frame = '%s' /"
        "&lithium thickness_um = 16 counter_thickness_um = 16 /"
        "&layer ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 1 electronic_conductivity_S_cm = 1e-14 /",
        stack ? "stack" : "grid");
    if (!p) return;
    put_island(p, 72, 12, 5);
    const pf_drive drive = pf_physics_current(p, 1);
    if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 900)) {
      place[stack] = island_of(p).place;
      PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
      printf("[%.3f, Faraday %.1e] ", place[stack], p->state->faraday_error);
    }
    pf_physics_close(p);
  }
  PF_ASSERT_WITHIN(place[1], place[0], 0.2); /* the electrodes move by 1.2 cells */
}

/* Twelve islands between layers that conduct 1e-9 of what metal does: Newton's method and the linear solver do not mind. */
static void islands(void) {
  for (int n = 0; n < 2; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = 128, 64 spacing_um = 1 / &model electrons = T frame = 'grid' /"
        "&lithium thickness_um = 16 / &layer ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 1"
        " electronic_conductivity_S_cm = %g /",
        n ? 1e-8 : 1e-12);
    if (!p) return;
    for (int q = 0; q < 12; q++) put_island(p, 36 + 24 * (q / 3), 6 + 21 * (q % 3) + 4 * (q / 3 % 2), 4 + q % 3);
    const pf_drive drive = pf_physics_current(p, 2);
    if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 40)) {
      const island s = island_of(p);
      PF_ASSERT_AT_MOST(fabs(s.net), 1e-4 * s.bipolar);
      PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
      PF_ASSERT_AT_MOST((double)p->newton, 20);
      PF_ASSERT_AT_MOST((double)p->cycles / (double)p->newton, 24);
    }
    pf_physics_close(p);
  }
}

/* ---- shorts ---- */

static void shorts(void) {
  /* lithium that connects the electrodes: the voltage is that of a piece of metal; both are seen */
  for (int kind = 0; kind < 2; kind++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = 64, 32 spacing_um = 1 / &model electrons = T frame = 'grid' / &lithium thickness_um = 12"
        " counter_thickness_um = %g / &layer ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 1"
        " electronic_conductivity_S_cm = 1e-8 / &protocol mode = 'galvanostatic' current_mA_cm2 = 1 duration_h = 1"
        " end_at = 'short' /",
        kind ? 12. : 0.);
    if (!p) return;
    pf_drive drive = pf_physics_current(p, 1);
    if (!pf_physics_start(p, &drive) || !pf_physics_step(p, &drive, 5)) return;
    const double sound = pf_physics_voltage(p);
    bool touches = true;
    PF_ASSERT_OK(pf_measure_short(p->state, &touches));
    CU_ASSERT(!touches && !pf_measure_collapsed(p->state));
    double *xi = pf_physics_field(p, p->state->xi); /* a bridge of 8 um */
    for (int c = 0; xi && c < 64 * 32; c++) {
      xi[c] += 1 / (1 + exp(fabs(c / 64 + 0.5 - 16) - 4));
      if (xi[c] > 1) xi[c] = 1;
    }
    if (xi && pf_physics_set(p, p->state->xi, xi)) PF_ASSERT_OK(pf_state_start(p->state));
    free(xi);
    pf_protocol protocol;
    pf_protocol_make(&p->cfg, &p->state->scales, &p->state->grid, &protocol);
    pf_history_row row;
    if (pf_physics_step(p, &drive, 5) && pf_physics_step(p, &drive, 5)) {
      PF_ASSERT_AT_MOST(fabs(pf_physics_voltage(p)), 1e-3 * sound);
      PF_ASSERT_NEAR(pf_physics_flow(p), 1, 1e-9);
      PF_ASSERT_OK(pf_measure_short(p->state, &touches));
      CU_ASSERT(touches && pf_measure_collapsed(p->state));
      PF_ASSERT_NEAR(pf_measure_leak(p->state), 1, 1e-3);
      PF_ASSERT_OK(pf_measure_row(p->state, &row));
      PF_ASSERT_OK(pf_protocol_observe(&protocol, p->state, false, &row));
      CU_ASSERT(protocol.seen[PF_EVENT_SHORT]);
    }
    pf_physics_close(p);
  }
  /* an electrolyte that conducts electrons twice as well as ions: the voltage is that of the electrons */
  pf_physics *p = pf_physics_open(
      "&grid cells = 120 spacing_um = 1 / &model electrons = T / &lithium thickness_um = 20 /"
      "&layer ionic_conductivity_S_cm = 3e-4 exchange_current_mA_cm2 = 100 electronic_conductivity_S_cm = 6e-4 /");
  if (!p) return;
  const pf_drive drive = pf_physics_current(p, 1);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 600)) {
    PF_ASSERT_NEAR(pf_measure_leak(p->state), 2. / 3, 0.03); /* the interfaces take a little from the ions */
    CU_ASSERT(pf_measure_collapsed(p->state));
    PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
    PF_ASSERT_NEAR(leak_of(p), 1e-3 * pf_physics_voltage(p) / (100e-6 / 0.06), 3e-3); /* the front has moved */
  }
  pf_physics_close(p);
}

void t340_electrons(void) {
  pf_test_suite("electrons", (pf_test[]){{"leak of a laminate", laminate},
                                         {"few electrons change nothing", few_electrons},
                                         {"films that block", film},
                                         {"LiF on LATP", lif_on_latp},
                                         {"a slab that floats", slab},
                                         {"a disc that floats", disc},
                                         {"an island in the solid", island_in_the_solid},
                                         {"many islands", islands},
                                         {"shorts", shorts}});
}
