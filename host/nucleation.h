/* nucleation.h: lithium that nucleates inside the electrolyte (kernels/cell_nucleate.h). */
#ifndef PF_NUCLEATION_H
#define PF_NUCLEATION_H

#include "state.h"

/* Nuclei that are born in a step of dt (s) that ends with the state's potentials: state->nuclei counts them, state->nucleus
 * gets their shapes.  A place within a nucleus of this step or an earlier one brings none.  Does nothing where
 * params.nucleation.rate is 0. */
pf_status pf_nucleation_step(pf_state *state, double dt);
/* Adds to state->nucleated what the reaction of a step of dt makes in lithium that is no electrode's; before the front moves. */
pf_status pf_nucleation_count(pf_state *state, double dt);

#endif
