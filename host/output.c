/* output.c: see output.h. */
#include "output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"
#include "snapshot.h"
#include "summary.h"
#include "version.h"

/* A name of &output fields may stand for the six components of a tensor. */
enum { FIELDS_MAX = PF_FIELDS_MAX + 5 };

/* The n-th field of a snapshot, by its name in files; NULL: there are not so many. */
static const char *field_name(const pf_config *cfg, const pf_grid *grid, int n) {
  for (int f = 0; f < PF_FIELDS_MAX && cfg->output.fields[f][0]; f++) {
    const char *name = NULL;
    for (int part = 0; (name = pf_measure_field_name(grid, cfg->output.fields[f], part)) != NULL; part++)
      if (n-- == 0) return name;
  }
  return NULL;
}

double pf_output_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- snapshots ---- */

enum { NAMES_MOST = PF_ELECTROLYTES_MAX * (PF_NAME_MAX + 2), ATTRIBUTES = 8 };

/* A snapshot on its way to the disk, with all that it points to. */
typedef struct pf_output_room {
  pf_room host; /* floats, one field after the other */
  pf_snapshot snapshot;
  pf_snapshot_field field[FIELDS_MAX];
  pf_snapshot_attribute attribute[ATTRIBUTES];
  char names[NAMES_MOST];
} pf_output_room;

/* The names behind the indices of the map of materials. */
static void material_names(const pf_config *cfg, char names[NAMES_MOST]) {
  const pf_config_material *m;
  int length = 0;
  names[0] = 0;
  for (int n = 0; (m = pf_config_electrolyte(cfg, n)) != NULL; n++)
    length += snprintf(names + length, (size_t)(NAMES_MOST - length), "%s%s", n > 0 ? ", " : "", m->name);
}

/* Called by the writer's thread. */
static pf_status write_room(void *context, int number) {
  const pf_output *o = context;
  const pf_snapshot *snapshot = &o->room[number].snapshot;
  PF_TRY(o->state->backend->arrived(o->state->backend, &o->room[number].host));
  PF_TRY(pf_snapshot_write(o->directory.snapshots, snapshot));
  return o->cfg->output.vtk ? pf_snapshot_write_vtk(o->directory.snapshots, snapshot) : PF_OK;
}

static pf_status take_snapshot(pf_output *o) {
  pf_state *s = o->state;
  const pf_config *cfg = o->cfg;
  const size_t cells = (size_t)pf_cells(&s->grid);
  int number, fields = 0;
  PF_TRY(pf_writer_take(o->writer, &number));
  pf_output_room *room = &o->room[number];
  material_names(cfg, room->names);
  for (const char *name; (name = field_name(cfg, &s->grid, fields)) != NULL;) {
    const size_t at = (size_t)fields * cells;
    pf_snapshot_field *f = &room->field[fields++];
    *f = (pf_snapshot_field){.name = name,
                             .values = (const float *)room->host.place + at,
                             .materials = strcmp(name, "material") == 0 ? room->names : NULL};
    PF_TRY(pf_measure_field(s, name, &room->host, at * sizeof(float), &f->units, &f->long_name));
  }
  const pf_snapshot_attribute attribute[ATTRIBUTES] = {{"source", "pfsolve"},
                                                       {"version", pf_version()},
                                                       {"commit", pf_version_commit()},
                                                       {"compiler", pf_version_compiler()},
                                                       {"backend", s->backend->name},
                                                       {"device", s->backend->device},
                                                       {"input", cfg->text},
                                                       {"input_changes", cfg->sets ? cfg->sets : ""}};
  memcpy(room->attribute, attribute, sizeof attribute);
  room->snapshot = (pf_snapshot){.title = cfg->run.title,
                                 .index = o->snapshots + 1,
                                 .time_s = s->time,
                                 .nx = s->grid.nx,
                                 .ny = s->grid.ny,
                                 .nz = s->grid.nz,
                                 .spacing_um = cfg->grid.spacing_um,
                                 .fields = room->field,
                                 .field_count = fields,
                                 .attributes = room->attribute,
                                 .attribute_count = ATTRIBUTES,
                                 .compression = cfg->output.compression};
  pf_writer_give(o->writer);
  o->snapshots++;
  return PF_OK;
}

/* All snapshots are on the disk. */
static pf_status settle(const pf_output *o) { return o->writer ? pf_writer_wait(o->writer) : PF_OK; }

