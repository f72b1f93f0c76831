/* bench_ladder.c: inputs/latp-le-ccd.nml in two dimensions, from its start to the salt's depletion, with all that it writes. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "run.h"

pf_status pf_bench_ladder(const pf_bench *bench) {
  char folder[PF_BENCH_FOLDER], backend[64], output[64];
  PF_TRY(pf_bench_folder(folder));
  snprintf(backend, sizeof backend, "run%%backend=%s", bench->backend);
  snprintf(output, sizeof output, "run%%output_dir=%s/out", folder);
  const char *const large[] = {backend, output, "grid%cells=690,64"};
  const char *const small[] = {backend, output, "grid%cells=230,4", "grid%spacing_um=6", "run%max_steps=3"};
  pf_config cfg;
  pf_report report = {0};
  const char *input = "inputs/latp-le-ccd.nml"; /* of the repository or of the bundle */
  pf_status status =
      bench->small ? pf_config_read(input, small, 5, &cfg, &report) : pf_config_read(input, large, 3, &cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stderr);
  pf_report_free(&report);
  const double begin = pf_bench_now();
  if (status == PF_OK) status = pf_run_logged(&cfg, &(pf_run_options){.overwrite = true}, true, false, NULL);
  const double seconds = pf_bench_now() - begin;
  pf_config_free(&cfg);
  if (status == PF_STOPPED && bench->small) status = PF_OK; /* by max_steps */
  status = pf_bench_remove(folder, status);
  const char *size = bench->small ? "three steps" : "690 x 64 cells of 2 um, to depletion";
  if (status == PF_OK && strcmp(bench->backend, "cpu") == 0)
    pf_bench_row(seconds, "s", "LATP-LE, constant time, %s", size);
  else if (status == PF_OK)
    pf_bench_goal(seconds, "s", '<', 60, "LATP-LE, constant time, %s", size);
  return status;
}
