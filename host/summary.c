#include "summary.h"

static const char *const pf_event_names[PF_EVENT_COUNT] = {"depletion", "voltage_limit", "dendrite",  "nucleation",
                                                           "fracture",  "short",         "exhaustion"};

const char *pf_event_name(pf_event event) {
  return (int)event >= 0 && event < PF_EVENT_COUNT ? pf_event_names[event] : "none";
}

static void pf_put_string(pf_text *t, const char *before, const char *name, const char *value) {
  pf_text_put(t, "%s\"%s\": ", before, name);
  pf_text_put_json_string(t, value);
}

static void pf_put_number(pf_text *t, const char *before, const char *name, double value) {
  pf_text_put(t, "%s\"%s\": ", before, name);
  pf_text_put_json_number(t, value);
}

static void pf_put_iterations(pf_text *t, const char *before, const char *name, const pf_summary_iterations *i) {
  pf_text_put(t, "%s\"%s\": {", before, name);
  pf_put_number(t, "", "mean", i->mean);
  pf_text_put(t, ", \"max\": %ld}", i->max);
}

pf_status pf_summary_write(const char *folder, const pf_summary *s) {
  pf_text t = {0};
  pf_put_string(&t, "{\n  ", "title", s->title);
  pf_put_string(&t, ",\n  ", "status", s->status);
  pf_text_put(&t, ",\n  \"events\": [");
  for (int i = 0; i < s->event_count; ++i) {
    const pf_summary_event *const e = &s->events[i];
    pf_put_string(&t, i == 0 ? "\n    {" : ",\n    {", "name", pf_event_name(e->event));
    pf_put_number(&t, ", ", "time_s", e->time_s);
    pf_text_put(&t, ", \"half_cycle\": %d", e->half_cycle);
    pf_put_number(&t, ", ", "current_mA_cm2", e->current_mA_cm2);
    pf_text_put(&t, "}");
  }
  pf_text_put(&t, "%s],\n  \"ccd\": {", s->event_count > 0 ? "\n  " : "");
  for (int i = 0; i < PF_EVENT_COUNT; ++i) {
    const pf_summary_ccd *const c = &s->ccd[i];
    pf_text_put(&t, "%s\n    \"%s\": ", i == 0 ? "" : ",", pf_event_name((pf_event)i));
    if (c->reached) {
      pf_put_number(&t, "{", "survived_mA_cm2", c->survived_mA_cm2);
      pf_put_number(&t, ", ", "failed_mA_cm2", c->failed_mA_cm2);
      pf_put_number(&t, ", ", "charge_mAh_cm2", c->charge_mAh_cm2);
      pf_text_put(&t, "}");
    } else {
      pf_text_put(&t, "null");
    }
  }
  pf_text_put(&t, "\n  }");
  pf_put_number(&t, ",\n  ", "nuclei", s->nuclei);
  pf_put_number(&t, ",\n  ", "faraday_error", s->faraday_error);
  pf_put_number(&t, ",\n  ", "salt_error", s->salt_error);
  pf_put_number(&t, ",\n  ", "electronic_leak_fraction", s->leak_fraction);
  pf_put_number(&t, ",\n  ", "leaked_mAh_cm2", s->leaked_mAh_cm2);
  pf_put_number(&t, ",\n  ", "time_s", s->time_s);
  pf_text_put(&t, ",\n  \"steps\": %ld", s->steps);
  pf_put_number(&t, ",\n  ", "seconds", s->seconds);
  pf_put_number(&t, ",\n  ", "cells_per_second", s->cells_per_second);
  pf_put_iterations(&t, ",\n  \"solver\": {", "newton", &s->newton);
  pf_put_iterations(&t, ", ", "linear", &s->linear);
  if (s->has_stress) pf_put_iterations(&t, ", ", "stress", &s->stress);
  pf_put_string(&t, "},\n  \"versions\": {", "pfsolve", s->pfsolve);
  pf_put_string(&t, ", ", "commit", s->commit);
  pf_put_string(&t, ", ", "compiler", s->compiler);
  pf_put_string(&t, ", ", "netcdf", s->netcdf);
  pf_put_string(&t, "},\n  ", "backend", s->backend);
  pf_put_string(&t, ",\n  ", "device", s->device);
  pf_text_put(&t, ",\n  \"threads\": %d,\n  \"cells\": [%d, %d, %d],\n  \"warnings\": %ld\n}\n", s->threads,
              s->cells[0], s->cells[1], s->cells[2], s->warnings);
  pf_status status = pf_text_status(&t);
  if (status == PF_OK) status = pf_file_replace(folder, "summary.json", t.bytes, t.length);
  pf_text_free(&t);
  return status;
}