static pf_status open_rooms(pf_output *o) {
  int fields = 0;
  while (field_name(o->cfg, &o->state->grid, fields)) fields++;
  const size_t bytes = (size_t)pf_cells(&o->state->grid) * (size_t)fields * sizeof(float);
  o->room = calloc(PF_WRITER_ROOMS, sizeof *o->room);
  PF_CHECK(o->room, PF_NO_MEMORY, "no memory for the snapshots");
  for (int n = 0; n < PF_WRITER_ROOMS; n++)
    PF_TRY(o->state->backend->allocate_host(o->state->backend, bytes, &o->room[n].host));
  pf_snapshot_prepare();
  return pf_writer_create(write_room, o, &o->writer);
}

static void close_rooms(pf_output *o) {
  pf_writer_destroy(o->writer);
  for (int n = 0; o->room && n < PF_WRITER_ROOMS; n++)
    o->state->backend->release_host(o->state->backend, &o->room[n].host);
  free(o->room);
  o->room = NULL;
  o->writer = NULL;
}

/* ---- the directory ---- */

pf_status pf_output_open(pf_output *o, const pf_config *cfg, pf_output_mode mode, pf_log *log, pf_state *state,
                         const pf_protocol *protocol) {
  *o = (pf_output){
      .cfg = cfg, .log = log, .state = state, .protocol = protocol, .begun = pf_output_clock(), .last_history_s = -1};
  PF_TRY(open_rooms(o));
  const double interval = cfg->output.snapshot_interval_h * 3600;
  const int count = cfg->output.snapshot_count;
  o->snapshot_interval_s = count > 1 ? protocol->end_s / (count - 1) : count == 1 ? (double)INFINITY : interval;
  PF_TRY(pf_output_directory_create(cfg->run.output_dir, mode, &o->directory));
  o->has_directory = true;
  if (o->directory.notes[0]) pf_log_say(log, PF_LOG_INFO, "directory", "%s", o->directory.notes);
  return PF_OK;
}

static pf_status open_history(pf_output *o, bool go_on) {
  PF_TRY(pf_history_create(o->directory.path, go_on, &o->history));
  o->has_history = true;
  return pf_folder_sync(o->directory.path); /* all that lies in it is made */
}

pf_status pf_output_start(pf_output *o) { return pf_log_open(o->log, o->directory.path); }

pf_status pf_output_start_history(pf_output *o) {
  if (o->has_history) return PF_OK; /* a run that goes on from its first checkpoint */
  return open_history(o, false);
}

/* The history of another run up to its checkpoint. */
static pf_status copy_history(const pf_output *o, const char *from) {
  char *text;
  size_t length;
  PF_TRY(pf_file_read(from, "history.csv", &text, &length));
  if (!text) return PF_OK;
  const size_t most = o->history_bytes > 0 ? (size_t)o->history_bytes : 0;
  const pf_status status = pf_file_replace(o->directory.path, "history.csv", text, length < most ? length : most);
  free(text);
  return status;
}

pf_status pf_output_go_on(pf_output *o, const char *from) {
  const bool here = strcmp(from, o->directory.path) == 0;
  o->warnings_before = o->warnings;
  if (here)
    PF_TRY(pf_log_truncate(o->directory.path, o->log_bytes));
  else
    PF_TRY(copy_history(o, from));
  PF_TRY(pf_history_truncate(o->directory.path, o->last_history_s, NULL));
  PF_TRY(pf_snapshot_remove_after(o->directory.snapshots, o->cfg->run.title, o->snapshots));
  PF_TRY(pf_log_open(o->log, o->directory.path));
  PF_TRY(open_history(o, true));
  if (o->history_bytes > 0 && o->history.length != o->history_bytes)
    pf_log_say(o->log, PF_LOG_WARNING, "history", "history.csv is not what it was at the checkpoint: rows are missing");
  return PF_OK;
}

/* ---- what is due ---- */

