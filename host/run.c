/* run.c: the loop over steps, and what is watched between them. */
#include "run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "health.h"
#include "measure.h"
#include "microstructure.h"
#include "output.h"
#include "protocol.h"
#include "scenario.h"
#include "signals.h"
#include "step.h"

typedef struct run {
  const pf_config *cfg;
  pf_log *log;
  pf_scenario scenario;
  pf_backend *backend;
  bool own_backend;
  pf_state *state;
  pf_protocol protocol;
  pf_output output;
  pf_checkpoints checkpoints;
  pf_kept kept[PF_KEPT_MAX]; /* of `gather` */
  int kept_count;
  pf_health health;
  pf_history_row row;                /* of the state as it is */
  int saves_seen;                    /* of pf_signals_save */
  double started, saved;             /* clock: of the run, of the last checkpoint, s */
  double longest_step, longest_save; /* s of wall time */
} run;

/* All that a checkpoint keeps, where it lies now: the fields change places in every step. */
static void gather(run *r) {
  r->kept_count = pf_state_kept(r->state, r->kept, 0);
  r->kept_count = pf_protocol_kept(&r->protocol, r->kept, r->kept_count);
  r->kept_count = pf_output_kept(&r->output, r->kept, r->kept_count);
  r->kept_count = pf_health_kept(&r->health, r->kept, r->kept_count);
}

/* ---- start ---- */

/* The directory whose checkpoint the run goes on from, NULL: it begins anew. */
static pf_status find_checkpoint(run *r, const pf_run_options *options, char path[PATH_MAX], const char **from) {
  char folder[PATH_MAX + 16];
  *from = NULL;
  if (options->restart) {
    PF_CHECK(realpath(options->restart, path), PF_NO_INPUT, "--restart %s: %s", options->restart, strerror(errno));
  } else if (options->resume) {
    if (!realpath(r->cfg->run.output_dir, path)) return PF_OK; /* there is none: it begins */
    snprintf(folder, sizeof folder, "%s/" PF_CHECKPOINT_FOLDER, path);
    if (!pf_checkpoints_any(folder)) return PF_OK;
  } else {
    return PF_OK;
  }
  *from = path;
  return PF_OK;
}

/* Reads the checkpoint of the directory `from` and goes on from there. */
static pf_status go_on(run *r, const char *from) {
  char folder[PATH_MAX + 16], notes[2048];
  snprintf(folder, sizeof folder, "%s/" PF_CHECKPOINT_FOLDER, from);
  PF_TRY(pf_checkpoints_load(&r->checkpoints, folder, r->kept, r->kept_count, notes, sizeof notes));
  PF_TRY(pf_state_renew(r->state));
  PF_TRY(pf_protocol_renew(&r->protocol));
  PF_TRY(pf_checkpoints_unfinish(&r->checkpoints)); /* before anything is cut back to the checkpoint */
  PF_TRY(pf_output_go_on(&r->output, from));
  if (notes[0]) pf_log_say(r->log, PF_LOG_WARNING, "checkpoint", "%s", notes);
  pf_log_say(r->log, PF_LOG_INFO, "restart", "goes on from step %ld, %.6g h", r->state->step, r->state->time / 3600);
  return PF_OK;
}

static pf_status prepare(run *r, const pf_run_options *options) {
  const pf_config *cfg = r->cfg;
  char path[PATH_MAX], *here;
  const char *from;
  pf_scenario_make(cfg, &r->scenario);
  r->backend = options->backend;
  r->own_backend = !r->backend;
  if (r->own_backend) PF_TRY(pf_backend_create(cfg->run.backend, cfg->run.threads, &r->backend));
  PF_TRY(pf_scenario_start(cfg, &r->scenario, r->backend, &r->state));
  pf_protocol_make(cfg, &r->scenario.scales, &r->scenario.grid, &r->protocol);
  PF_TRY(find_checkpoint(r, options, path, &from));
  here = from ? realpath(cfg->run.output_dir, NULL) : NULL;
  const bool in_place = here && strcmp(here, from) == 0;
  free(here);
  PF_TRY(pf_output_open(&r->output, cfg,
                        in_place             ? PF_OUTPUT_CONTINUE
                        : options->overwrite ? PF_OUTPUT_OVERWRITE
                                             : PF_OUTPUT_NEW,
                        r->log, r->state, &r->protocol));
  gather(r);
  PF_TRY(pf_checkpoints_open(&r->checkpoints, cfg, r->output.directory.path, r->backend->name, r->kept, r->kept_count));
  return from ? go_on(r, from) : pf_output_start(&r->output);
}

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

