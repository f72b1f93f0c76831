/* t401_history.c: every number of history.csv stands in the column of its name. */
#include "history.h"
#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void t401_history(void);

static void columns(void) {
  const pf_history_row row = {.time_s = 1,
                              .current_mA_cm2 = 2,
                              .voltage_mV = 3,
                              .charge_mAh_cm2 = 4,
                              .deposited_um = 5,
                              .retreat_um = 6,
                              .front_mean_um = 7,
                              .front_max_um = 8,
                              .front_min_um = 9,
                              .roughness_um = 10,
                              .salt_min_mol_L = 11,
                              .electronic_leak_fraction = 12,
                              .peak_stress_MPa = 13,
                              .profile_q = 14,
                              .half_cycle = 15,
                              .step = 16,
                              .dt_s = 17,
                              .tip_velocity_um_h = 18,
                              .dendrite_area_um2 = 19,
                              .benchmark_value = 20};
  static const char *const names[] = {"time_s",
                                      "current_mA_cm2",
                                      "voltage_mV",
                                      "charge_mAh_cm2",
                                      "deposited_um",
                                      "retreat_um",
                                      "front_mean_um",
                                      "front_max_um",
                                      "front_min_um",
                                      "roughness_um",
                                      "salt_min_mol_L",
                                      "electronic_leak_fraction",
                                      "peak_stress_MPa",
                                      "profile_q",
                                      "half_cycle",
                                      "step",
                                      "dt_s",
                                      "tip_velocity_um_h",
                                      "dendrite_area_um2",
                                      "benchmark_value"};
  const char *folder = pf_test_directory();
  pf_history history;
  PF_ASSERT_OK_FATAL(pf_history_create(folder, false, &history));
  PF_ASSERT_OK(pf_history_write(&history, &row));
  PF_ASSERT_OK(pf_history_destroy(&history));
  char path[PATH_MAX], heading[1024] = "", line[1024] = "", extra[8];
  snprintf(path, sizeof path, "%s/history.csv", folder);
  FILE *file = fopen(path, "r");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  CU_ASSERT_PTR_NOT_NULL(fgets(heading, sizeof heading, file));
  CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof line, file));
  CU_ASSERT_PTR_NULL(fgets(extra, sizeof extra, file));
  fclose(file);
  char *heading_rest, *line_rest;
  const char *name = strtok_r(heading, ",\n", &heading_rest), *value = strtok_r(line, ",\n", &line_rest);
  int count = 0;
  for (; name && value; count++) {
    const int known = (int)(sizeof names / sizeof names[0]);
    CU_ASSERT_STRING_EQUAL(name, count < known ? names[count] : "no more columns");
    PF_ASSERT_NEAR(strtod(value, NULL), count + 1.0, 0.0);
    name = strtok_r(NULL, ",\n", &heading_rest);
    value = strtok_r(NULL, ",\n", &line_rest);
  }
  CU_ASSERT_EQUAL(count, 20);
  CU_ASSERT_PTR_NULL(name);
  CU_ASSERT_PTR_NULL(value);
}

void t401_history(void) { pf_test_suite("history", (pf_test[]){{"columns have their numbers", columns}}); }
