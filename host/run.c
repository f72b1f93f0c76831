/* run.c: the loop over steps and what is written when. */
#include "run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files.h"
#include "history.h"
#include "measure.h"
#include "microstructure.h"
#include "protocol.h"
#include "scenario.h"
#include "snapshot.h"
#include "step.h"
#include "summary.h"
#include "version.h"

typedef struct run {
  const pf_config *cfg;
  pf_log *log;
  pf_scenario scenario;
  pf_backend *backend;
  pf_state *state;
  pf_protocol protocol;
  pf_output_directory directory;
  bool has_directory, has_history;
  pf_history history;
  float *values; /* host, one field after the other */
  int snapshots; /* written so far */
  double next_snapshot_s, snapshot_interval_s, next_history_s, last_history_s;
  double started; /* wall time, s */
  long newton_most, cycles_most;
  double newton, cycles; /* sums */
} run;

static double wall(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- output ---- */

static pf_status write_snapshot(run *r) {
  pf_state *s = r->state;
  const size_t cells = (size_t)pf_cells(&s->grid);
  pf_snapshot_field field[PF_FIELDS_MAX];
  int fields = 0;
  for (int n = 0; n < PF_FIELDS_MAX && r->cfg->output.fields[n][0]; n++) {
    const char *name = r->cfg->output.fields[n];
    float *values = r->values + (size_t)fields * cells;
    pf_snapshot_field *f = &field[fields++];
    *f = (pf_snapshot_field){.name = name, .values = values};
    PF_TRY(pf_measure_field(s, name, values, &f->units, &f->long_name));
  }
  const pf_snapshot_attribute attribute[] = {
      {"source", "pfsolve"},           {"version", pf_version()},
      {"commit", pf_version_commit()}, {"compiler", pf_version_compiler()},
      {"backend", r->backend->name},   {"device", r->backend->device},
      {"input", r->cfg->text},         {"input_changes", r->cfg->sets ? r->cfg->sets : ""}};
  const pf_snapshot snapshot = {.title = r->cfg->run.title,
                                .index = r->snapshots + 1,
                                .time_s = s->time,
                                .nx = s->grid.nx,
                                .ny = s->grid.ny,
                                .nz = s->grid.nz,
                                .spacing_um = r->cfg->grid.spacing_um,
                                .fields = field,
                                .field_count = fields,
                                .attributes = attribute,
                                .attribute_count = (int)(sizeof attribute / sizeof *attribute),
                                .compression = r->cfg->output.compression};
  PF_TRY(pf_snapshot_write(r->directory.snapshots, &snapshot));
  if (r->cfg->output.vtk) PF_TRY(pf_snapshot_write_vtk(r->directory.snapshots, &snapshot));
  r->snapshots++;
  return PF_OK;
}

/* Writes what is due at this time; `last`: everything is. */
static pf_status write_due(run *r, const pf_history_row *row, bool last) {
  const double time = r->state->time;
  if (time >= r->next_history_s || (last && row->time_s > r->last_history_s)) {
    PF_TRY(pf_history_write(&r->history, row));
    r->last_history_s = time;
    const double interval = r->cfg->output.history_interval_s;
    r->next_history_s = interval * (floor(time / interval * (1 + 1e-12)) + 1);
  }
  if (time >= r->next_snapshot_s || last) {
    PF_TRY(write_snapshot(r));
    r->next_snapshot_s = r->snapshot_interval_s * (floor(time / r->snapshot_interval_s * (1 + 1e-9)) + 1);
    /* the end has its own snapshot: none just before it */
    if (r->next_snapshot_s > r->protocol.end_s * (1 - 1e-9)) r->next_snapshot_s = (double)INFINITY;
  }
  return PF_OK;
}

static pf_status write_summary(run *r, const char *status) {
  const pf_state *s = r->state;
  const double seconds = wall() - r->started, steps = (double)s->step;
  pf_summary summary = {.title = r->cfg->run.title,
                        .status = status,
                        .events = r->protocol.event,
                        .event_count = r->protocol.events,
                        .faraday_error = s->throughput > 0 ? s->faraday_error : (double)NAN,
                        .salt_error = s->salty ? s->salt_error : (double)NAN,
                        .time_s = s->time,
                        .steps = s->step,
                        .seconds = seconds,
                        .cells_per_second = seconds > 0 ? steps * (double)pf_cells(&s->grid) / seconds : 0,
                        .newton = {steps > 0 ? r->newton / steps : 0, r->newton_most},
                        .linear = {r->newton > 0 ? r->cycles / r->newton : 0, r->cycles_most},
                        .pfsolve = pf_version(),
                        .commit = pf_version_commit(),
                        .compiler = pf_version_compiler(),
                        .netcdf = pf_snapshot_netcdf_version(),
                        .backend = r->backend->name,
                        .device = r->backend->device,
                        .threads = r->backend->threads,
                        .cells = {s->grid.nx, s->grid.ny, s->grid.nz},
                        .warnings = pf_log_warnings(r->log)};
  memcpy(summary.ccd, r->protocol.ccd, sizeof summary.ccd);
  return pf_summary_write(r->directory.path, &summary);
}

/* ---- the run ---- */

/* Says what a microstructure came to. */
static pf_status say_microstructure(run *r) {
  if (r->cfg->microstructure.fills < 0) return PF_OK;
  const size_t cells = (size_t)pf_cells(&r->state->grid);
  pf_microstructure_report report;
  char *text = NULL;
  size_t size = 0;
  uint8_t *material = malloc(cells);
  FILE *lines = open_memstream(&text, &size);
  pf_status status = material && lines ? PF_OK : PF_FAIL(PF_NO_MEMORY, "no memory for the microstructure");
  if (status == PF_OK) status = r->backend->download(r->backend, material, r->state->material, cells);
  if (status == PF_OK) status = pf_microstructure_measure(r->cfg, material, &report);
  if (status == PF_OK) pf_microstructure_print(r->cfg, &report, "", lines);
  if (lines) fclose(lines);
  for (char *at = text, *end; status == PF_OK && at && (end = strchr(at, '\n')) != NULL; at = end + 1)
    pf_log_say(r->log, PF_LOG_INFO, "microstructure", "%.*s", (int)(end - at), at);
  free(text), free(material);
  return status;
}

static pf_status prepare(run *r, const pf_run_options *options) {
  const pf_config *cfg = r->cfg;
  pf_scenario_make(cfg, &r->scenario);
  PF_TRY(pf_backend_create(cfg->run.backend, cfg->run.threads, &r->backend));
  PF_TRY(pf_scenario_start(cfg, &r->scenario, r->backend, &r->state));
  pf_protocol_make(cfg, &r->scenario.scales, &r->scenario.grid, &r->protocol);
  int fields = 0;
  while (fields < PF_FIELDS_MAX && cfg->output.fields[fields][0]) fields++;
  r->values = malloc((size_t)pf_cells(&r->scenario.grid) * (size_t)(fields > 0 ? fields : 1) * sizeof(float));
  PF_CHECK(r->values, PF_NO_MEMORY, "no memory for the snapshots");
  const double interval = cfg->output.snapshot_interval_h * 3600;
  const int count = cfg->output.snapshot_count;
  r->snapshot_interval_s = count > 1 ? r->protocol.end_s / (count - 1) : count == 1 ? (double)INFINITY : interval;
  r->last_history_s = -1;
  PF_TRY(pf_output_directory_create(cfg->run.output_dir, options->overwrite ? PF_OUTPUT_OVERWRITE : PF_OUTPUT_NEW,
                                    &r->directory));
  r->has_directory = true;
  PF_TRY(pf_log_open(r->log, r->directory.path));
  if (r->directory.notes[0]) pf_log_say(r->log, PF_LOG_INFO, "directory", "%s", r->directory.notes);
  PF_TRY(pf_history_create(r->directory.path, false, &r->history));
  r->has_history = true;
  return PF_OK;
}

static void count(run *r, const pf_step_report *step) {
  r->newton += step->newton, r->cycles += step->cycles;
  if (step->newton > r->newton_most) r->newton_most = step->newton;
  if (step->newton > 0 && step->cycles / step->newton > r->cycles_most) r->cycles_most = step->cycles / step->newton;
}

/* Steps until nothing is left to do; *stopped: a limit of the run came first. */
static pf_status advance(run *r, bool *stopped) {
  const pf_config *cfg = r->cfg;
  const pf_step_control control = {cfg->solver.cfl, cfg->solver.time_step_max_s, 1e-9 * cfg->solver.time_step_max_s};
  pf_state *s = r->state;
  pf_step_report step;
  pf_history_row row;
  PF_TRY(pf_step_start(s, &r->protocol.drive, &step));
  PF_TRY(pf_measure_row(s, &row));
  PF_TRY(pf_protocol_observe(&r->protocol, s, step.limited, &row));
  PF_TRY(write_due(r, &row, pf_protocol_done(&r->protocol, s->time)));
  while (!pf_protocol_done(&r->protocol, s->time)) {
    if ((cfg->run.max_steps > 0 && s->step >= cfg->run.max_steps) ||
        wall() - r->started > 60 * (isnan(cfg->run.max_walltime_min) ? 1e30 : cfg->run.max_walltime_min)) {
      *stopped = true;
      break;
    }
    PF_TRY(pf_step(s, &control, &r->protocol.drive, r->protocol.phase_end_s - s->time, &step));
    count(r, &step);
    PF_TRY(pf_measure_row(s, &row));
    row.half_cycle = r->protocol.phase.half_cycle;
    const int events = r->protocol.events;
    PF_TRY(pf_protocol_observe(&r->protocol, s, step.limited, &row));
    for (int e = events; e < r->protocol.events; e++)
      pf_log_say(r->log, PF_LOG_INFO, "event", "%s at %.4g h, %.4g mA/cm2, %.4g mV",
                 pf_event_name(r->protocol.event[e].event), row.time_s / 3600, row.current_mA_cm2, row.voltage_mV);
    PF_TRY(write_due(r, &row, pf_protocol_done(&r->protocol, s->time)));
    if (pf_protocol_advance(&r->protocol, s->time)) pf_state_forget(s);
    pf_log_progress(r->log, s->time / r->protocol.end_s, "%.3f h, %.4g mA/cm2, %.4g mV, front %.4g um",
                    row.time_s / 3600, row.current_mA_cm2, row.voltage_mV, row.front_mean_um);
  }
  if (*stopped) PF_TRY(write_due(r, &row, true));
  return PF_OK;
}

/* The state of a run that cannot go on, and the place of the fault. */
static void save_failed(run *r, pf_status status) {
  if (status != PF_FAILED || !r->has_history || !r->state) return;
  char message[1024], fault[256];
  snprintf(message, sizeof message, "%s", pf_status_message());
  pf_measure_fault(r->state, fault, sizeof fault);
  pf_history_row row;
  bool saved = pf_measure_row(r->state, &row) == PF_OK && write_due(r, &row, true) == PF_OK;
  saved = write_summary(r, "failed") == PF_OK && saved;
  (void)PF_FAIL(PF_FAILED, "%s; %s; the state %s", message, fault,
                saved ? "is in the last snapshot" : "could not be written");
}

pf_status pf_run(const pf_config *cfg, const pf_run_options *options, pf_log *log) {
  run r = {.cfg = cfg, .log = log, .started = wall()};
  bool stopped = false;
  pf_status status = prepare(&r, options);
  if (status == PF_OK) {
    const pf_grid *g = &r.scenario.grid;
    pf_log_say(log, PF_LOG_INFO, "start", "%s: %d x %d x %d cells of %.4g um on %s", cfg->run.title, g->nx, g->ny,
               g->nz, cfg->grid.spacing_um, r.backend->device);
    for (int n = 0; n < cfg->layers; n++)
      if (cfg->layer[n].film)
        pf_log_say(log, PF_LOG_INFO, "film", "layer %s (%.4g um) is thinner than 3 W = %.4g um: it acts as a film",
                   cfg->layer[n].name, cfg->layer[n].thickness_um,
                   3 * cfg->model.interface_width_cells * cfg->grid.spacing_um);
    status = say_microstructure(&r);
    if (status == PF_OK) status = advance(&r, &stopped);
  }
  if (status != PF_OK) save_failed(&r, status);
  if (status == PF_OK) {
    const char *word = stopped                 ? "stopped"
                       : r.protocol.ended >= 0 ? pf_event_name((pf_event)r.protocol.ended)
                                               : "completed";
    status = write_summary(&r, word);
    if (status == PF_OK)
      pf_log_say(log, PF_LOG_INFO, "end", "%s after %.4g h in %ld steps and %.3g s: %s", word, r.state->time / 3600,
                 r.state->step, wall() - r.started, r.directory.path);
    if (status == PF_OK && stopped) status = PF_STOPPED;
  }
  if (r.has_history) {
    const pf_status closed = pf_history_destroy(&r.history);
    if (status == PF_OK) status = closed;
  }
  if (r.has_directory) pf_output_directory_destroy(&r.directory);
  free(r.values);
  pf_state_destroy(r.state);
  pf_backend_destroy(r.backend);
  return status;
}
