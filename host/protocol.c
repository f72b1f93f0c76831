#include "protocol.h"

#include <math.h>
#include <string.h>

#include "measure.h"

/* ---- the phases ---- */

static bool has_ladder(const pf_config *cfg) {
  return cfg->protocol.mode == PF_MODE_CCD_CONSTANT_TIME || cfg->protocol.mode == PF_MODE_CCD_CONSTANT_CAPACITY;
}

/* Currents of a ladder; the last rung reaches ccd_stop within a thousandth of a step. */
static int rungs(const pf_config *cfg) {
  const pf_config_protocol *p = &cfg->protocol;
  return 1 + (int)floor((p->ccd_stop_mA_cm2 - p->ccd_start_mA_cm2) / p->ccd_step_mA_cm2 + 1e-3);
}

bool pf_protocol_phase(const pf_config *cfg, int n, pf_phase *phase) {
  const pf_config_protocol *p = &cfg->protocol;
  if (p->mode == PF_MODE_GALVANOSTATIC || p->mode == PF_MODE_POTENTIOSTATIC) {
    *phase = (pf_phase){p->mode == PF_MODE_GALVANOSTATIC ? p->current_mA_cm2 : 0, p->duration_h * 3600, 1, false};
    return n == 0;
  }
  const int parts = p->rest_h > 0 ? 2 : 1; /* of a half cycle: the current, the rest */
  const int half = n / parts, cycles = has_ladder(cfg) ? rungs(cfg) : p->cycles;
  const bool rest = n % parts == 1;
  if (n < 0 || half >= 2 * cycles) return false;
  const double size = has_ladder(cfg) ? p->ccd_start_mA_cm2 + half / 2 * p->ccd_step_mA_cm2 : fabs(p->current_mA_cm2);
  const bool plates = (half % 2 == 0) == (p->first_half_cycle == PF_HALF_CYCLE_PLATE || has_ladder(cfg));
  const bool by_charge =
      p->mode == PF_MODE_CCD_CONSTANT_CAPACITY || (p->mode == PF_MODE_CYCLING && !isnan(p->capacity_mAh_cm2));
  const double hours = by_charge ? p->capacity_mAh_cm2 / size : p->half_cycle_h;
  *phase = (pf_phase){rest ? 0 : plates ? size : -size, 3600 * (rest ? p->rest_h : hours), half + 1, rest};
  return true;
}

static void enter(pf_protocol *p, int index, double start_s) {
  p->index = index;
  p->start_s = start_s;
  (void)pf_protocol_phase(p->cfg, index, &p->phase);
  p->phase_end_s = start_s + p->phase.length_s;
  p->drive.current = p->phase.current_mA_cm2 * p->unit;
}

void pf_protocol_make(const pf_config *cfg, const pf_scales *scales, const pf_grid *grid, pf_protocol *p) {
  *p = (pf_protocol){.cfg = cfg, .ended = -1};
  const double mV = 1e-3 / scales->potential;
  p->unit = 10 / scales->current * (double)pf_rows(grid);
  p->drive.galvanostatic = cfg->protocol.mode != PF_MODE_POTENTIOSTATIC;
  p->drive.voltage = p->drive.galvanostatic ? 0 : cfg->protocol.voltage_mV * mV;
  p->drive.voltage_limit = cfg->protocol.voltage_limit_mV * mV;
  for (pf_phase phase; pf_protocol_phase(cfg, p->phases, &phase); p->phases++) p->end_s += phase.length_s;
  enter(p, 0, 0);
  p->dendrite_length_um = cfg->protocol.dendrite_length_um;
  const pf_config_material *m;
  for (int n = 0; (m = pf_config_electrolyte(cfg, n)) != NULL; n++)
    if (!isnan(m->fracture_toughness_MPa_m05)) p->has_flaws = true;
  p->ends[PF_EVENT_EXHAUSTION] = true; /* no current can be asked for any more */
  for (int e = 0; e < PF_EVENT_COUNT; e++)
    for (int n = 0; n < PF_EVENTS_MAX; n++)
      if (!strcmp(cfg->protocol.end_at[n], pf_event_name((pf_event)e))) p->ends[e] = true;
}

