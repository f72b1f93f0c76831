/* t340_electrons.c: the electronic potential (9): leaks of laminates, lithium that floats, films that block, shorts. */
#include <math.h>
#include <stdlib.h>

#include "measure.h"
#include "pf_constants.h"
#include "physics.h"

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

void t340_electrons(void) {
  pf_test_suite("electrons",
                (pf_test[]){{"leak of a laminate", laminate}, {"few electrons change nothing", few_electrons}});
}
