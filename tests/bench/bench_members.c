/* bench_members.c: several cells of one grid together: on the threads of a CPU against one after the other, and 1, 8 and 64 on a
 * GPU.  Whole runs, with all that they write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "members.h"

/* The LATP-LE cell, rough, for `steps` steps of 20 s, `count` of them with other seeds and currents. */
static pf_status put_files(const char *folder, int size, int steps, int count) {
  char path[128];
  snprintf(path, sizeof path, "%s/cell.nml", folder);
  FILE *input = fopen(path, "w");
  snprintf(path, sizeof path, "%s/table.csv", folder);
  FILE *table = fopen(path, "w");
  PF_CHECK(input && table, PF_IO, "%s: cannot be written", folder);
  fprintf(input,
          "&run output_dir='%s/out' /\n&grid cells=%d, %d spacing_um=1 /\n&model frame='grid' /\n"
          "&lithium thickness_um=%d counter_thickness_um=%d roughness_um=1 roughness_length_um=20 /\n"
          "&layer thickness_um=0 ionic_conductivity_S_cm=4.48e-4 transference_number=0.21 exchange_current_mA_cm2=0.01"
          " salt_concentration_mol_L=1 diffusivity_cm2_s=1.13e-7 /\n"
          "&protocol mode='galvanostatic' current_mA_cm2=0.8 duration_h=%.17g voltage_limit_mV=1000 /\n"
          "&output snapshot_count=1 history_interval_s=1000 /\n",
          folder, size, size, size / 8, size / 8, steps * 20.0 / 3600);
  fprintf(table, "run%%random_seed,protocol%%current_mA_cm2\n");
  for (int n = 0; n < count; n++) fprintf(table, "%d,%.3f\n", n + 1, 0.5 + 0.4 * n / count);
  const bool good = fclose(input) == 0;
  PF_CHECK(fclose(table) == 0 && good, PF_IO, "%s: cannot be written", folder);
  return PF_OK;
}

static pf_status run_in(const char *folder, const pf_bench *bench, int threads, double *seconds) {
  char input[128], table[128], backend[64], number[64];
  pf_members m;
  pf_report report = {0};
  snprintf(input, sizeof input, "%s/cell.nml", folder);
  snprintf(table, sizeof table, "%s/table.csv", folder);
  snprintf(backend, sizeof backend, "run%%backend=%s", bench->backend);
  snprintf(number, sizeof number, "run%%threads=%d", threads);
  const char *const sets[] = {backend, number};
  pf_status status = pf_members_read(input, table, sets, 2, &m, &report);
  pf_report_free(&report);
  const double begin = pf_bench_now();
  if (status == PF_OK) status = pf_members_run(&m, &(pf_run_options){.overwrite = true}, true, false);
  *seconds = pf_bench_now() - begin;
  pf_members_free(&m);
  return status;
}

/* Seconds of `count` members. */
static pf_status measure(const pf_bench *bench, int size, int steps, int count, int threads, double *seconds) {
  char folder[PF_BENCH_FOLDER];
  PF_TRY(pf_bench_folder(folder));
  pf_status status = put_files(folder, size, steps, count);
  if (status == PF_OK) status = run_in(folder, bench, threads, seconds);
  return pf_bench_remove(folder, status);
}

static pf_status threads(const pf_bench *bench) {
  double best[3] = {0, 1e30, 1e30};
  for (int repeat = 0; repeat < 3; repeat++) {
    for (int t = 1; t <= 2; t++) {
      double seconds;
      PF_TRY(measure(bench, 128, 20, 8, t, &seconds));
      if (seconds < best[t]) best[t] = seconds;
    }
  }
  pf_bench_row(best[1], "s", "8 members of 128^2, 20 steps each, one after the other");
  pf_bench_goal(best[1] / best[2], "times", '>', 1.8, "the same on two threads, against that");
  return PF_OK;
}

static pf_status together(const pf_bench *bench) {
  static const int count[] = {1, 8, 64};
  double rate[3];
  for (int n = 0; n < 3; n++) {
    double twice, once; /* the difference is without what the start takes */
    PF_TRY(measure(bench, 256, 10, count[n], 0, &once));
    PF_TRY(measure(bench, 256, 30, count[n], 0, &twice));
    rate[n] = 20.0 * 65536 * count[n] / (twice - once);
    pf_bench_row(rate[n] * 1e-6, "million cells a second", "steps of %d member%s of 256^2", count[n], n ? "s" : "");
  }
  pf_bench_goal(rate[2] / rate[0], "times", '>', 10, "cells a second of 64 members, against one");
  return PF_OK;
}

pf_status pf_bench_members(const pf_bench *bench) {
  return strcmp(bench->backend, "cpu") == 0 ? threads(bench) : together(bench);
}
