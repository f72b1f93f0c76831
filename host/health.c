/* health.c: see health.h. */
#include "health.h"

/* Balances are closed to 1e-10; beyond this the run is not to be believed. Of lithium only once a layer of cells has passed:
 * the tails of two near electrodes, whose owner changes, are more than what has passed at the start. */
static const double balance_doubtful = 1e-4, salt_lost = 0.1;
/* (2b): above this the profile of the interface is not that of a tanh any more. */
static const double profile_doubtful = 1.1;
/* As in step.c. */
static const double xi_beyond = 0.05;

static void warn(bool *warned, bool doubtful, pf_log *log, const char *what, double value) {
  if (!doubtful || *warned || !log) return;
  *warned = true;
  pf_log_say(log, PF_LOG_WARNING, "health", what, value);
}

pf_status pf_health_check(pf_health *h, pf_state *s, pf_log *log) {
  double sums[PF_SUMS], most[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, watch_sums, &s->grid, sums, .xi = s->xi, .phi = s->phi, .s = s->s));
  PF_TRY(PF_MAX(s->backend, watch_ranges, &s->grid, most, .xi = s->xi, .phi = s->phi, .s = s->s));
  h->not_finite = sums[0], h->beyond = sums[1], h->lithium = sums[2], h->salt = sums[3];
  h->xi_most = most[0], h->xi_least = -most[1], h->phi_most = most[2], h->s_least = -most[3];
  h->faraday = s->faraday_error, h->salt_balance = s->salty ? s->salt_error : 0, h->profile = s->profile;
  /* each condition fails for NaN */
  const bool finite = h->not_finite <= 0 && h->lithium <= 1e300 && h->lithium >= 0;
  const bool inside = h->xi_most <= 1 + xi_beyond && h->xi_least >= -xi_beyond && h->s_least >= 0;
  const bool balanced = h->faraday <= 1e300 && h->salt_balance <= salt_lost && h->profile >= 0;
  PF_CHECK(finite && inside && balanced, PF_FAILED,
           "step %ld: the state is not sound: %.0f values are not finite, lithium fraction %.4g ... %.4g (%.0f cells "
           "beyond 0 ... 1), least salt %.3g, errors of charge %.2g and of salt %.2g, profile measure %.3g",
           s->step, h->not_finite, h->xi_least, h->xi_most, h->beyond, h->s_least, h->faraday, h->salt_balance,
           h->profile);
  warn(&h->warned_faraday, s->throughput > (double)pf_rows(&s->grid) && h->faraday > balance_doubtful, log,
       "charge and lithium differ by %.2g of what has passed: shorter steps or finer cells are needed", h->faraday);
  warn(&h->warned_salt, !(h->salt_balance <= balance_doubtful), log,
       "the salt's balance was off by %.2g in a step: a smaller potential_tolerance is needed", h->salt_balance);
  warn(&h->warned_profile, !(h->profile <= profile_doubtful), log,
       "profile measure Q = %.3g: the interface is not sharp any more, finer cells or a lower current are needed",
       h->profile);
  return PF_OK;
}

int pf_health_kept(pf_health *h, pf_kept *list, int count) {
  list[count++] = (pf_kept){"health.warned_faraday", &h->warned_faraday, sizeof h->warned_faraday, NULL, 0};
  list[count++] = (pf_kept){"health.warned_salt", &h->warned_salt, sizeof h->warned_salt, NULL, 0};
  list[count++] = (pf_kept){"health.warned_profile", &h->warned_profile, sizeof h->warned_profile, NULL, 0};
  return count;
}
