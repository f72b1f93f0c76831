/* measure.h: what is read off the state, in the units of the output. */
#ifndef PF_MEASURE_H
#define PF_MEASURE_H

#include "history.h"
#include "state.h"

/* One row of history.csv (half_cycle is the caller's). */
pf_status pf_measure_row(pf_state *state, pf_history_row *row);
/* A charge counted in cells of lithium, in mAh/cm2; NaN without electrons. */
double pf_measure_charge(const pf_state *state, double cells);
/* The voltage has collapsed: more than half of the terminal current is electronic. */
bool pf_measure_collapsed(const pf_state *state);
/* Part of the terminal current that the electrolyte's electrons carry; 0 without a current. */
double pf_measure_leak(const pf_state *state);
/* Lithium touches both electrodes, or the far end of the grid. */
pf_status pf_measure_short(pf_state *state, bool *is_short);
/* The electrode that strips has no lithium left: on the mean less than a layer whose profile reaches xi = 1/2 nowhere.  Not
 * where its lithium comes from beyond the grid (frame `stack`), nor of a face. */
pf_status pf_measure_exhausted(pf_state *state, bool *is_exhausted);
/* Largest overpotential of deposition in units of the one that (12) allows, over both electrodes: from 1 on a flaw is
 * critical. */
pf_status pf_measure_fracture(pf_state *state, double *margin);
/* The n-th field that a name of &output fields stands for: `stress` for its components stress_xx ..., any other for itself.
 * NULL: there are not so many. */
const char *pf_measure_field_name(const pf_grid *grid, const char *name, int n);
/* A field by its name in files (phase, salt, potential, electron_potential, material, stress_xx ..., von_mises, pressure) in SI
 * units, float [nz][ny][nx], fetched into the room of the state's backend from its byte `at` on.  PF_BAD_INPUT if there is no
 * such field. */
pf_status pf_measure_field(pf_state *state, const char *name, pf_room *room, size_t at, const char **units,
                           const char **long_name);
/* Where the first value that is not finite stands, or the largest excess of xi: "phase at cell (3, 4, 0)". */
void pf_measure_fault(pf_state *state, char *text, size_t size);

#endif
