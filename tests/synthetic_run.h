/* synthetic_run.h: a whole run directory with known values, without solving anything.
 *
 * A front of tanh profile moves at 1 um/s under a ripple; salt and potential are straight lines before it.  For the
 * tests of the output and of its readers: every value can be computed again from place and time. */
#ifndef PF_SYNTHETIC_RUN_H
#define PF_SYNTHETIC_RUN_H

#include "files.h"
#include "history.h"
#include "log.h"
#include "snapshot.h"
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct synthetic_run {
  const char *title;
  int nx, ny, nz, compression;
  int snapshots; /* one each 10 s */
  bool vtk;
} synthetic_run;

static const double synthetic_spacing = 0.5; /* um */

/* phase, salt (mol/m3), potential (V) at a cell's centre. */
static void synthetic_values(const synthetic_run *run, int i, int j, int k, double time, float value[3]) {
  const double h = synthetic_spacing, x = (i + 0.5) * h, eps = h;
  const double ripple = 1.5 * (run->ny > 1 ? cos(2.0 * 3.14159265358979 * (j + 0.5) / run->ny) : 0.0) *
                        (run->nz > 1 ? cos(2.0 * 3.14159265358979 * (k + 0.5) / run->nz) : 1.0);
  const double front = 5.0 + time / 10.0 + ripple * (1.0 + time / 50.0);
  const double xi = 0.5 * (1.0 - tanh((x - front) / (2.0 * eps)));
  const double ahead = x > front ? x - front : 0.0;
  value[0] = (float)xi;
  value[1] = (float)(700.0 + 20.0 * ahead);
  value[2] = (float)(0.05 + 0.004 * ahead);
}

/* Fills three fields of [nz][ny][nx] each. */
static void synthetic_fill(const synthetic_run *run, double time, float *phase, float *salt, float *potential) {
  for (int k = 0; k < run->nz; ++k)
    for (int j = 0; j < run->ny; ++j)
      for (int i = 0; i < run->nx; ++i) {
        const size_t c = ((size_t)k * (size_t)run->ny + (size_t)j) * (size_t)run->nx + (size_t)i;
        float value[3];
        synthetic_values(run, i, j, k, time, value);
        phase[c] = value[0];
        salt[c] = value[1];
        potential[c] = value[2];
      }
}

static const pf_snapshot_attribute synthetic_attributes[] = {
    {"input", "! a synthetic run\n&run title = 'it''s <synthetic> & \"quoted\"' /\n"},
    {"version", "0"},
    {"commit", "none"},
    {"backend", "none"}};

/* The snapshot number `index` (from 1) of the run; `values` holds 3 nx ny nz floats, fields 3. */
static pf_snapshot synthetic_snapshot(const synthetic_run *run, int index, float *values, pf_snapshot_field *fields) {
  const size_t cells = (size_t)run->nx * (size_t)run->ny * (size_t)run->nz;
  const double time = 10.0 * (index - 1);
  synthetic_fill(run, time, values, values + cells, values + 2 * cells);
  fields[0] = (pf_snapshot_field){"phase", "1", "lithium metal fraction", values, NULL};
  fields[1] = (pf_snapshot_field){"salt", "mol/m3", "salt concentration", values + cells, NULL};
  fields[2] = (pf_snapshot_field){"potential", "V", "ionic potential", values + 2 * cells, NULL};
  return (pf_snapshot){.title = run->title,
                       .index = index,
                       .time_s = time,
                       .nx = run->nx,
                       .ny = run->ny,
                       .nz = run->nz,
                       .spacing_um = synthetic_spacing,
                       .fields = fields,
                       .field_count = 3,
                       .attributes = synthetic_attributes,
                       .attribute_count = 4,
                       .compression = run->compression};
}

static pf_history_row synthetic_row(int step) {
  const double t = step, rough = 1.5 * (1.0 + t / 50.0);
  return (pf_history_row){.time_s = t + 1.0 / 3.0,
                          .current_mA_cm2 = 0.5,
                          .voltage_mV = 50.0 + 0.1 * t,
                          .charge_mAh_cm2 = 0.5 * t / 3600.0,
                          .deposited_um = t / 10.0,
                          .retreat_um = 0.0,
                          .front_mean_um = 5.0 + t / 10.0,
                          .front_max_um = 5.0 + t / 10.0 + rough,
                          .front_min_um = 5.0 + t / 10.0 - rough,
                          .roughness_um = rough / sqrt(2.0),
                          .salt_min_mol_L = 0.7,
                          .electronic_leak_fraction = (double)NAN,
                          .peak_stress_MPa = (double)NAN,
                          .profile_q = 1.0,
                          .half_cycle = 1,
                          .step = step,
                          .dt_s = 1.0};
}

__attribute__((unused)) static pf_status synthetic_run_write(const synthetic_run *run, const char *path) {
  pf_output_directory directory;
  pf_history history = {-1, 0};
  pf_log *log;
  PF_TRY(pf_log_create(true, false, &log));
  PF_TRY(pf_output_directory_create(path, PF_OUTPUT_OVERWRITE, &directory));
  pf_status status = pf_log_open(log, directory.path);
  pf_log_say(log, PF_LOG_INFO, "start", "a synthetic run");
  const size_t cells = (size_t)run->nx * (size_t)run->ny * (size_t)run->nz;
  float *const values = malloc(3 * cells * sizeof *values);
  if (values == NULL) status = PF_FAIL(PF_NO_MEMORY, "no memory for %zu cells", cells);
  for (int s = 1; s <= run->snapshots && status == PF_OK; ++s) {
    pf_snapshot_field fields[3];
    const pf_snapshot snapshot = synthetic_snapshot(run, s, values, fields);
    status = pf_snapshot_write(directory.snapshots, &snapshot);
    if (status == PF_OK && run->vtk) status = pf_snapshot_write_vtk(directory.snapshots, &snapshot);
  }
  free(values);
  if (status == PF_OK) status = pf_history_create(directory.path, false, &history);
  for (int i = 0; i <= 10 * (run->snapshots - 1) && status == PF_OK; ++i) {
    const pf_history_row row = synthetic_row(i);
    status = pf_history_write(&history, &row);
  }
  const pf_summary_event event = {PF_EVENT_DENDRITE, 12.5, 1, 0.5};
  const pf_summary summary = {.title = run->title,
                              .status = "completed",
                              .events = &event,
                              .event_count = 1,
                              .faraday_error = 1e-15,
                              .salt_error = (double)NAN,
                              .leak_fraction = (double)NAN,
                              .leaked_mAh_cm2 = (double)NAN,
                              .time_s = 10.0 * (run->snapshots - 1),
                              .steps = 10 * (run->snapshots - 1),
                              .seconds = 1.0,
                              .cells_per_second = 1e6,
                              .newton = {2.5, 4},
                              .linear = {7.25, 11},
                              .pfsolve = "0",
                              .commit = "none",
                              .compiler = "none",
                              .netcdf = pf_snapshot_netcdf_version(),
                              .backend = "none",
                              .device = "none",
                              .threads = 1,
                              .cells = {run->nx, run->ny, run->nz},
                              .warnings = 0};
  if (status == PF_OK) status = pf_summary_write(directory.path, &summary);
  const pf_status closed = pf_history_destroy(&history), said = pf_log_destroy(log);
  pf_output_directory_destroy(&directory);
  return status != PF_OK ? status : closed != PF_OK ? closed : said;
}

#endif
