/* health.h: the watch over a run: is the state still sound. */
#ifndef PF_HEALTH_H
#define PF_HEALTH_H

#include "kept.h"
#include "log.h"
#include "state.h"

/* So many steps lie between two looks at most. */
enum { PF_HEALTH_STEPS = 50 };

typedef struct pf_health {
  double not_finite;                                /* values of xi, phi and s */
  double beyond;                                    /* cells with xi outside [0, 1] by more than 1e-3 */
  double lithium;                                   /* sum of xi, cells */
  double salt;                                      /* sum of (1-xi) s, cells */
  double xi_least, xi_most;                         /* 1 */
  double phi_most, s_least;                         /* RT/F, c/c0 */
  double faraday, salt_balance;                     /* errors, relative */
  double profile;                                   /* Q */
  bool warned_faraday, warned_salt, warned_profile; /* said once a run */
} pf_health;

/* Looks, and says what is doubtful (balances, profile), each once; log NULL: says nothing.  PF_FAILED: the state is not
 * sound; NaN is not. */
pf_status pf_health_check(pf_health *health, pf_state *state, pf_log *log);
/* What a checkpoint keeps, added to the list; its new length. */
int pf_health_kept(pf_health *health, pf_kept *list, int count);

#endif
