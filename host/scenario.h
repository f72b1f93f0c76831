/* scenario.h: from the input to the state at t = 0: layers, films, parameters, the first shape of the front. */
#ifndef PF_SCENARIO_H
#define PF_SCENARIO_H

#include "config.h"
#include "state.h"

/* The scaled parameters of a config, and what is derived from them. */
typedef struct pf_scenario {
  pf_grid grid;
  pf_params params;
  pf_scales scales;
  bool stack;
  int layers;                 /* resolved ones: index into params.material */
  int layer_of[PF_MATERIALS]; /* their index in cfg->layer */
  int electrolytes;           /* those of params.material: of the layers, then of a microstructure */
  const pf_config_material *electrolyte[PF_MATERIALS]; /* their keys, of cfg (pf_config_electrolyte) */
  double reference_conductivity;                       /* S/m */
  pf_mechanics mechanics;                              /* where it is on */
} pf_scenario;

void pf_scenario_make(const pf_config *cfg, pf_scenario *scenario);
/* Makes the state with all its initial fields.  PF_NO_MEMORY. */
pf_status pf_scenario_start(const pf_config *cfg, const pf_scenario *scenario, pf_backend *backend, pf_state **state);
/* The first front, [nz][ny] in m, of roughness and perturbation; xi on a row follows from it. */
pf_status pf_scenario_front(const pf_config *cfg, const pf_grid *grid, double *front);
/* What --check prints beside the input: lengths, times and currents to expect, memory, what a microstructure comes to.
 * PF_NO_MEMORY, PF_BAD_INPUT (a map that has changed). */
pf_status pf_scenario_describe(const pf_config *cfg, const pf_scenario *scenario, FILE *out);

/* All that --check prints: the resolved input (pf_config_print), then that. */
pf_status pf_scenario_check(const pf_config *cfg, FILE *out);

#endif