pf_status pf_output_due(pf_output *o, const pf_history_row *row, bool last) {
  const double time = o->state->time;
  PF_TRY(pf_writer_check(o->writer));
  if (time >= o->next_history_s || (last && row->time_s > o->last_history_s)) {
    PF_TRY(pf_history_write(&o->history, row));
    o->last_history_s = time;
    const double interval = o->cfg->output.history_interval_s;
    o->next_history_s = interval * (floor(time / interval * (1 + 1e-12)) + 1);
  }
  if (time >= o->next_snapshot_s || last) {
    PF_TRY(take_snapshot(o));
    o->next_snapshot_s = o->snapshot_interval_s * (floor(time / o->snapshot_interval_s * (1 + 1e-9)) + 1);
    /* the end has its own snapshot: none just before it */
    if (o->next_snapshot_s > o->protocol->end_s * (1 - 1e-9)) o->next_snapshot_s = (double)INFINITY;
  }
  return PF_OK;
}

/* ---- checkpoints ---- */

pf_status pf_output_keep(pf_output *o) {
  PF_TRY(settle(o));
  if (o->has_history) PF_TRY(pf_history_sync(&o->history));
  const double now = pf_output_clock();
  o->seconds += now - o->begun;
  o->begun = now;
  o->history_bytes = o->has_history ? o->history.length : 0;
  o->log_bytes = pf_log_length(o->log);
  o->warnings = o->warnings_before + pf_log_warnings(o->log);
  return PF_OK;
}

int pf_output_kept(pf_output *o, pf_kept *list, int count) {
#define NUMBER(type, name, size) list[count++] = (pf_kept){"output." #name, &o->name, sizeof o->name, NULL, 0};
  PF_OUTPUT_NUMBERS(NUMBER)
#undef NUMBER
  return count;
}

/* ---- the summary ---- */

void pf_output_count(pf_output *o, const pf_step_report *step) {
  o->newton += step->newton, o->cycles += step->cycles;
  if (step->newton > o->newton_most) o->newton_most = step->newton;
  if (step->newton > 0 && step->cycles / step->newton > o->cycles_most) o->cycles_most = step->cycles / step->newton;
}

pf_status pf_output_summary(pf_output *o, const char *status) {
  const pf_state *s = o->state;
  /* the mark that a run is finished comes after its summary: no row or snapshot may be lost behind it */
  PF_TRY(settle(o));
  if (o->has_history) PF_TRY(pf_history_sync(&o->history));
  const double seconds = o->seconds + pf_output_clock() - o->begun, steps = (double)s->step;
  pf_summary summary = {.title = o->cfg->run.title,
                        .status = status,
                        .events = o->protocol->event,
                        .event_count = o->protocol->events,
                        .nuclei = s->nucleus ? s->nuclei : (double)NAN,
                        .faraday_error = s->throughput > 0 ? s->faraday_error : (double)NAN,
                        .leak_fraction = s->charge_passed > 0 ? s->charge_leaked / s->charge_passed : (double)NAN,
                        .leaked_mAh_cm2 = pf_measure_charge(s, s->charge_leaked),
                        .salt_error = s->salty || s->params.law == PF_LAW_ALLEN_CAHN ? s->salt_error : (double)NAN,
                        .time_s = s->time,
                        .steps = s->step,
                        .seconds = seconds,
                        .cells_per_second = seconds > 0 ? steps * (double)pf_cells(&s->grid) / seconds : 0,
                        .newton = {steps > 0 ? o->newton / steps : 0, o->newton_most},
                        .linear = {o->newton > 0 ? o->cycles / o->newton : 0, o->cycles_most},
                        .has_stress = s->elasticity != NULL,
                        .stress = {s->stress_solves > 0 ? (double)s->stress_iterations / (double)s->stress_solves : 0,
                                   s->stress_iterations_most},
                        .pfsolve = pf_version(),
                        .commit = pf_version_commit(),
                        .compiler = pf_version_compiler(),
                        .netcdf = pf_snapshot_netcdf_version(),
                        .backend = s->backend->name,
                        .device = s->backend->device,
                        .threads = s->backend->threads,
                        .cells = {s->grid.nx, s->grid.ny, s->grid.nz},
                        .warnings = o->warnings_before + pf_log_warnings(o->log)};
  memcpy(summary.ccd, o->protocol->ccd, sizeof summary.ccd);
  return pf_summary_write(o->directory.path, &summary);
}

pf_status pf_output_close(pf_output *o) {
  pf_status status = settle(o);
  close_rooms(o);
  const pf_status history = o->has_history ? pf_history_destroy(&o->history) : PF_OK;
  if (status == PF_OK) status = history;
  if (o->has_directory) pf_output_directory_destroy(&o->directory);
  o->has_history = o->has_directory = false;
  return status;
}