bool pf_protocol_advance(pf_protocol *p, double time_s) {
  if (time_s < p->phase_end_s * (1 - 1e-12) || p->index + 1 >= p->phases) return false;
  enter(p, p->index + 1, p->phase_end_s);
  return true;
}

bool pf_protocol_done(const pf_protocol *p, double time_s) {
  return p->ended >= 0 || (p->index + 1 >= p->phases && time_s >= p->phase_end_s * (1 - 1e-12));
}

int pf_protocol_kept(pf_protocol *p, pf_kept *list, int count) {
#define NUMBER(type, name, size) list[count++] = (pf_kept){"protocol." #name, &p->name, sizeof p->name, NULL, 0};
  PF_PROTOCOL_NUMBERS(NUMBER)
#undef NUMBER
  return count;
}

pf_status pf_protocol_renew(pf_protocol *p) {
  bool good = p->index >= 0 && p->index < p->phases && p->events >= 0 && p->events <= PF_EVENT_COUNT &&
              p->ended >= -1 && p->ended < PF_EVENT_COUNT;
  for (int n = 0; good && n < p->events; n++) good = p->event[n].event < PF_EVENT_COUNT;
  PF_CHECK(good, PF_IO, "the checkpoint's phase %d or its %d events are none of this protocol", p->index, p->events);
  const double end_s = p->phase_end_s;
  enter(p, p->index, p->start_s);
  p->phase_end_s = end_s;
  return PF_OK;
}

/* ---- events ---- */

/* The first time that an event is seen.  The current that failed is that which was asked for; the last one survived is
 * that of the rung below, whose full cycle is over. */
static void happens(pf_protocol *p, pf_event event, const pf_history_row *row) {
  if (p->seen[event]) return;
  p->seen[event] = true;
  /* member by member: the bytes between them stay 0, and a checkpoint is the same in every run */
  pf_summary_event *e = &p->event[p->events++];
  e->event = event;
  e->time_s = row->time_s;
  e->half_cycle = p->phase.half_cycle;
  e->current_mA_cm2 = row->current_mA_cm2;
  if (has_ladder(p->cfg)) {
    const int rung = (p->phase.half_cycle - 1) / 2;
    const pf_config_protocol *c = &p->cfg->protocol;
    pf_summary_ccd *ccd = &p->ccd[event];
    ccd->reached = true;
    ccd->survived_mA_cm2 = rung > 0 ? c->ccd_start_mA_cm2 + (rung - 1) * c->ccd_step_mA_cm2 : 0;
    ccd->failed_mA_cm2 = c->ccd_start_mA_cm2 + rung * c->ccd_step_mA_cm2;
    ccd->charge_mAh_cm2 = p->charge_mAh_cm2;
  }
  if (p->ends[event] && p->ended < 0) p->ended = (int)event;
}

pf_status pf_protocol_observe(pf_protocol *p, pf_state *s, bool limited, const pf_history_row *row) {
  bool is_short = false, is_exhausted = false;
  PF_TRY(pf_measure_short(s, &is_short));
  PF_TRY(pf_measure_exhausted(s, &is_exhausted));
  p->charge_mAh_cm2 += fabs(row->current_mA_cm2) * row->dt_s / 3600;
  if (is_short || pf_measure_collapsed(s)) happens(p, PF_EVENT_SHORT, row);
  if (limited) happens(p, s->salty && s->salt_least < 0.05 ? PF_EVENT_DEPLETION : PF_EVENT_VOLTAGE_LIMIT, row);
  if (row->front_max_um - row->front_mean_um > p->dendrite_length_um) happens(p, PF_EVENT_DENDRITE, row);
  if (is_exhausted) happens(p, PF_EVENT_EXHAUSTION, row);
  if (s->nuclei > 0) happens(p, PF_EVENT_NUCLEATION, row);
  if (p->has_flaws) {
    double margin;
    PF_TRY(pf_measure_fracture(s, &margin));
    if (margin >= 1) happens(p, PF_EVENT_FRACTURE, row);
  }
  return PF_OK;
}
