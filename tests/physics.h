/* physics.h: cells for the tests of the physics, made as a user makes them: from the text of an input.
 *
 *   pf_physics *p = pf_physics_open("&grid cells = 100, spacing_um = 1 /"
 *                                   "&lithium thickness_um = 30 /"
 *                                   "&layer ionic_conductivity_S_cm = 3e-4, exchange_current_mA_cm2 = %g /", i0);
 *   if (!p) return;
 *   const pf_drive drive = pf_physics_current(p, 1);
 *   if (pf_physics_start(p, &drive)) PF_ASSERT_NEAR(pf_physics_voltage(p), 61.2, 1e-3);
 *   pf_physics_close(p);
 *
 * What fails is asserted here; a test only leaves. */
#ifndef PF_PHYSICS_H
#define PF_PHYSICS_H

#include "config.h"
#include "measure.h"
#include "scenario.h"
#include "step.h"
#include "test.h"

typedef struct pf_physics {
  pf_config cfg;
  pf_scenario scenario;
  pf_backend *backend; /* of the command line */
  pf_state *state;
  pf_step_control control; /* cfl, longest and shortest step of the input */
  pf_step_report last;     /* of the last step */
  double f;                /* F/(R T), 1/V */
  long newton, cycles;     /* sums over all steps */
} pf_physics;

/* The cell of an input at t = 0 (printf style; the commas of a group may be left out, its groups stand on one line or
 * on many).  Where there is no &protocol one is put in its place: it only has to be there.  NULL: failed. */
pf_physics *pf_physics_open(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same of a text on another backend than that of the command line. */
pf_physics *pf_physics_open_on(const char *backend, int threads, const char *text);
void pf_physics_close(pf_physics *p);

/* A current source of mA/cm2, > 0 plates the working electrode, that gives up at 1e4 V; a voltage source of mV. */
pf_drive pf_physics_current(const pf_physics *p, double current_mA_cm2);
pf_drive pf_physics_voltage_source(const pf_physics *p, double voltage_mV);

/* The potential at t = 0 (no time passes).  false: failed. */
bool pf_physics_start(pf_physics *p, const pf_drive *drive);
/* Steps to the time `until` (s), exactly.  false: failed. */
bool pf_physics_run(pf_physics *p, const pf_drive *drive, double until_s);
/* One step of at most dt_most s.  false: failed. */
bool pf_physics_step(pf_physics *p, const pf_drive *drive, double dt_most_s);

/* Start and `steps` steps of at most 20 s (cfl 0.1); row [steps + 1]: what is measured after each.  false: failed. */
bool pf_physics_rows(pf_physics *p, const pf_drive *drive, int steps, pf_history_row *row);

/* This input is refused, with words of which `expected` are a part. */
void pf_physics_refused(const char *text, const char *expected);

double pf_physics_voltage(const pf_physics *p); /* of the cell, mV */
double pf_physics_flow(const pf_physics *p);    /* current that flowed in the last step, mA/cm2 */
/* Place of the working electrode's front on a row, in cells from x = 0: ln(xi/(1-xi)) = 0, which is exact for a planar
 * front.  NAN: there is none. */
double pf_physics_front(const pf_physics *p, ptrdiff_t row);
/* A field on the host, [nz][ny][nx], to be freed; p->state->xi, for example.  NULL: failed. */
double *pf_physics_field(const pf_physics *p, const double *field);
/* Puts a field of the host [nz][ny][nx] into the state.  false: failed. */
bool pf_physics_set(pf_physics *p, double *field, const double *values);
/* Largest and smallest value of a field. */
void pf_physics_range(const pf_physics *p, const double *field, double *least, double *most);

#endif
