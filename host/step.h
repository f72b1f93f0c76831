/* step.h: one time step of the whole model. */
#ifndef PF_STEP_H
#define PF_STEP_H

#include "state.h"

/* How long a step may be and how often it is tried. */
typedef struct pf_step_control {
  double cfl;    /* of a cell that the front may move in a step */
  double dt_max; /* s */
  double dt_min; /* s: below, the run has failed */
} pf_step_control;

typedef struct pf_step_report {
  int newton, cycles, tries;
  bool limited; /* by the compliance voltage */
} pf_step_report;

/* Advances the state by at most dt_most (a positive time, the way to the next end of a half cycle): the length taken is
 * state->dt.  PF_FAILED: no length down to dt_min would do, or a field is no longer finite; the message says where. */
pf_status pf_step(pf_state *state, const pf_step_control *control, const pf_drive *drive, double dt_most,
                  pf_step_report *report);
/* The potential of the fields as they are (no time passes): voltage, current and reaction of t = 0. */
pf_status pf_step_start(pf_state *state, const pf_drive *drive, pf_step_report *report);

#endif
