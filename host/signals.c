/* signals.c: see signals.h. */
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int stop_asked, saves_asked, depth;

static void on_stop(int number) {
  if (stop_asked) { /* the second: out, as if nobody had caught it */
    (void)signal(number, SIG_DFL);
    (void)raise(number);
  }
  stop_asked = number;
}

static void on_save(int number) {
  (void)number;
  saves_asked++;
}

static const struct {
  int number;
  void (*handler)(int);
} caught[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGUSR1, on_save}};
enum { CAUGHT = 3 };
static struct sigaction before[CAUGHT];

void pf_signals_catch(void) {
  if (depth++ > 0) return;
  stop_asked = saves_asked = 0;
  for (int n = 0; n < CAUGHT; n++) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = caught[n].handler;
    action.sa_flags = SA_RESTART;
    (void)sigaction(caught[n].number, NULL, &before[n]);
    if (before[n].sa_handler != SIG_IGN) (void)sigaction(caught[n].number, &action, NULL);
  }
}

void pf_signals_release(void) {
  if (--depth > 0) return;
  for (int n = 0; n < CAUGHT; n++) (void)sigaction(caught[n].number, &before[n], NULL);
}

const char *pf_signals_stop(void) {
  const int number = stop_asked;
  return number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : NULL;
}

bool pf_signals_save(int *seen) {
  const int asked = saves_asked;
  const bool new = asked != *seen;
  *seen = asked;
  return new;
}
