/* mechanics.h: stress of the cell and what it does to the reaction: (10), (11). */
#ifndef PF_MECHANICS_H
#define PF_MECHANICS_H

#include "state.h"

/* (10): the eigenstrain of what the reaction deposits and takes in dt, and its motion with the frame; before the front
 * moves. */
pf_status pf_mechanics_deposit(pf_state *state, double dt);
/* The stress of the fields as they are, and state->push of (11). */
pf_status pf_mechanics_solve(pf_state *state);
/* The same where the front has moved far enough since the last time; dt: of the step that was made. */
pf_status pf_mechanics_follow(pf_state *state, double dt);
/* The longest step, s, in which elastic lithium does not overshoot; INFINITY where it yields. */
double pf_mechanics_step_limit(const pf_state *state);

#endif
