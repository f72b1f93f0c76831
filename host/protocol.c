#include "protocol.h"

#include <math.h>
#include <string.h>

#include "measure.h"

void pf_protocol_make(const pf_config *cfg, const pf_scales *scales, const pf_grid *grid, pf_protocol *p) {
  *p = (pf_protocol){.ended = -1, .half_cycle = 1};
  const double mV = 1e-3 / scales->potential, mA_cm2 = 10 / scales->current * (double)pf_rows(grid);
  p->drive.galvanostatic = cfg->protocol.mode != PF_MODE_POTENTIOSTATIC;
  p->drive.current = p->drive.galvanostatic ? cfg->protocol.current_mA_cm2 * mA_cm2 : 0;
  p->drive.voltage = p->drive.galvanostatic ? 0 : cfg->protocol.voltage_mV * mV;
  p->drive.voltage_limit = cfg->protocol.voltage_limit_mV * mV;
  p->end_s = cfg->protocol.duration_h * 3600;
  p->dendrite_length_um = cfg->protocol.dendrite_length_um;
  for (int e = 0; e < PF_EVENT_COUNT; e++)
    for (int n = 0; n < PF_EVENTS_MAX; n++)
      if (!strcmp(cfg->protocol.end_at[n], pf_event_name((pf_event)e))) p->ends[e] = true;
}

static void happens(pf_protocol *p, pf_event event, const pf_history_row *row) {
  if (p->seen[event]) return;
  p->seen[event] = true;
  p->event[p->events++] = (pf_summary_event){event, row->time_s, p->half_cycle, row->current_mA_cm2};
  if (p->ends[event] && p->ended < 0) p->ended = (int)event;
}

pf_status pf_protocol_observe(pf_protocol *p, pf_state *s, bool limited, const pf_history_row *row) {
  bool is_short = false;
  PF_TRY(pf_measure_short(s, &is_short));
  if (is_short) happens(p, PF_EVENT_SHORT, row);
  if (limited) happens(p, s->salty && s->salt_least < 0.05 ? PF_EVENT_DEPLETION : PF_EVENT_VOLTAGE_LIMIT, row);
  if (row->front_max_um - row->front_mean_um > p->dendrite_length_um) happens(p, PF_EVENT_DENDRITE, row);
  return PF_OK;
}

bool pf_protocol_done(const pf_protocol *p, double time_s) {
  return p->ended >= 0 || time_s >= p->end_s * (1 - 1e-12);
}
