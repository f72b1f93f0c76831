/* signals.h: what is asked of a running program from outside.  The handlers only set a flag that the loop reads. */
#ifndef PF_SIGNALS_H
#define PF_SIGNALS_H

#include <stdbool.h>

/* Runs that go on at the same time catch and release within one that does so around them all: the inner calls do nothing.
 *
 * From here on SIGTERM and SIGINT ask for a stop after the step, a second one of them ends the program at once, and SIGUSR1
 * asks for a checkpoint.  A signal that was ignored before stays ignored. */
void pf_signals_catch(void);
/* What they did before. */
void pf_signals_release(void);
/* "SIGTERM" or "SIGINT": a stop is asked for; NULL: none is. */
const char *pf_signals_stop(void);
/* A checkpoint was asked for since *seen (0 at first, then what the last call left there). */
bool pf_signals_save(int *seen);

#endif
