/* t500_run.c: the program itself, from a shipped input to history.csv, in the user's units. */
#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

void t500_run(void);

/* A cell without salt: one hundredth of an hour at 0.5 mA/cm2. */
static void units(void) {
  const char *folder = pf_test_directory();
  char path[PATH_MAX], command[3 * PATH_MAX], line[1024], last[1024] = "";
  snprintf(path, sizeof path, "%s/cell.nml", folder);
  FILE *file = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  fputs(
      "&grid cells = 60, 4, spacing_um = 1 /\n&lithium thickness_um = 20 /\n"
      "&layer thickness_um = 40, ionic_conductivity_S_cm = 1e-4, transference_number = 1,\n"
      "  exchange_current_mA_cm2 = 1 /\n"
      "&model frame = 'grid' /\n"
      "&protocol mode = 'galvanostatic', current_mA_cm2 = 0.5, duration_h = 0.01 /\n",
      file);
  fclose(file);
  snprintf(command, sizeof command, "%s --quiet --overwrite --backend %s --set run%%output_dir=%s/run %s 2>&1",
           pf_test_program(), pf_test_backend_name(), folder, path);
  CU_ASSERT_EQUAL_FATAL(system(command), 0);
  snprintf(path, sizeof path, "%s/run/history.csv", folder);
  file = fopen(path, "r");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  while (fgets(line, sizeof line, file)) snprintf(last, sizeof last, "%s", line);
  fclose(file);
  double value[5] = {0};
  CU_ASSERT_EQUAL(sscanf(last, "%lf,%lf,%lf,%lf,%lf", value, value + 1, value + 2, value + 3, value + 4), 5);
  PF_ASSERT_NEAR(value[0], 36, 1e-9);
  PF_ASSERT_NEAR(value[1], 0.5, 1e-9);
  PF_ASSERT_NEAR(value[3], 0.005, 1e-9);
  PF_ASSERT_NEAR(value[4], 0.005 * 3600 * 10 * 1.3e-5 / 96485.33212331 * 1e6, 1e-2); /* Faraday's law */
  /* 40 um at 1e-4 S/cm are 40 ohm cm2, 20 mV; and two charge transfers of (2RT/F) asinh(i/2 i0) */
  PF_ASSERT_NEAR(value[2], 20 + 4 * 25.693 * 0.24747, 0.03);
}

void t500_run(void) { pf_test_suite("run", (pf_test[]){{"units from the input to the history", units}}); }
