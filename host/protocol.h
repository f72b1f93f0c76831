/* protocol.h: what drives the cell when, and the events that a run looks for. */
#ifndef PF_PROTOCOL_H
#define PF_PROTOCOL_H

#include "config.h"
#include "history.h"
#include "state.h"
#include "summary.h"

typedef struct pf_protocol {
  pf_drive drive;
  double end_s;                 /* of the current half cycle and, with one half cycle, of the run */
  double dendrite_length_um;    /* NaN: no such event */
  bool ends[PF_EVENT_COUNT];    /* this event ends the run */
  bool seen[PF_EVENT_COUNT];
  pf_summary_event event[PF_EVENT_COUNT]; /* in the order in which they came */
  int events;
  int ended;                    /* the event that ended the run, -1: none has */
  int half_cycle;               /* from 1 */
} pf_protocol;

void pf_protocol_make(const pf_config *cfg, const pf_scales *scales, const pf_grid *grid, pf_protocol *protocol);
/* Looks for events in the state after a step; `row` is its history row. */
pf_status pf_protocol_observe(pf_protocol *protocol, pf_state *state, bool limited, const pf_history_row *row);
/* Nothing is left to do: the time is over or an event has ended the run. */
bool pf_protocol_done(const pf_protocol *protocol, double time_s);

#endif
