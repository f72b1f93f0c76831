/* transport.h: one implicit step of potential and salt, (2), (3), (6), (7), and of the reaction that moves the front. */
#ifndef PF_TRANSPORT_H
#define PF_TRANSPORT_H

#include "state.h"

/* From the fields at the start of the step (kept in s_start, phi_start) to those at its end, and to `reaction`, whose
 * sum over the working electrode is the current to round-off.  dt in s; 0: the steady potential of a frozen salt.
 * PF_OK with report->converged false: no solution was found, phi and s are what they were. */
pf_status pf_transport_step(pf_state *state, double dt, const pf_drive *drive, pf_transport_report *report);
/* Residual and Jacobian of the fields as they are: into the finest system of state->linear and state->border.
 * Sums: |R_1|, |R_2|, current of the working electrode, of the counter electrode. */
pf_status pf_transport_assemble(pf_state *state, double dt, double sums[PF_SUMS]);

#endif
