/* electrons.h: the electronic potential, (9), in the Newton iteration of transport.c.
 *
 * In a body of metal that an electrode holds, potential and electrons hardly see each other: the metal's conductance is 1e4
 * times that of the reaction.  Where no layer has a salt the two are found by turns, each by its own multigrid method
 * (multigrid.h), until a turn has nothing left to do: two turns, three beside lithium that floats.
 *
 * Lithium that floats couples them, one vector a body.  Where that is strong, a turn leaves more than a third, and with
 * salt: potential, salt and electrons together by GMRES, which finds those vectors, preconditioned from the left by a block
 * Gauss-Seidel step: one multigrid cycle for the electrons (A + m), one for the ions (linear.h, or multigrid.h without
 * salt).  Preconditioned from the left, residuals are errors of potentials: those of the equations say nothing where
 * conductances differ by 1e9.  Cycles and vectors are in single precision, or where `wide` asks for it in double;
 * residuals of Newton's method are in double. */
#ifndef PF_ELECTRONS_H
#define PF_ELECTRONS_H

#include "state.h"

typedef struct pf_electrons pf_electrons;

pf_status pf_electrons_create(pf_backend *backend, const pf_grid *grid, bool salty, bool wide,
                              pf_electrons **electrons);
/* Bytes that create takes from the backend. */
double pf_electrons_bytes(const pf_grid *grid, bool salty, bool wide);
void pf_electrons_destroy(pf_electrons *electrons);
/* As pf_multigrid_box_solves, of the electrons' solver. */
int *pf_electrons_box_solves(pf_electrons *electrons);
/* How many more systems are solved by GMRES from the start; kept as those. */
int *pf_electrons_coupled(pf_electrons *electrons);

/* Conductances of the faces, from xi and the layers as they are: once a step. */
pf_status pf_electrons_faces(pf_state *state);
/* After the ions' residual and Jacobian are there: those of the electrons.  *current: what passes the terminal x = 0, that
 * of the reaction and that of the electrolyte's electrons.  *error: the current that the error of phi_e stands for. */
pf_status pf_electrons_assemble(pf_state *state, double dt, double *current, double *error);
/* state->du, du_e: Newton's correction.  The ions' preconditioner has been set. */
pf_status pf_electrons_solve(pf_state *state, double tolerance, int most_iterations, pf_linear_report *report);
/* state->sensitivity, sensitivity_e: change of the fields with the voltage, beside that of the counter electrode's
 * lithium, from the last one unless !state->sensitive.  After pf_electrons_solve. */
pf_status pf_electrons_sensitivity(pf_state *state, double tolerance, int most_iterations, pf_linear_report *report);
/* Change of the terminal current along the correction, and with the voltage. */
pf_status pf_electrons_current(pf_state *state, double change[PF_SUMS]);
/* phi_e with the correction and the change of the voltage; without salt also makes du and sensitivity of the ions. */
pf_status pf_electrons_update(pf_state *state, double d_voltage);
/* phi_e follows a voltage that was set. */
pf_status pf_electrons_lift(pf_state *state, double d_voltage);
/* Makes `reaction` of the potentials and closes all balances with it to round-off: the working electrode's lithium takes
 * current - leak (NaN: as it is), lithium of nobody what the electrons bring, the counter's the rest.  Sets state->leak. */
pf_status pf_electrons_close(pf_state *state, double current);

#endif