static pf_status say_start(run *r) {
  const pf_config *cfg = r->cfg;
  const pf_grid *g = &r->scenario.grid;
  pf_log_say(r->log, PF_LOG_INFO, "start", "%s: %d x %d x %d cells of %.4g um on %s", cfg->run.title, g->nx, g->ny,
             g->nz, cfg->grid.spacing_um, r->backend->device);
  if (r->backend->note[0]) pf_log_say(r->log, PF_LOG_INFO, "backend", "'auto' takes the CPU: %s", r->backend->note);
  for (int n = 0; n < cfg->layers; n++)
    if (cfg->layer[n].film)
      pf_log_say(r->log, PF_LOG_INFO, "film", "layer %s (%.4g um) is thinner than 3 W = %.4g um: it acts as a film",
                 cfg->layer[n].name, cfg->layer[n].thickness_um,
                 3 * cfg->model.interface_width_cells * cfg->grid.spacing_um);
  return say_microstructure(r);
}

/* ---- between two steps ---- */

static pf_status save(run *r) {
  const double begin = pf_output_clock();
  PF_TRY(pf_output_keep(&r->output));
  gather(r);
  PF_TRY(pf_health_check(&r->health, r->state, NULL)); /* silent: what is said must not hang on the clock */
  PF_TRY(pf_checkpoints_save(&r->checkpoints, r->kept, r->kept_count, r->state->step, r->state->time));
  r->saved = pf_output_clock();
  r->longest_save = fmax(r->longest_save, r->saved - begin);
  return PF_OK;
}

/* Why the run has to stop here, "" if it need not.  A wall-time limit leaves room for a step and for two checkpoints (one
 * of them stands for the last snapshot), but for one step at least: a run that is started again and again gets on. */
static void reason_to_stop(const run *r, char *reason, size_t size) {
  const double limit = 60 * r->cfg->run.max_walltime_min, spent = pf_output_clock() - r->started;
  const char *signal = pf_signals_stop();
  reason[0] = 0;
  if (signal)
    snprintf(reason, size, "by %s", signal);
  else if (r->cfg->run.max_steps > 0 && r->state->step >= r->cfg->run.max_steps)
    snprintf(reason, size, "after max_steps = %d steps", r->cfg->run.max_steps);
  else if (r->longest_step > 0 && spent + r->longest_step + 2 * r->longest_save > limit)
    snprintf(reason, size, "before max_walltime_min = %g (%.2g min are spent)", r->cfg->run.max_walltime_min,
             spent / 60);
}

/* Checkpoints when they are due, and PF_STOPPED where the run has to stop: what is written at the stop comes after the
 * checkpoint, so that a run that goes on has nothing of it. */
static pf_status watch(run *r) {
  char reason[128];
  reason_to_stop(r, reason, sizeof reason);
  const bool asked = pf_signals_save(&r->saves_seen);
  if (reason[0] || asked || pf_output_clock() - r->saved >= 60 * r->cfg->output.checkpoint_interval_min)
    PF_TRY(save(r));
  if (asked)
    pf_log_say(r->log, PF_LOG_INFO, "checkpoint", "checkpoint at step %ld, %.4g of %.4g h, %.4g mV", r->state->step,
               r->state->time / 3600, r->protocol.end_s / 3600, r->row.voltage_mV);
  if (!reason[0]) return PF_OK;
  PF_TRY(pf_output_due(&r->output, &r->row, true));
  return PF_FAIL(PF_STOPPED, "stopped %s at step %ld, %.4g h; --resume goes on from there", reason, r->state->step,
                 r->state->time / 3600);
}

