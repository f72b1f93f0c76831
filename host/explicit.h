/* explicit.h: the step of the models that are advanced explicitly: the literature's Allen-Cahn model (5) and the two
 * benchmarks of PFHub. */
#ifndef PF_EXPLICIT_H
#define PF_EXPLICIT_H

#include "step.h"

/* Advances by so many explicit steps of control->dt_max as one step of the run takes, at most dt_most in all; the last one
 * before dt_most is shortened.  PF_FAILED: a field is no longer finite, or the potential was not found. */
pf_status pf_explicit_step(pf_state *state, const pf_step_control *control, const pf_drive *drive, double dt_most,
                           pf_step_report *report);
/* The potential and the current of the fields as they are. */
pf_status pf_explicit_start(pf_state *state, const pf_drive *drive, pf_step_report *report);
/* The free energy (PFHub 3) or the L2 error (PFHub 7) of a benchmark, NAN where there is none. */
pf_status pf_explicit_value(pf_state *state, double *value);

#endif
