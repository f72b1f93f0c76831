/* protocol.h: what drives the cell when, and the events that a run looks for.
 *
 * A protocol is a row of phases, each with a constant drive and a length.  A half cycle is one phase, and a rest after it
 * another that counts to the same half cycle.  A cycle plates the working electrode first (or strips, if asked); the
 * critical-current tests pass one full cycle at each current of their ladder. */
#ifndef PF_PROTOCOL_H
#define PF_PROTOCOL_H

#include "config.h"
#include "history.h"
#include "state.h"
#include "summary.h"

/* One phase, in the user's units. */
typedef struct pf_phase {
  double current_mA_cm2; /* > 0 plates the working electrode; galvanostatic modes */
  double length_s;
  int half_cycle; /* from 1 */
  bool rest;
} pf_phase;

/* What has been and where the protocol is: members of pf_protocol, kept in checkpoints. */
// clang-format off
#define PF_PROTOCOL_NUMBERS(X)                                                                     \
  X(int, index, )           /* of the phase, from 0 */                                             \
  X(double, start_s, )      /* of the phase */                                                     \
  X(double, phase_end_s, )                                                                         \
  X(bool, seen, [PF_EVENT_COUNT])                                                                  \
  X(pf_summary_event, event, [PF_EVENT_COUNT]) /* in the order in which they came */               \
  X(int, events, )                                                                                 \
  X(pf_summary_ccd, ccd, [PF_EVENT_COUNT])                                                         \
  X(double, charge_mAh_cm2, ) /* passed since the start, both ways */                              \
  X(int, ended, )             /* the event that ended the run, -1: none has */
// clang-format on

typedef struct pf_protocol {
  const pf_config *cfg;
  double unit;    /* scaled current of the whole cell for 1 mA/cm2 */
  pf_drive drive; /* of the current phase */
  pf_phase phase;
  int phases;                /* how many */
  double end_s;              /* of the whole protocol */
  double dendrite_length_um; /* NaN: no such event */
  bool ends[PF_EVENT_COUNT]; /* this event ends the run */
  bool has_flaws;            /* a layer has a toughness: fracture is looked for */
  PF_PROTOCOL_NUMBERS(PF_KEPT_MEMBER_)
} pf_protocol;

void pf_protocol_make(const pf_config *cfg, const pf_scales *scales, const pf_grid *grid, pf_protocol *protocol);
/* The n-th phase (from 0) of a config's protocol; false: there are not so many. */
bool pf_protocol_phase(const pf_config *cfg, int n, pf_phase *phase);
/* Looks for events in the state after a step; `row` is its history row. */
pf_status pf_protocol_observe(pf_protocol *protocol, pf_state *state, bool limited, const pf_history_row *row);
/* Goes on to the phase of this time, if the last one is over; true: it is another one. */
bool pf_protocol_advance(pf_protocol *protocol, double time_s);
/* Everything of the protocol that a checkpoint keeps, into list[PF_KEPT_MAX] from `count` on; the new count. */
int pf_protocol_kept(pf_protocol *protocol, pf_kept *list, int count);
/* After what is kept was read back: the phase and its drive.  PF_IO: it cannot be of this protocol. */
pf_status pf_protocol_renew(pf_protocol *protocol);
/* Nothing is left to do: the time is over or an event has ended the run. */
bool pf_protocol_done(const pf_protocol *protocol, double time_s);

#endif