/* What the state has come to: is it sound, the row of the history, and events. */
static pf_status observe(run *r, const pf_step_report *step) {
  const bool due = r->state->step % PF_HEALTH_STEPS == 0 || pf_protocol_done(&r->protocol, r->state->time);
  if (due) PF_TRY(pf_health_check(&r->health, r->state, r->log));
  const double tip_um = r->row.front_max_um, then_s = r->row.time_s;
  PF_TRY(pf_measure_row(r->state, &r->row));
  r->row.half_cycle = r->protocol.phase.half_cycle;
  if (r->row.time_s > then_s)
    r->row.tip_velocity_um_h = 3600 * (r->row.front_max_um - tip_um) / (r->row.time_s - then_s);
  const int events = r->protocol.events;
  PF_TRY(pf_protocol_observe(&r->protocol, r->state, step->limited, &r->row));
  for (int e = events; e < r->protocol.events; e++) {
    const bool collapsed = r->protocol.event[e].event == PF_EVENT_SHORT && pf_measure_collapsed(r->state);
    pf_log_say(r->log, PF_LOG_INFO, "event", "%s at %.4g h, %.4g mA/cm2, %.4g mV%s",
               pf_event_name(r->protocol.event[e].event), r->row.time_s / 3600, r->row.current_mA_cm2,
               r->row.voltage_mV, collapsed ? ": most of the current is electronic" : "");
  }
  return pf_output_due(&r->output, &r->row, pf_protocol_done(&r->protocol, r->state->time));
}

/* ---- the loop ---- */

/* The potential of t = 0 and its row; of a run that goes on, the row it had. */
static pf_status begin(run *r) {
  pf_step_report step;
  if (r->output.last_history_s >= 0) {
    PF_TRY(pf_measure_row(r->state, &r->row));
    r->row.half_cycle = r->protocol.phase.half_cycle;
    r->saved = pf_output_clock();
    return isnan(r->cfg->run.max_walltime_min) ? PF_OK : save(r); /* how long one takes has to be known */
  }
  PF_TRY(save(r)); /* before anything else: it has its place on the disk, and it is known how long it takes */
  PF_TRY(pf_output_start_history(&r->output));
  PF_TRY(pf_step_start(r->state, &r->protocol.drive, &step));
  return observe(r, &step);
}

static pf_status advance(run *r) {
  const pf_config *cfg = r->cfg;
  const pf_step_control control = {cfg->solver.cfl, cfg->solver.time_step_max_s, 1e-9 * cfg->solver.time_step_max_s};
  pf_state *s = r->state;
  pf_step_report step;
  PF_TRY(begin(r));
  while (!pf_protocol_done(&r->protocol, s->time)) {
    PF_TRY(watch(r));
    const double begun = pf_output_clock();
    PF_TRY(pf_step(s, &control, &r->protocol.drive, r->protocol.phase_end_s - s->time, &step));
    pf_output_count(&r->output, &step);
    PF_TRY(observe(r, &step));
    if (pf_protocol_advance(&r->protocol, s->time)) pf_state_forget(s);
    pf_log_progress(r->log, s->time / r->protocol.end_s, "%.3f h, %.4g mA/cm2, %.4g mV, front %.4g um", s->time / 3600,
                    r->row.current_mA_cm2, r->row.voltage_mV, r->row.front_mean_um);
    r->longest_step = fmax(r->longest_step, pf_output_clock() - begun);
  }
  return PF_OK;
}

/* ---- the end ---- */

/* The state of a run that cannot go on, and the place of the fault. */
static void save_failed(run *r, pf_status status) {
  if (status != PF_FAILED || !r->output.has_history) return; /* the others are not the state's */
  char message[1024], fault[256];
  snprintf(message, sizeof message, "%s", pf_status_message());
  pf_measure_fault(r->state, fault, sizeof fault);
  bool saved = pf_measure_row(r->state, &r->row) == PF_OK && pf_output_due(&r->output, &r->row, true) == PF_OK;
  saved = pf_output_summary(&r->output, "failed") == PF_OK && saved;
  (void)PF_FAIL(PF_FAILED, "%s; %s; dt %.3g s; the state %s, the last checkpoint is of step %ld", message, fault,
                r->state->dt, saved ? "is in the last snapshot" : "could not be written",
                (long)r->checkpoints.header.step);
}

/* The summary, and the mark that there is nothing left to do. */
static pf_status finish(run *r, pf_status status) {
  const char *word = status == PF_STOPPED     ? "stopped"
                     : r->protocol.ended >= 0 ? pf_event_name((pf_event)r->protocol.ended)
                                              : "completed";
  char reason[1024];
  snprintf(reason, sizeof reason, "%s", pf_status_message());
  PF_TRY(pf_output_summary(&r->output, word));
  if (status == PF_STOPPED) return PF_FAIL(PF_STOPPED, "%s", reason);
  PF_TRY(pf_checkpoints_finish(&r->checkpoints));
  pf_log_say(r->log, PF_LOG_INFO, "end", "%s after %.4g h in %ld steps and %.3g s: %s", word, r->state->time / 3600,
             r->state->step, pf_output_clock() - r->started, r->output.directory.path);
  return PF_OK;
}

pf_status pf_run(const pf_config *cfg, const pf_run_options *options, pf_log *log) {
  run r = {.cfg = cfg, .log = log, .started = options->begun > 0 ? options->begun : pf_output_clock()};
  bool finished = false;
  if (options->resume) PF_TRY(pf_checkpoints_finished(cfg, cfg->run.output_dir, &finished));
  if (finished) {
    pf_log_say(log, PF_LOG_INFO, "finished", "%s: this run is finished, there is nothing to do", cfg->run.output_dir);
    return PF_OK;
  }
  pf_signals_catch();
  pf_status status = prepare(&r, options);
  if (status == PF_OK) status = say_start(&r);
  if (status == PF_OK) status = advance(&r);
  if (status == PF_OK || status == PF_STOPPED)
    status = finish(&r, status);
  else
    save_failed(&r, status);
  const pf_status closed = pf_output_close(&r.output);
  if (status == PF_OK) status = closed;
  pf_checkpoints_close(&r.checkpoints);
  pf_state_destroy(r.state);
  if (r.own_backend) pf_backend_destroy(r.backend);
  pf_signals_release();
  return status;
}

pf_status pf_run_logged(const pf_config *cfg, const pf_run_options *options, bool quiet, bool json, const char *name) {
  pf_log *log = NULL;
  const pf_status begun = pf_log_create(quiet, json, &log);
  if (begun != PF_OK) {
    fprintf(stderr, "pfsolve: %s\n", pf_status_message());
    return begun;
  }
  if (name) pf_log_name(log, name);
  const pf_status status = pf_run(cfg, options, log);
  char message[1024]; /* for the caller: closing the log may fail too */
  snprintf(message, sizeof message, "%s", status == PF_OK ? "" : pf_status_message());
  if (status == PF_STOPPED)
    pf_log_say(log, PF_LOG_WARNING, "stopped", "%s", message);
  else if (status != PF_OK)
    pf_log_say(log, PF_LOG_ERROR, "failed", "%s", message);
  const pf_status closed = pf_log_destroy(log);
  if (status == PF_OK && closed != PF_OK) {
    fprintf(stderr, "pfsolve: %s\n", pf_status_message());
    return closed;
  }
  return status == PF_OK ? PF_OK : PF_FAIL(status, "%s", message);
}
